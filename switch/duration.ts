/** Time from `since` to `now`, both in ms, as OpenFlow writes it. */
export function durationOf(since: number, now: number): { durationSec: number; durationNsec: number } {
  const elapsed = Math.max(0, now - since);
  const durationSec = Math.floor(elapsed / 1000);
  return { durationSec, durationNsec: Math.floor((elapsed - durationSec * 1000) * 1e6) };
}
