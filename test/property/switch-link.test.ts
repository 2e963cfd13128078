import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  LinkDecoder,
  LinkEncoder,
  type LinkRecord,
  linkHeaderLength,
  linkMessageTarget,
  linkRecordLimit,
  maxLinkMark,
} from '../../switch/packet/index.ts';

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const record: fc.Arbitrary<LinkRecord> = fc.record({
  mark: fc.nat(maxLinkMark),
  hopLimit: fc.nat(255),
  destinationHi: word,
  destinationLo: word,
  sourceHi: word,
  sourceLo: word,
});
const frame = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ minLength: 14, maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 14, max: linkRecordLimit - linkHeaderLength })
      .map((length) => new Uint8Array(length).fill(length)),
  },
);
const batch = fc.array(fc.tuple(record, frame), { maxLength: 60 });

function decode(messages: readonly Uint8Array[]): [LinkRecord, Uint8Array][] {
  const decoder = new LinkDecoder();
  const found: [LinkRecord, Uint8Array][] = [];
  for (const message of messages) {
    decoder.open(message);
    while (decoder.next()) {
      const { mark, hopLimit, destinationHi, destinationLo, sourceHi, sourceLo } = decoder;
      found.push([{ mark, hopLimit, destinationHi, destinationLo, sourceHi, sourceLo }, decoder.frame.slice()]);
    }
  }
  expect(decoder.malformed).toBe(0);
  return found;
}

it('records come out as they went in, in order, batch after batch', () => {
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 3 }), (batches) => {
      const encoder = new LinkEncoder();
      for (const records of batches) {
        for (const [header, bytes] of records) expect(encoder.append(header, bytes)).toBe(true);
        const messages = encoder.take();
        expect(decode(messages)).toEqual(records);
        for (const message of messages) {
          expect(message.length <= linkMessageTarget || decode([message]).length === 1).toBe(true);
        }
      }
    }),
    { numRuns: 30 },
  );
});

it('no message makes the decoder throw, go on for ever or leave the message', () => {
  const spoiled = fc
    .tuple(batch, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([records, changes]) => {
      const encoder = new LinkEncoder();
      for (const [header, bytes] of records.slice(0, 5)) encoder.append(header, bytes);
      const message = Uint8Array.from(encoder.take().flatMap((part) => [...part]));
      for (const [at, value] of changes) if (message.length > 0) message[at % message.length] = value;
      return message;
    });
  fc.assert(
    fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 300 })), (message) => {
      const decoder = new LinkDecoder();
      decoder.open(message);
      let used = 0;
      while (decoder.next()) {
        used += linkHeaderLength + decoder.frame.length;
        expect(decoder.frame.buffer).toBe(message.buffer);
      }
      expect(used).toBeLessThanOrEqual(message.length);
      expect(decoder.malformed).toBe(used === message.length ? 0 : 1);
    }),
  );
});
