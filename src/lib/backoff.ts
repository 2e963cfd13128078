const shortestMs = 200;
const longestMs = 8_000;

/**
 * How long to wait after `failures` earlier failures in a row: 200 ms, doubled each time up to 8 s, of which the upper half is
 * drawn, so that those who lost the same peer do not come back in one wave. `random` is uniform in [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const delay = Math.min(shortestMs * 2 ** failures, longestMs);
  return delay / 2 + (random * delay) / 2;
}
