import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limitsOf } from '../../src/tap/frame-limits.ts';
import { FrameStream, fitting, joinFrames } from '../../src/tap/stream-framing.ts';

const LIMITS = limitsOf(1500);
const frames = fc.array(fc.uint8Array({ minLength: 14, maxLength: 1518 }), { maxLength: 30 });
const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1 });

function push(stream: FrameStream, bytes: Uint8Array, chunkSizes: readonly number[]): Uint8Array[] {
  const received: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = chunkSizes[turn % chunkSizes.length]!;
    received.push(...stream.push(bytes.slice(at, at + size)).map((frame) => frame.slice()));
    at += size;
  }
  return received;
}

const join = (list: readonly Uint8Array[]) =>
  Uint8Array.from(
    joinFrames(
      list,
      list.reduce((sum, frame) => sum + frame.length, 0),
    ),
  );

it('frames come out of a stream as they went in, however it is broken into chunks', () => {
  fc.assert(
    fc.property(frames, sizes, (list, chunkSizes) => {
      const stream = new FrameStream(LIMITS);
      expect(push(stream, join(list), chunkSizes)).toEqual(list);
      expect(stream.isBroken).toBe(false);
    }),
  );
});

it('the length comes first, in two bytes, the higher one first', () => {
  const frame = new Uint8Array(300).fill(7);
  expect(join([frame])).toEqual(Uint8Array.of(1, 44, ...frame));
});

it.each([0, 13, 1519, 65_535])('a length of %i breaks the stream, after the frames before it', (length) => {
  const frame = new Uint8Array(60).fill(1);
  const bytes = Uint8Array.of(0, 60, ...frame, length >> 8, length & 0xff, ...frame);
  for (const size of [1, 7, 62, 63, 64, 1000]) {
    const stream = new FrameStream(LIMITS);
    expect(push(stream, bytes, [size])).toEqual([frame]);
    expect(stream.isBroken).toBe(true);
    expect(stream.push(Uint8Array.of(0, 60, ...frame))).toEqual([]);
  }
});

it('any bytes at all give frames within the limits, or break the stream', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 })), (chunks) => {
      const stream = new FrameStream(LIMITS);
      for (const chunk of chunks) {
        for (const { length } of stream.push(chunk)) {
          expect(length).toBeGreaterThanOrEqual(LIMITS.shortest);
          expect(length).toBeLessThanOrEqual(LIMITS.longest);
        }
      }
    }),
  );
});

it('as many frames are taken as fit, without those of a wrong length', () => {
  const list = [60, 13, 100, 1519, 40].map((length) => new Uint8Array(length));
  expect(fitting(list, LIMITS, 160)).toEqual({ taken: [list[0], list[2]], bytes: 160 });
  expect(fitting(list, LIMITS, 0)).toEqual({ taken: [], bytes: 0 });
});
