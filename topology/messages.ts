/**
 * What neighbours tell each other on the control lane of their link. One message is one lane message, in network order.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------------------------------------------+
 * |version| type  |   body ...                                    |
 * +-------+-------+-----------------------------------------------+
 *
 * PROBE, PROBE_ACK   sequence (32)
 * EDGE               what the sender wants of this link (8): 0 nothing, else a kind of edge
 * RELEASE            nothing: the sender sends no frames over this link any more
 * REFUSE             nothing: the sender has no room for the link that the receiver wants
 * LEAVE              records, the sender's own one first; then those of its neighbours on the ring
 * GOSSIP             records
 * NEIGHBOURS         count (16), ids (128 each): whom the sender has links with
 * WANT               count (16), ids (128 each): of whom the sender wants records
 * QUERY              number (32), hop limit (8), flags (8: 1 = at the one responsible), key (128), body
 * ANSWER             number (32), body
 * RELAY              hop limit (8), mode of its route (8), id of the receiver (128), body
 *
 * Records stand behind their count (16):
 *
 * +---------------------------------------------------------------+
 * |   node id (128)                                               |
 * +---------------------------------------------------------------+
 * |   sequence (64, below 2^53)                                   |
 * +---------------+---------------+---------------+---------------+
 * |   state (8)   |   place (48): x, y, height, see place.ts      |
 * +---------------+                               +---------------+
 * |                                               | length of the |
 * +---------------+---------------+---------------+---------------+
 * |   proof (16)  |   proof ...                                   |
 * +---------------+-----------------------------------------------+
 *
 * A body is bytes behind their length (16).
 */
import { Reader, Writer } from './bytes.ts';
import { readPlace, writePlace } from './place.ts';
import type { EdgeKind } from './policy.ts';
import { type MemberRecord, memberStates } from './record.ts';
import type { NodeId } from './ring.ts';
import { type RouteMode, routeModes } from './route.ts';

export type LinkMessage =
  | { readonly type: 'probe'; readonly sequence: number }
  | { readonly type: 'probeAck'; readonly sequence: number }
  /** What the sender wants of this link; undefined: it would let go of it. */
  | { readonly type: 'edge'; readonly interest: EdgeKind | undefined }
  | { readonly type: 'refuse' }
  | { readonly type: 'release' }
  /** The sender is leaving the overlay, and relays frames until its neighbours have let go of it. */
  | { readonly type: 'leave'; readonly records: readonly MemberRecord[] }
  | { readonly type: 'gossip'; readonly records: readonly MemberRecord[] }
  | { readonly type: 'neighbours'; readonly ids: readonly NodeId[] }
  | { readonly type: 'want'; readonly ids: readonly NodeId[] }
  | {
      readonly type: 'query';
      readonly number: number;
      readonly hopLimit: number;
      readonly isFinal: boolean;
      readonly key: NodeId;
      readonly body: Uint8Array;
    }
  | { readonly type: 'answer'; readonly number: number; readonly body: Uint8Array }
  | {
      readonly type: 'relay';
      readonly hopLimit: number;
      readonly mode: RouteMode;
      readonly to: NodeId;
      readonly body: Uint8Array;
    };

type Of<T extends LinkMessage['type']> = Extract<LinkMessage, { type: T }>;
interface Shape<M> {
  write(message: M, to: Writer): void;
  /** Undefined for values that are not to be. */
  read(from: Reader): M | undefined;
}

const version = 1;
export const maxRecords = 512;
const maxIds = 512;
export const maxBody = 0xffff;
const leastBytes = 64;
const maxProof = 256;
/** Of most records, with the proof of a node. */
const usualRecordBytes = 160;
const interests: readonly (EdgeKind | undefined)[] = [
  undefined,
  'successor',
  'long',
  'finger',
  'mesh',
  'friend',
  'static',
  'demand',
];

const sequence = {
  write: ({ sequence }: { readonly sequence: number }, to: Writer) => to.u32(sequence),
};

function writeRecords(list: readonly MemberRecord[], to: Writer): void {
  to.u16(list.length);
  for (const { id, sequence, state, place, proof } of list) {
    to.id(id).u64(sequence).u8(memberStates.indexOf(state));
    writePlace(place, to);
    to.blob(proof);
  }
}

