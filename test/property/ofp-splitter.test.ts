import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameSplitter, OfpDecodeError } from '../../ofp/index.ts';

const message = fc.uint8Array({ maxLength: 80 }).chain((body) =>
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat()).map(([version, type, xid]) => {
    const bytes = new Uint8Array(8 + body.length);
    new DataView(bytes.buffer).setUint32(4, xid);
    bytes.set([version, type, bytes.length >> 8, bytes.length & 0xff]);
    bytes.set(body, 8);
    return bytes;
  }),
);
const badHeader = fc
  .tuple(fc.nat(255), fc.nat(255), fc.nat(7), fc.uint8Array({ maxLength: 20 }))
  .map(([version, type, length, rest]) => Uint8Array.from([version, type, 0, length, ...rest]));

/** Feeds `stream` in pieces of the given sizes, then the rest. */
function run(stream: Uint8Array, sizes: readonly number[]): { messages: string[]; failed: boolean; pending: number } {
  const splitter = new FrameSplitter();
  const messages: string[] = [];
  let at = 0;
  try {
    for (const size of [...sizes, stream.length]) {
      const chunk = stream.slice(at, at + size);
      at += chunk.length;
      for (const bytes of splitter.push(chunk)) messages.push(Buffer.from(bytes).toString('hex'));
      // Whoever owns the chunk may overwrite it once its messages are handled.
      chunk.fill(0xaa);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(OfpDecodeError);
    return { messages, failed: true, pending: 0 };
  }
  return { messages, failed: false, pending: splitter.pendingBytes };
}

test('any cut of a stream gives the same messages', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.nat(20),
      fc.array(fc.nat(30), { maxLength: 200 }),
      (messages, missing, sizes) => {
        const whole = Buffer.concat(messages);
        const stream = whole.subarray(0, Math.max(0, whole.length - missing));
        const result = run(stream, sizes);
        const hex = messages.map((bytes) => Buffer.from(bytes).toString('hex'));
        expect(result.failed).toBe(false);
        expect(hex.slice(0, result.messages.length)).toEqual(result.messages);
        expect(result.messages.join('').length / 2 + result.pending).toBe(stream.length);
        if (missing === 0) expect(result.messages).toEqual(hex);
      },
    ),
    { numRuns: 500 },
  );
});

test('a lying length fails at the same place however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 10 }),
      badHeader,
      fc.array(fc.nat(30), { maxLength: 100 }),
      (messages, bad, sizes) => {
        const result = run(Buffer.concat([...messages, bad]), sizes);
        expect(result.messages).toEqual(messages.map((bytes) => Buffer.from(bytes).toString('hex')));
        expect(result.failed).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('random bytes never do anything but give messages or fail with a decode error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(9), { maxLength: 60 }), (bytes, sizes) => {
      expect(run(bytes, sizes)).toEqual(run(bytes, []));
    }),
    { numRuns: 500 },
  );
});
