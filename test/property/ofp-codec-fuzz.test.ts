/**
 * Mutated messages: the decoder makes a message of them or refuses them with its own error, and nothing else ever.
 *
 * A few seconds by default, 30 in CI (the variable `CI` is set there). `FUZZ_SECONDS` and `FUZZ_MESSAGES` ask for
 * another length, `SEED` for an earlier run again.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode, OfpDecodeError, OfpEncodeError, type OfpMessage } from '../../ofp/index.ts';
import { allMessages, messageArbitrary, VERSIONS } from './ofp-codec-arbitraries.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const wanted = Number(process.env.FUZZ_MESSAGES ?? Number.POSITIVE_INFINITY);
const seconds =
  wanted < Number.POSITIVE_INFINITY
    ? 3600
    : Number(process.env.FUZZ_SECONDS ?? (process.env.CI === undefined ? 3 : 30));

const PER_MESSAGE = 6;
const MAX = 0xffff;
/** Of so many decoded messages, one is encoded and decoded again. */
const AGAIN = 8;
/** Milliseconds that a message may take, whatever is in it. */
const SLOW = 1;

/** Numbers below a bound, the same ones for the same seed (mulberry32). */
function generator(start: number): (bound: number) => number {
  let state = start >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

const corpus: Uint8Array[] = VERSIONS.flatMap((version) =>
  allMessages(version).flatMap((what) =>
    fc.sample(messageArbitrary(what, { version, unknown: true }), { numRuns: PER_MESSAGE, seed }).map(encode),
  ),
);

type Mutation = (bytes: Uint8Array, next: (bound: number) => number) => Uint8Array;

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
  (bytes, next) => {
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

function mutated(next: (bound: number) => number): Uint8Array {
  let bytes: Uint8Array = corpus[next(corpus.length)]!.slice();
  for (let n = 1 + next(4); n > 0; n--) bytes = MUTATIONS[next(MUTATIONS.length)]!(bytes, next);
  if (bytes.length >= 4 && next(10) > 0) {
    bytes[2] = bytes.length >> 8;
    bytes[3] = bytes.length & 0xff;
  }
  return bytes;
}

/** The message, or undefined if it was refused as it should be. */
function attempt(bytes: Uint8Array): OfpMessage | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof OfpDecodeError)) throw error;
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset}`);
    return undefined;
  }
}

/** The machine has other work too: what was slow is tried again, and the best time counts. */
function time(bytes: Uint8Array): number {
  const start = performance.now();
  attempt(bytes);
  return performance.now() - start;
}

function again(message: OfpMessage): void {
  let bytes: Uint8Array;
  try {
    bytes = encode(message);
  } catch (error) {
    // Text that is not UTF-8 is read with replacements, which may not fit where it was.
    if (error instanceof OfpEncodeError) return;
    throw error;
  }
  const second = decode(bytes);
  // A Nicira match may name the VLAN tag by headers of the standard; it is written with its own.
  if (isNicira(message)) assert.deepEqual(decode(encode(second)), second);
  else assert.deepEqual(second, message);
}

const isNicira = (message: OfpMessage): boolean =>
  message.type.startsWith('nx') ||
  ('multipart' in message && (message.multipart.startsWith('nx') || message.multipart === 'flowMonitor'));

test(`mutated messages (seed ${seed})`, { timeout: 3_700_000 }, () => {
  const next = generator(seed);
  const end = performance.now() + seconds * 1000;
  let messages = 0;
  let decoded = 0;
  while (messages < wanted && performance.now() < end) {
    const bytes = mutated(next);
    const start = performance.now();
    try {
      const message = attempt(bytes);
      if (performance.now() - start > SLOW) {
        assert.ok(Math.min(...Array.from({ length: 20 }, () => time(bytes))) < SLOW, 'takes too long');
      }
      messages++;
      if (message !== undefined && ++decoded % AGAIN === 0) again(message);
    } catch (error) {
      throw new Error(`message ${messages}: ${Buffer.from(bytes).toString('hex')}`, { cause: error });
    }
  }
  console.log(`${messages} mutated messages, ${decoded} of them still well-formed`);
  expect(decoded).toBeGreaterThan(messages / 100);
  expect(decoded).toBeLessThan(messages);
});
