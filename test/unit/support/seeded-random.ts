import type { Random } from '../../../src/lib/clock.ts';

/** A small generator with a good spread (xorshift32), for tests that must run the same each time. */
export function seededRandom(seed: number): Random {
  let state = (seed * 0x9e37_79b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 0x1_0000_0000;
  };
}
