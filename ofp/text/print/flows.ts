import type { Message, RequestBody } from '../../messages.ts';
import type { OxmField } from '../../tables/oxm-types.ts';
import { formatActions, formatInstructions } from '../actions-format.ts';
import { countersOf, formatDuration, formatFlowFlags, formatFlowStats } from '../flow-stats.ts';
import { DEFAULT_PRIORITY, formatMatch, formatMatchWithPriority } from '../match-format.ts';
import { ANY, formatPort } from '../names.ts';
import { FLOW_REMOVED_REASONS, nameOr, PACKET_IN_REASONS } from './names.ts';
import { type PrintContext, type ReplyWriters, type RequestWriters, textOptions, type Writers } from './writer.ts';

const NO_BUFFER = 0xffffffff;
const ALL_64 = 0xffff_ffff_ffff_ffffn;
const ALL_TABLES = 0xff;
const RESET_COUNTS = 4;
/** A changed flow keeps its cookie, but in 1.0, and in 1.1 where changing may add one. */
function setsCookie({ version, command }: Message<'flowMod'>): boolean {
  return version === 1 || command === ADD || (version === 2 && command < FIRST_DELETION);
}

const ADD = 0;
const FIRST_DELETION = 3;
const COMMANDS = ['ADD', 'MOD', 'MOD_STRICT', 'DEL', 'DEL_STRICT'];

export const FLOW_WRITERS: Writers = {
  // Open vSwitch has the table in the upper byte of a command of 1.0.
  flowMod: (flow, context) =>
    formatFlowMod(
      context.version === 1 ? { ...flow, command: flow.command & 0xff, tableId: flow.command >> 8 } : flow,
      context,
    ),
  // 1.0 does not say which table the flow was in.
  flowRemoved: (removed, context) =>
    formatFlowRemoved(context.version === 1 ? { ...removed, tableId: ALL_TABLES } : removed, context),
  packetIn: formatPacketIn,
  packetOut: ({ bufferId, inPort, match, actions, data }, context) => {
    const from = match && match.length > 0 ? match : inPortMatch(inPort);
    const packet = bufferId === NO_BUFFER ? ` data_len=${data.length}` : ` buffer=0x${hex8(bufferId)}`;
    return ` ${formatMatch(from, textOptions(context))} actions=${formatActions(actions, textOptions(context))}${packet}`;
  },
};

export const FLOW_REQUEST_WRITERS: RequestWriters = {
  flow: ({ body }, context) => formatSelection(body, context),
  flowDesc: ({ body }, context) => formatSelection(body, context),
  flowStats: ({ body }, context) => formatSelection(body, context),
  aggregate: ({ body }, context) => formatSelection(body, context),
};

export const FLOW_REPLY_WRITERS: ReplyWriters = {
  flow: ({ body }, context) => body.map((entry) => `\n ${formatFlowStats(entry, textOptions(context))}`).join(''),
  flowDesc: ({ body }, context) => body.map((entry) => `\n ${formatFlowStats(entry, textOptions(context))}`).join(''),
  flowStats: ({ body }, context) =>
    body
      .map(({ tableId, priority, match, stats }) => {
        const { duration, packets, bytes } = countersOf(stats);
        const counts = [
          ...(duration ? [`duration=${formatDuration(...duration)}`] : []),
          `table=${tableId}`,
          ...(packets === undefined ? [] : [`n_packets=${packets}`]),
          ...(bytes === undefined ? [] : [`n_bytes=${bytes}`]),
        ];
        return `\n ${[...counts, formatMatchWithPriority(match, priority, textOptions(context))].join(', ')}`;
      })
      .join(''),
  aggregate: ({ body }) => {
    const { packets, bytes } = countersOf(body.stats ?? []);
    const flows = body.stats?.findLast((stat) => stat.field === 'flow_count')?.value ?? body.flowCount;
    return ` packet_count=${packets ?? body.packetCount} byte_count=${bytes ?? body.byteCount} flow_count=${flows}`;
  },
};

const hex8 = (value: number) => value.toString(16).padStart(8, '0');
const inPortMatch = (inPort: number): OxmField[] => [{ field: 'in_port', value: inPort }];

