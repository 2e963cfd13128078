import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSplitter, maxMessage, OvsError } from '../../src/ovs/index.ts';

const chunked = (bytes: Uint8Array, cuts: readonly number[]) => {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
};

describe('JSON without anything between its messages', () => {
  it('comes out as it went in, however it is cut', () => {
    const messages = fc.array(
      fc.dictionary(fc.string({ unit: 'binary', maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
      {
        maxLength: 4,
      },
    );
    const gaps = fc.constantFrom('', ' ', '\n', '\t\r\n');
    fc.assert(
      fc.property(messages, gaps, fc.array(fc.nat()), (values, gap, cuts) => {
        const splitter = new JsonSplitter();
        const bytes = Buffer.from(values.map((value) => JSON.stringify(value) + gap).join(''));
        const texts = chunked(bytes, cuts).flatMap((chunk) => splitter.push(chunk));
        expect(texts.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  it('takes any bytes, or refuses them by a typed error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const splitter = new JsonSplitter();
        try {
          for (const chunk of chunks) splitter.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(OvsError);
        }
      }),
    );
  });

  it('refuses a message without end', () => {
    const splitter = new JsonSplitter();
    const chunk = Buffer.alloc(1 << 20, '[');
    splitter.push(Buffer.from('{"a":'));
    expect(() => {
      for (let sent = 0; sent <= maxMessage; sent += chunk.length) splitter.push(chunk);
    }).toThrow(expect.objectContaining({ code: 'OVS_PROTOCOL' }));
  });
});
