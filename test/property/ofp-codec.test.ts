import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { decode, encode, OfpDecodeError, OfpEncodeError, type OfpMessage, type OfpVersion } from '../../ofp/index.ts';
import { allMessages, messageArbitrary, type Options, VERSIONS } from './ofp-codec-arbitraries.ts';

const RUNS = 40;

/** Puts `value` in the place of a random part of a message. */
function spoil(target: unknown, value: unknown, next: () => number): unknown {
  if (typeof target !== 'object' || target === null || target instanceof Uint8Array || next() % 5 === 0) return value;
  const keys = Object.keys(target);
  if (keys.length === 0) return value;
  const key = keys[next() % keys.length]!;
  const copy: { [key: string]: unknown } | unknown[] = Array.isArray(target) ? [...target] : { ...target };
  (copy as { [key: string]: unknown })[key] = spoil((target as { [key: string]: unknown })[key], value, next);
  return copy;
}

describe.each(VERSIONS)('wire version %i', (version: OfpVersion) => {
  const options: Options = { version, unknown: true };

  test.each(allMessages(version))('%s survives encoding and decoding', (what) => {
    fc.assert(
      fc.property(messageArbitrary(what, options), (message) => {
        const bytes = encode(message);
        const decoded = decode(bytes);
        assert.deepEqual(decoded, message);
        assert.deepEqual(encode(decoded), bytes);
      }),
      { numRuns: RUNS },
    );
  });

  test.each(allMessages(version))('%s cut short or changed is decoded or refused', (what) => {
    const damaged = fc.tuple(
      messageArbitrary(what, options),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
      fc.nat(),
    );
    fc.assert(
      fc.property(damaged, ([message, changes, cut]) => {
        const bytes = encode(message);
        const kept = bytes.slice(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0));
        for (const [at, value] of changes) kept[at % kept.length] = value;
        if (kept.length >= 4 && cut % 2 === 0) {
          kept[2] = kept.length >> 8;
          kept[3] = kept.length & 0xff;
        }
        try {
          decode(kept);
        } catch (error) {
          if (!(error instanceof OfpDecodeError)) throw error;
          assert.ok(error.offset >= 0 && error.offset <= kept.length, `offset ${error.offset}`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a message with a wrong value in it is encoded or refused', () => {
    const choice = fc.constantFrom(...allMessages(version)).chain((what) => messageArbitrary(what, options));
    fc.assert(
      fc.property(choice, fc.anything({ withBigInt: true }), fc.infiniteStream(fc.nat()), (message, value, numbers) => {
        try {
          encode(spoil(message, value, () => numbers.next().value) as OfpMessage);
        } catch (error) {
          if (!(error instanceof OfpEncodeError)) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });
});