export function formatFlowMod(flow: Message<'flowMod'>, context: PrintContext): string {
  const { version, ports } = context;
  const match = formatMatchWithPriority(flow.match, flow.priority, textOptions(context));
  // Up to 1.1 new counters went without saying.
  const flags = version < 3 ? flow.flags & ~RESET_COUNTS : flow.flags;
  const parts: string[] = [
    COMMANDS[flow.command] ?? `cmd:${flow.command}`,
    ...(flow.tableId === 0 ? [] : [`table:${flow.tableId}`]),
    ...(match === '' ? [] : [match]),
  ];
  if (flow.cookieMask !== 0n && flow.command !== ADD)
    parts.push(`cookie:0x${flow.cookie.toString(16)}/0x${flow.cookieMask.toString(16)}`);
  else if (flow.cookie !== 0n && flow.cookie !== ALL_64 && setsCookie(flow)) {
    parts.push(`cookie:0x${flow.cookie.toString(16)}`);
  }
  if (flow.idleTimeout !== 0) parts.push(`idle:${flow.idleTimeout}`);
  if (flow.hardTimeout !== 0) parts.push(`hard:${flow.hardTimeout}`);
  if (flow.importance && flow.command === 0) parts.push(`importance:${flow.importance}`);
  if (flow.bufferId !== NO_BUFFER) parts.push(`buf:0x${flow.bufferId.toString(16)}`);
  if (flow.outPort !== ANY) parts.push(`out_port:${formatPort(flow.outPort, ports)}`);
  const actions = formatInstructions(flow.instructions, textOptions(context));
  return ` ${parts.join(' ')} ${formatFlowFlags(flags)}actions=${actions}`;
}

export function formatFlowRemoved(removed: Message<'flowRemoved'>, context: PrintContext): string {
  const stats = removed.stats ? countersOf(removed.stats) : undefined;
  const [seconds, nanoseconds] = stats?.duration ?? [removed.durationSec, removed.durationNsec];
  return [
    ` ${formatMatchWithPriority(removed.match, removed.priority, textOptions(context))}`,
    `reason=${nameOr(FLOW_REMOVED_REASONS, removed.reason)}`,
    ...(removed.tableId === ALL_TABLES ? [] : [`table_id=${removed.tableId}`]),
    ...(removed.cookie === 0n ? [] : [`cookie:0x${removed.cookie.toString(16)}`]),
    `duration${formatDuration(seconds, nanoseconds)}`,
    `idle${removed.idleTimeout}`,
    ...(removed.hardTimeout === 0 ? [] : [`hard${removed.hardTimeout}`]),
    `pkts${stats?.packets ?? removed.packetCount}`,
    `bytes${stats?.bytes ?? removed.byteCount}\n`,
  ].join(' ');
}

export function formatPacketIn(packet: Message<'packetIn'> | Message<'nxPacketIn'>, context: PrintContext): string {
  const { bufferId, totalLen, reason, tableId, cookie, match, data } = packet;
  const isShort = totalLen < data.length;
  const buffer =
    bufferId === NO_BUFFER
      ? `(unbuffered)${totalLen === data.length ? '' : ' (***total_len != data_len***)'}`
      : `buffer=0x${hex8(bufferId)}${isShort ? ' (***total_len < data_len***)' : ''}`;
  return [
    '',
    ...(tableId === 0 ? [] : [`table_id=${tableId}`]),
    ...(cookie === ALL_64 ? [] : [`cookie=0x${cookie.toString(16)}`]),
    `total_len=${totalLen}`,
    formatMatch(match, textOptions(context)),
    `(via ${nameOr(PACKET_IN_REASONS, reason)})`,
    `data_len=${data.length}`,
    `${buffer}\n`,
  ].join(' ');
}

type Selection = Pick<RequestBody<'flow'>, 'tableId' | 'outPort' | 'match'>;

export function formatSelection({ tableId, outPort, match }: Selection, context: PrintContext): string {
  const table = tableId === ALL_TABLES ? '' : ` table=${tableId}`;
  const port = outPort === ANY ? '' : ` out_port=${formatPort(outPort, context.ports)}`;
  return `${table}${port} ${formatMatchWithPriority(match, DEFAULT_PRIORITY, textOptions(context))}`;
}
