import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LearningFleet } from './support/learning-fleet.ts';

const host = Uint8Array.of(2, 0, 0, 0, 0, 7);
const switches = 5;
const settleMs = 20_000;

const place = fc.nat(switches - 1);
const step = fc.record({
  at: place,
  to: fc.oneof(fc.constant('all' as const), place),
  afterMs: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 20_000 })),
});

/** A fleet whose copies take the delays given, one after the other and over again. */
function fleetOf(delays: readonly number[]): LearningFleet {
  let next = 0;
  return new LearningFleet(switches, () => delays[next++ % delays.length]!);
}

describe('a host that moves', () => {
  it('is where it spoke last, for every switch that knows it, however late and mixed up frames and claims come', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 9 }),
        fc.array(fc.integer({ min: 1, max: 8_000 }), { minLength: 1, maxLength: 40 }),
        place,
        (steps, delays, witness) => {
          const fleet = fleetOf(delays);
          // A host that nobody else has heard of is in no wrong place.
          fleet.speak(0, host, 'all');
          for (const { at, to, afterMs } of steps) {
            fleet.speak(at, host, to);
            fleet.run(afterMs);
          }
          const last = steps.at(-1)!.at;
          fleet.run(settleMs);
          fleet.speak(last, host, witness);
          fleet.run(settleMs);
          // At many switches at once it is taken for several hosts.
          fc.pre(fleet.apps.every(({ counters }) => counters.macsDamped === 0));
          expect(fleet.places(host)).toEqual(Array(switches).fill(last));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is followed with one frame, wherever that goes, when nothing is late', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 40 }), (steps, delay) => {
        const fleet = fleetOf([delay]);
        fleet.speak(0, host, 'all');
        fleet.run(1_000);
        for (const { at, to } of steps) {
          fleet.speak(at, host, to);
          fleet.run(1_000);
          expect(fleet.places(host)).toEqual(Array(switches).fill(at));
        }
      }),
      { numRuns: 300 },
    );
  });
});