function readRecords(from: Reader): MemberRecord[] | undefined {
  const count = from.u16();
  if (count > maxRecords) return undefined;
  const list: MemberRecord[] = [];
  for (let i = 0; i < count && !from.isShort; i++) {
    const [id, sequence, state] = [from.id(), from.u64(), memberStates[from.u8()]];
    if (state === undefined) return undefined;
    const place = readPlace(from);
    list.push({ id, sequence, state, place, proof: from.blobView(maxProof) });
  }
  return list;
}

const records = <T extends 'leave' | 'gossip'>(type: T) => ({
  write: (message: { readonly records: readonly MemberRecord[] }, to: Writer) => writeRecords(message.records, to),
  read: (from: Reader) => {
    const list = readRecords(from);
    return list && { type, records: list };
  },
});

const idList = <T extends 'neighbours' | 'want'>(type: T) => ({
  write: ({ ids }: { readonly ids: readonly NodeId[] }, to: Writer) => {
    to.u16(ids.length);
    for (const id of ids) to.id(id);
  },
  read: (from: Reader) => {
    const count = from.u16();
    if (count > maxIds) return undefined;
    return { type, ids: Array.from({ length: count }, () => from.id()) };
  },
});

const shapes: { readonly [T in LinkMessage['type']]: Shape<Of<T>> } = {
  probe: { ...sequence, read: (from) => ({ type: 'probe', sequence: from.u32() }) },
  probeAck: { ...sequence, read: (from) => ({ type: 'probeAck', sequence: from.u32() }) },
  edge: {
    write: ({ interest }, to) => to.u8(interests.indexOf(interest)),
    read: (from) => {
      const index = from.u8();
      return index < interests.length ? { type: 'edge', interest: interests[index] } : undefined;
    },
  },
  refuse: { write: () => {}, read: () => ({ type: 'refuse' }) },
  release: { write: () => {}, read: () => ({ type: 'release' }) },
  leave: records('leave'),
  gossip: records('gossip'),
  neighbours: idList('neighbours'),
  want: idList('want'),
  query: {
    write: ({ number, hopLimit, isFinal, key, body }, to) =>
      to
        .u32(number)
        .u8(hopLimit)
        .u8(isFinal ? 1 : 0)
        .id(key)
        .blob(body),
    read: (from) => {
      const [number, hopLimit, flags, key] = [from.u32(), from.u8(), from.u8(), from.id()];
      if (flags > 1) return undefined;
      return { type: 'query', number, hopLimit, isFinal: flags === 1, key, body: from.blob(maxBody) };
    },
  },
  answer: {
    write: ({ number, body }, to) => to.u32(number).blob(body),
    read: (from) => ({ type: 'answer', number: from.u32(), body: from.blob(maxBody) }),
  },
  relay: {
    write: ({ hopLimit, mode, to: id, body }, to) => to.u8(hopLimit).u8(routeModes.indexOf(mode)).id(id).blob(body),
    read: (from) => {
      const [hopLimit, mode, to] = [from.u8(), routeModes[from.u8()], from.id()];
      return mode === undefined ? undefined : { type: 'relay', hopLimit, mode, to, body: from.blob(maxBody) };
    },
  },
};
/** In the order of their numbers on the wire. */
const types = [
  ...([
    'probe',
    'probeAck',
    'edge',
    'leave',
    'gossip',
    'neighbours',
    'query',
    'answer',
    'relay',
    'refuse',
    'want',
    'release',
  ] as const),
];

export function encodeLinkMessage(message: LinkMessage): Uint8Array {
  const count = 'records' in message ? message.records.length : 0;
  const to = new Writer(leastBytes + count * usualRecordBytes).u8((version << 4) | types.indexOf(message.type));
  (shapes[message.type] as Shape<LinkMessage>).write(message, to);
  return to.done();
}

/** Undefined for anything that `encodeLinkMessage` does not make. Proofs of records are views of the bytes. */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage | undefined {
  const from = new Reader(bytes);
  const head = from.u8();
  const type = types[head & 0xf];
  if (head >> 4 !== version || type === undefined) return undefined;
  const message = shapes[type].read(from);
  return from.whole ? message : undefined;
}
