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

/** How a controller is told of a frame. */
export interface PacketInForm {
  readonly version: OfpVersion;
  /** `PacketInFormat`. */
  readonly format: number;
  /** Bytes of the frame where no action says how many. */
  readonly missSendLen: number;
}

type Build = (event: PacketIn, match: OxmField[], data: Uint8Array, version: OfpVersion) => Outgoing;

const builders = new Map<number, Build>([
  [
    PacketInFormat.STANDARD,
    (event, match, data, version) => ({
      type: 'packetIn',
      bufferId: NO_BUFFER,
      totalLen: Math.min(event.frame.length, 0xffff),
      reason: reasonFor(event, version),
      tableId: event.tableId,
      cookie: event.cookie,
      match,
      data,
    }),
  ],
  [
    PacketInFormat.NXM,
    (event, match, data, version) => ({
      type: 'nxPacketIn',
      bufferId: NO_BUFFER,
      totalLen: Math.min(event.frame.length, 0xffff),
      reason: reasonFor(event, version),
      tableId: event.tableId,
      cookie: event.cookie,
      match,
      data,
    }),
  ],
  [
    PacketInFormat.NXT2,
    (event, match, data, version) => {
      const properties: PacketIn2Property[] = [
        { type: 'packet', data },
        { type: 'tableId', tableId: event.tableId },
        { type: 'cookie', cookie: event.cookie },
        { type: 'reason', reason: reasonFor(event, version) },
        { type: 'metadata', fields: match },
      ];
      if (data.length < event.frame.length) properties.splice(1, 0, { type: 'fullLen', fullLen: event.frame.length });
      if (event.userdata) properties.push({ type: 'userdata', data: event.userdata });
      return { type: 'nxPacketIn2', properties };
    },
  ],
]);

/** `match`: the fields that are not in the frame. */
export function packetInMessage(
  event: PacketIn,
  match: OxmField[],
  { version, format, missSendLen }: PacketInForm,
): Outgoing {
  const asked = event.maxLen ?? missSendLen;
  const wanted = asked === ControllerMaxLen.NO_BUFFER ? maxPacketInData : Math.min(asked, maxPacketInData);
  const build = builders.get(format) ?? builders.get(PacketInFormat.STANDARD)!;
  return build(event, match, event.frame.subarray(0, wanted), version);
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
