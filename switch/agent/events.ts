import {
  ControllerMaxLen,
  NO_BUFFER,
  type OfpVersion,
  type Outgoing,
  type OxmField,
  type PacketIn2Property,
} from '../../ofp/index.ts';
import { durationOf } from '../duration.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import { join64 } from '../packet/index.ts';
import type { PacketIn } from '../pipeline/pipeline.ts';
import { type ByVersion, inVersion } from './by-version.ts';
import { flowFigures } from './flow-replies.ts';

/** So that any match fits beside it in a message of 64 KiB. */
const maxPacketInData = 65_535 - 1024;

/** 1.4 tells more reasons apart. */
const reasons: ByVersion<(event: PacketIn) => number> = { 1: ({ reason }) => reason, 5: ({ cause }) => cause };

export const reasonFor = (event: PacketIn, version: OfpVersion): number => inVersion(reasons, version)(event);

/** How a controller wants packet-ins: as `nxSetPacketInFormat` numbers it. */
export const PacketInFormat = { STANDARD: 0, NXM: 1, NXT2: 2 } as const;

type Build = (event: PacketIn, data: Uint8Array, version: OfpVersion) => Outgoing;

const builders = new Map<number, Build>([
  [
    PacketInFormat.STANDARD,
    (event, data, version) => ({
      type: 'packetIn',
      bufferId: NO_BUFFER,
      totalLen: Math.min(event.frame.length, 0xffff),
      reason: reasonFor(event, version),
      tableId: event.tableId,
      cookie: event.cookie,
      match: pipelineFields(event),
      data,
    }),
  ],
  [
    PacketInFormat.NXM,
    (event, data, version) => ({
      type: 'nxPacketIn',
      bufferId: NO_BUFFER,
      totalLen: Math.min(event.frame.length, 0xffff),
      reason: reasonFor(event, version),
      tableId: event.tableId,
      cookie: event.cookie,
      match: pipelineFields(event),
      data,
    }),
  ],
  [
    PacketInFormat.NXT2,
    (event, data, version) => {
      const properties: PacketIn2Property[] = [
        { type: 'packet', data },
        { type: 'tableId', tableId: event.tableId },
        { type: 'cookie', cookie: event.cookie },
        { type: 'reason', reason: reasonFor(event, version) },
        { type: 'metadata', fields: pipelineFields(event) },
      ];
      if (data.length < event.frame.length) properties.splice(1, 0, { type: 'fullLen', fullLen: event.frame.length });
      return { type: 'nxPacketIn2', properties };
    },
  ],
]);

export function packetInMessage(event: PacketIn, version: OfpVersion, format: number, missSendLen: number): Outgoing {
  const asked = event.maxLen ?? missSendLen;
  const wanted = asked === ControllerMaxLen.NO_BUFFER ? maxPacketInData : Math.min(asked, maxPacketInData);
  const build = builders.get(format) ?? builders.get(PacketInFormat.STANDARD)!;
  return build(event, event.frame.subarray(0, wanted), version);
}

export function flowRemovedMessage(entry: FlowEntry, reason: number, usesNxm: boolean, now: number): Outgoing {
  const { cookie, priority, tableId, idleTimeout, hardTimeout } = entry;
  const common = {
    cookie,
    priority,
    reason,
    ...durationOf(entry.createdAt, now),
    idleTimeout,
    packetCount: BigInt(entry.packets),
    byteCount: BigInt(entry.bytes),
    match: entry.match.fields,
  };
  if (usesNxm) return { type: 'nxFlowRemoved', ...common, tableId: tableId + 1 };
  return { type: 'flowRemoved', ...common, tableId, hardTimeout, stats: flowFigures(entry, now) };
}

function pipelineFields(event: PacketIn): OxmField[] {
  const fields: OxmField[] = [{ field: 'in_port', value: event.inPort }];
  const metadata = join64(...event.metadata);
  const tunnelId = join64(...event.tunnelId);
  if (metadata !== 0n) fields.push({ field: 'metadata', value: metadata });
  if (tunnelId !== 0n) fields.push({ field: 'tunnel_id', value: tunnelId });
  return fields;
}
