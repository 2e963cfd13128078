import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameFinisher } from '../../src/tap/index.ts';
import { headed } from '../netns/support/headed.ts';
import { build, partialFrame, segmentsOf, superFrame, transportFrames } from '../unit/support/transport-frame.ts';

const finisher = new FrameFinisher();

function finish(frames: readonly Uint8Array[]): { finished: Uint8Array[]; malformed: number } {
  const finished: Uint8Array[] = [];
  const malformed = finisher.finish(frames, (batch) => finished.push(...batch.map((frame) => frame.slice())));
  return { finished, malformed };
}

/** Compares fast, byte for byte; what differs is shown well. */
function expectSame(frames: readonly Uint8Array[], wanted: readonly Uint8Array[]): void {
  expect(frames.length).toBe(wanted.length);
  const at = frames.findIndex((frame, index) => Buffer.compare(frame, wanted[index]!) !== 0);
  if (at >= 0) expect(frames[at]).toEqual(wanted[at]);
}

const gsoSizes = fc.integer({ min: 30, max: 1500 });

describe('headed frames become finished ones', () => {
  it('super-frames are cut', () => {
    fc.assert(
      fc.property(transportFrames(1, 60_000), gsoSizes, (spec, size) => {
        const gsoSize = spec.protocol === 'udp' ? Math.max(size, Math.ceil(spec.payload.length / 128)) : size;
        const { finished, malformed } = finish([superFrame(spec, gsoSize)]);
        expect(malformed).toBe(0);
        expectSame(finished, segmentsOf(spec, gsoSize));
      }),
      { numRuns: 300 },
    );
  });

  it('partial checksums are put right', () => {
    fc.assert(
      fc.property(transportFrames(1, 3000), (spec) => {
        expect(finish([partialFrame(spec)])).toEqual({ finished: [build(spec, false).bytes], malformed: 0 });
      }),
    );
  });

  it('frames that need nothing stay as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 3000 }), (frame) => {
        expect(finish([headed(frame)])).toEqual({ finished: [frame], malformed: 0 });
      }),
    );
  });

  it('a batch of many keeps its order', () => {
    fc.assert(
      fc.property(fc.array(transportFrames(1, 3000), { maxLength: 20 }), (specs) => {
        const { finished } = finish(specs.map((spec) => superFrame(spec, 100)));
        expectSame(
          finished,
          specs.flatMap((spec) => segmentsOf(spec, 100)),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('hostile headers', () => {
  const anyFields = fc.record({
    flags: fc.integer({ min: 0, max: 255 }),
    gsoType: fc.oneof(fc.constantFrom(0, 1, 4, 5, 0x81, 0x84), fc.integer({ min: 0, max: 255 })),
    hdrLen: fc.nat(0xffff),
    gsoSize: fc.oneof(fc.nat(100), fc.nat(0xffff)),
    csumStart: fc.oneof(fc.nat(100), fc.nat(0xffff)),
    csumOffset: fc.oneof(fc.constantFrom(6, 16), fc.nat(0xffff)),
  });

  it('are refused, or give frames that are no longer than what came in, and never more than it has bytes', () => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      transportFrames(1, 2000).map((spec) => build(spec, true).bytes),
    );
    fc.assert(
      fc.property(frames, anyFields, (frame, fields) => {
        const { finished, malformed } = finish([headed(frame, fields)]);
        expect(malformed).toBe(finished.length === 0 ? 1 : 0);
        expect(finished.length).toBeLessThanOrEqual(Math.max(1, frame.length));
        for (const { length } of finished) expect(length).toBeLessThanOrEqual(frame.length);
      }),
      { numRuns: 20_000 },
    );
  });

  it('of a good super-frame, any byte changed: refused whole or cut, never a fault', () => {
    fc.assert(
      fc.property(transportFrames(1, 2000), fc.nat(120), fc.nat(255), (spec, at, value) => {
        const frame = superFrame(spec, 100);
        const whole = new Uint8Array(frame.buffer);
        if (at < whole.length) whole[at] = value;
        const { finished, malformed } = finish([frame, headed(new Uint8Array(14))]);
        expect(finished.length + malformed).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 5000 },
    );
  });

  it('a segment size that would make thousands of frames of one is refused', () => {
    const spec = { ...fc.sample(transportFrames(1, 10), 1)[0]!, payload: new Uint8Array(60_000) };
    for (const protocol of ['tcp', 'udp'] as const) {
      expect(finish([superFrame({ ...spec, protocol }, 8)])).toEqual({ finished: [], malformed: 1 });
    }
  });

  it('frames without room for a header before them are a mistake of the caller', () => {
    expect(() => finish([new Uint8Array(100)])).toThrow(RangeError);
    expect(() => finish([headed(new Uint8Array(100)), 'frame' as unknown as Uint8Array])).toThrow(TypeError);
  });
});
