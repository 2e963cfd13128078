/**
 * What repairs floods: IHAVE tells a neighbour which floods the sender holds, ISENT the same of floods of which it sent a
 * copy to this neighbour before, IWANT asks a neighbour for some. All say which numbers of the neighbour were heard, so that
 * only what was lost is told again.
 * After the Ethernet header of a bounded flood:
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *                                 +-------+-------+---------------+
 *                                 |version| type  |    entries    |
 * +-------------------------------+-------+-------+---------------+
 * |      number of an IHAVE or ISENT; 0: nothing to be answered   |
 * +---------------------------------------------------------------+
 * |      newest number heard from the receiver; 0: none yet       |
 * +---------------------------------------------------------------+
 * |      bit n: newest - 1 - n was heard, too                     |
 * +---------------------------------------------------------------+
 * | entry, 32 bytes:          root id (128 bits)                  |
 * |                           epoch (64 bits)                     |
 * |                           first sequence (32 bits)            |
 * |                           bit n: first + 1 + n, too (32 bits) |
 * +---------------------------------------------------------------+
 */
import type { NodeId } from '../../topology/ring.ts';
import { type FrameSource, type FrbFault, floodVersion, getEpoch, getId, putFloodEthernet, setId } from './frb.ts';
import { room } from './slab.ts';

export const digestTypes = { ihave: 2, iwant: 3, isent: 4 } as const;
export type DigestType = keyof typeof digestTypes;

/** Names one flood. */
export interface FloodName {
  readonly root: NodeId;
  readonly epoch: number;
  readonly sequence: number;
}

/** Which numbers of a neighbour were heard: the newest, and a bit for each of the 32 before it. */
export interface Heard {
  readonly newest: number;
  readonly before: number;
}

export interface Digest {
  readonly type: DigestType;
  readonly number: number;
  readonly heard: Heard;
  readonly floods: readonly FloodName[];
}

export const nothingHeard: Heard = { newest: 0, before: 0 };

const headerLength = 28;
const entryLength = 32;
/** As many as fit one datagram of a link. */
const maxEntries = 41;
/** Floods of one frame, as its entries name them. */
export interface DigestPart<F extends FloodName = FloodName> {
  readonly entries: readonly DigestEntry[];
  readonly floods: readonly F[];
}

export interface DigestEntry extends FloodName {
  /** Bit n: `sequence` + 1 + n is named, too. */
  bits: number;
}

/** Names floods in as few frames as possible. Their order is kept; those of one root that follow each other share an entry. */
export function packDigest<F extends FloodName>(floods: Iterable<F>): DigestPart<F>[] {
  const parts: { entries: DigestEntry[]; floods: F[] }[] = [];
  const latest = new Map<NodeId, DigestEntry>();
  let part: { entries: DigestEntry[]; floods: F[] } | undefined;
  for (const flood of floods) {
    const entry = latest.get(flood.root);
    const bit = entry?.epoch === flood.epoch ? flood.sequence - entry.sequence - 1 : -1;
    if (entry !== undefined && bit >= 0 && bit < 32) entry.bits = (entry.bits | (1 << bit)) >>> 0;
    else {
      if (part === undefined || part.entries.length === maxEntries) {
        part = { entries: [], floods: [] };
        parts.push(part);
        latest.clear();
      }
      const { root, epoch, sequence } = flood;
      const added = { root, epoch, sequence, bits: 0 };
      part.entries.push(added);
      latest.set(root, added);
    }
    part!.floods.push(flood);
  }
  return parts;
}

export interface DigestHeader {
  readonly type: DigestType;
  readonly number: number;
  readonly heard: Heard;
}

/** `entries`: of one `DigestPart`, or none. */
export function encodeDigest(header: DigestHeader, entries: readonly DigestEntry[], source: FrameSource): Uint8Array {
  const frame = room(headerLength + entries.length * entryLength);
  putFloodEthernet(frame, source);
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint8(14, (floodVersion << 4) | digestTypes[header.type]);
  view.setUint8(15, entries.length);
  view.setUint32(16, header.number);
  view.setUint32(20, header.heard.newest);
  view.setUint32(24, header.heard.before);
  let at = headerLength;
  for (const { root, epoch, sequence, bits } of entries) {
    setId(view, at, root);
    view.setBigUint64(at + 16, BigInt(epoch));
    view.setUint32(at + 24, sequence);
    view.setUint32(at + 28, bits);
    at += entryLength;
  }
  return frame;
}

/** Who calls has checked EtherType, version and type. */
export function decodeDigest(type: DigestType, frame: Uint8Array): Digest | FrbFault {
  const count = frame[15];
  if (count === undefined || frame.length < headerLength + count * entryLength) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const floods: FloodName[] = [];
  for (let n = 0; n < count; n++) {
    const at = headerLength + n * entryLength;
    const root = getId(view, at);
    const epoch = getEpoch(view, at + 16);
    if (epoch === undefined) return 'bad-epoch';
    const first = view.getUint32(at + 24);
    floods.push({ root, epoch, sequence: first });
    for (let bits = view.getUint32(at + 28), next = first + 1; bits !== 0; bits >>>= 1, next++) {
      if (bits & 1) floods.push({ root, epoch, sequence: next >>> 0 });
    }
  }
  return {
    type,
    number: view.getUint32(16),
    heard: { newest: view.getUint32(20), before: view.getUint32(24) },
    floods,
  };
}
