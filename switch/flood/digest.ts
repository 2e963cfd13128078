/**
 * What repairs floods: IHAVE tells a neighbour which floods the sender holds, IWANT asks a neighbour for some.
 * After the Ethernet header of a bounded flood:
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *                                 +-------+-------+---------------+
 *                                 |version| type  |    entries    |
 * +-------------------------------+-------+-------+---------------+
 * | entry, 32 bytes:          root id (128 bits)                  |
 * |                           epoch (64 bits)                     |
 * |                           first sequence (32 bits)            |
 * |                           bit n: first + 1 + n, too (32 bits) |
 * +---------------------------------------------------------------+
 */
import type { NodeId } from '../../topology/ring.ts';
import { type FrbFault, floodVersion, getId, putFloodEthernet, setId } from './frb.ts';

export const digestTypes = { ihave: 2, iwant: 3 } as const;
export type DigestType = keyof typeof digestTypes;

/** Names one flood. */
export interface FloodName {
  readonly root: NodeId;
  readonly epoch: number;
  readonly sequence: number;
}

export interface Digest {
  readonly type: DigestType;
  readonly floods: readonly FloodName[];
}

const headerLength = 16;
const entryLength = 32;
/** As many as fit one datagram of a link. */
const maxEntries = 41;

/** As few frames as possible. */
export function encodeDigests(type: DigestType, floods: Iterable<FloodName>, sourceMac: Uint8Array): Uint8Array[] {
  const entries = gather(floods);
  const frames: Uint8Array[] = [];
  for (let i = 0; i < entries.length; i += maxEntries) {
    const some = entries.slice(i, i + maxEntries);
    const frame = new Uint8Array(headerLength + some.length * entryLength);
    putFloodEthernet(frame, sourceMac);
    const view = new DataView(frame.buffer);
    view.setUint8(14, (floodVersion << 4) | digestTypes[type]);
    view.setUint8(15, some.length);
    for (const [n, entry] of some.entries()) {
      const at = headerLength + n * entryLength;
      setId(view, at, entry.root);
      view.setBigUint64(at + 16, BigInt(entry.epoch));
      view.setUint32(at + 24, entry.sequence);
      view.setUint32(at + 28, entry.bits);
    }
    frames.push(frame);
  }
  return frames;
}

/** Who calls has checked EtherType, version and type. */
export function decodeDigest(type: DigestType, frame: Uint8Array): Digest | FrbFault {
  const count = frame[15];
  if (count === undefined || count === 0 || frame.length < headerLength + count * entryLength) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const floods: FloodName[] = [];
  for (let n = 0; n < count; n++) {
    const at = headerLength + n * entryLength;
    const root = getId(view, at);
    const epoch = Number(view.getBigUint64(at + 16));
    const first = view.getUint32(at + 24);
    const bits = view.getUint32(at + 28);
    floods.push({ root, epoch, sequence: first });
    for (let bit = 0; bit < 32; bit++) {
      if ((bits >>> bit) & 1) floods.push({ root, epoch, sequence: (first + 1 + bit) >>> 0 });
    }
  }
  return { type, floods };
}

interface Entry extends FloodName {
  bits: number;
}

function gather(floods: Iterable<FloodName>): Entry[] {
  const sorted = [...floods].sort(
    (a, b) => compare(a.root, b.root) || compare(a.epoch, b.epoch) || a.sequence - b.sequence,
  );
  const entries: Entry[] = [];
  for (const flood of sorted) {
    const last = entries.at(-1);
    const offset = last && last.root === flood.root && last.epoch === flood.epoch ? flood.sequence - last.sequence : 33;
    if (offset > 32) entries.push({ ...flood, bits: 0 });
    else if (offset > 0) last!.bits = (last!.bits | (1 << (offset - 1))) >>> 0;
  }
  return entries;
}

function compare<T extends number | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
