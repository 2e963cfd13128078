import { formatFlowStats } from '../flow-stats.ts';
import { ANY } from '../names.ts';
import { formatAsync, formatRole } from './control.ts';
import { formatFlowMod, formatFlowRemoved, formatPacketIn, formatSelection } from './flows.ts';
import { type ReplyWriters, type RequestWriters, textOptions, type Writers } from './writer.ts';

const NO_GENERATION = 0xffff_ffff_ffff_ffffn;
const FLOW_FORMATS: ReadonlyMap<number, string> = new Map([
  [0, 'openflow10'],
  [2, 'nxm'],
]);
const PACKET_IN_FORMATS = ['standard', 'nxt_packet_in', 'nxt_packet_in2'];
/** Its roles are one less than those of the standard, which also has nochange. */
const FIRST_ROLE = 1;

/** Messages of Open vSwitch's own, as far as they are not like ones of the standard. */
export const NICIRA_WRITERS: Writers = {
  nxSetFlowFormat: ({ format }) => ` format=${FLOW_FORMATS.get(format) ?? '(unknown)'}`,
  nxSetPacketInFormat: ({ format }) => ` format=${PACKET_IN_FORMATS[format] ?? format}`,
  nxFlowModTableId: ({ set }) => (set === 0 ? ' disable' : ' enable'),
  nxSetControllerId: ({ controllerId }) => ` id=${controllerId}`,
  nxRoleRequest: ({ role }) => formatRole(role + FIRST_ROLE, NO_GENERATION),
  nxRoleReply: ({ role }) => formatRole(role + FIRST_ROLE, NO_GENERATION),
  nxSetAsyncConfig: formatAsync,
  // The upper byte of the command is the table.
  nxFlowMod: (flow, context) =>
    formatFlowMod(
      {
        ...flow,
        type: 'flowMod',
        // Its cookie is one to set, as in 1.0.
        version: 1,
        command: flow.command & 0xff,
        tableId: flow.command >> 8,
        cookieMask: 0n,
        outGroup: ANY,
      },
      context,
    ),
  // The number of the table is one less, and 0 says that it is not known.
  nxFlowRemoved: (removed, context) =>
    formatFlowRemoved(
      { ...removed, type: 'flowRemoved', tableId: (removed.tableId - 1) & 0xff, hardTimeout: 0 },
      context,
    ),
  nxPacketIn: formatPacketIn,
  flowMonitorCancel: ({ monitorId }) => ` id=${monitorId}`,
  nxCtFlushZone: ({ zoneId }) => ` zone_id=${zoneId}`,
};

export const NICIRA_REQUEST_WRITERS: RequestWriters = {
  nxFlow: ({ body }, context) => formatSelection(body, context),
  nxAggregate: ({ body }, context) => formatSelection(body, context),
};

export const NICIRA_REPLY_WRITERS: ReplyWriters = {
  nxFlow: ({ body }, context) => body.map((entry) => `\n ${formatFlowStats(entry, textOptions(context))}`).join(''),
  nxAggregate: ({ body }) =>
    ` packet_count=${body.packetCount} byte_count=${body.byteCount} flow_count=${body.flowCount}`,
};
