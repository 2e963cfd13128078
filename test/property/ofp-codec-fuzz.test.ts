/**
 * Mutated messages: the decoder makes a message of them or refuses them with its own error, and nothing else ever.
 *
 * A few seconds by default, 30 in CI (the variable `CI` is set there). `FUZZ_SECONDS` and `FUZZ_MESSAGES` ask for
 * another length, `SEED` for an earlier run again.
 */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { decode, encode, OfpDecodeError, OfpEncodeError, type OfpMessage } from '../../ofp/index.ts';
import { VERSIONS } from './ofp-codec-arbitraries.ts';
import { generator, messageCorpus, mutatedMessage } from './support/mutated-messages.ts';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));
const wanted = Number(process.env.FUZZ_MESSAGES ?? Number.POSITIVE_INFINITY);
const seconds =
  wanted < Number.POSITIVE_INFINITY
    ? 3600
    : Number(process.env.FUZZ_SECONDS ?? (process.env.CI === undefined ? 3 : 30));

/** Of so many decoded messages, one is encoded and decoded again. */
const AGAIN = 8;
/** Milliseconds that a message may take, whatever is in it. */
const SLOW = 1;

const corpus = messageCorpus(VERSIONS, seed);

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
    const bytes = mutatedMessage(corpus, next);
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
