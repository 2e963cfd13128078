import fc from 'fast-check';
import { encode, type OfpVersion } from '../../../ofp/index.ts';
import { allMessages, messageArbitrary } from '../ofp-codec-arbitraries.ts';

const PER_MESSAGE = 6;
const MAX = 0xffff;

/** Gives a number below a bound. */
export type Next = (bound: number) => number;

/** Numbers below a bound, the same ones for the same seed (mulberry32). */
export function generator(start: number): Next {
  let state = start >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** Some of every message that the versions have, encoded. */
export function messageCorpus(versions: readonly OfpVersion[], seed: number): Uint8Array[] {
  return versions.flatMap((version) =>
    allMessages(version).flatMap((what) =>
      fc.sample(messageArbitrary(what, { version, unknown: true }), { numRuns: PER_MESSAGE, seed }).map(encode),
    ),
  );
}

type Mutation = (bytes: Uint8Array, next: Next, corpus: readonly Uint8Array[]) => Uint8Array;

const LENGTHS = [0, 1, 3, 4, 7, 8, 9, 0x7fff, 0xfff8, 0xffff];

const MUTATIONS: readonly Mutation[] = [
  (bytes, next) => {
    const at = next(bytes.length);
    bytes[at] = bytes[at]! ^ (1 << next(8));
    return bytes;
  },
  (bytes, next) => {
    bytes[next(bytes.length)] = next(256);
    return bytes;
  },
  // Something that may be a length.
  (bytes, next) => {
    const at = next(Math.max(1, bytes.length - 1));
    const old = (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
    const value = next(2) === 0 ? LENGTHS[next(LENGTHS.length)]! : (old + next(17) - 8) & 0xffff;
    bytes[at] = value >> 8;
    if (at + 1 < bytes.length) bytes[at + 1] = value & 0xff;
    return bytes;
  },
  (bytes, next) => bytes.slice(0, 8 + next(Math.max(1, bytes.length - 8))),
  (bytes, next) => {
    const longer = new Uint8Array(Math.min(MAX, bytes.length + 1 + next(24)));
    longer.set(bytes);
    return longer;
  },
  // A part twice, or a part of another message.
  (bytes, next, corpus) => {
    const other = next(2) === 0 ? bytes : corpus[next(corpus.length)]!;
    const from = next(other.length);
    const part = other.slice(from, from + 1 + next(64));
    const at = 8 + next(Math.max(1, bytes.length - 7));
    const joined = new Uint8Array(Math.min(MAX, bytes.length + part.length));
    joined.set(bytes.subarray(0, Math.min(at, joined.length)));
    joined.set(part.subarray(0, Math.max(0, joined.length - at)), Math.min(at, joined.length));
    joined.set(
      bytes.subarray(at, at + Math.max(0, joined.length - at - part.length)),
      Math.min(at + part.length, joined.length),
    );
    return joined;
  },
  (bytes, next) => {
    bytes[0] = 1 + next(6);
    return bytes;
  },
];

/** One of the corpus with some of its bytes changed, most of them of the length that they say. */
export function mutatedMessage(corpus: readonly Uint8Array[], next: Next): Uint8Array {
  let bytes: Uint8Array = corpus[next(corpus.length)]!.slice();
  for (let n = 1 + next(4); n > 0; n--) bytes = MUTATIONS[next(MUTATIONS.length)]!(bytes, next, corpus);
  if (bytes.length >= 4 && next(10) > 0) {
    bytes[2] = bytes.length >> 8;
    bytes[3] = bytes.length & 0xff;
  }
  return bytes;
}
