/**
 * Liveness of one link by probes. Counted in unanswered probes rather than in time, so that a node whose own process
 * stood still does not take its neighbours for dead.
 */
export const probeIntervalMs = { ring: 300, long: 1000, doubted: 100 } as const;
export const maxMisses = 3;

/** Share of a new sample in the smoothed round-trip time (RFC 6298, 2.3: alpha = 1/8). */
const rttGain = 1 / 8;

/** An answer that is not there after four round trips, and this many ms, does not come. */
const rttsOfPatience = 4;
const leastPatienceMs = 100;

export type LivenessVerdict = { readonly probe: number } | 'wait' | 'down';

export class Liveness {
  #sequence = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  #rttMs: number | undefined;

  /** Smoothed, in milliseconds; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#rttMs;
  }

  /** How long the last probe is waited for. */
  get #patienceMs(): number {
    return Math.max(leastPatienceMs, rttsOfPatience * (this.#rttMs ?? Number.POSITIVE_INFINITY));
  }

  /** Anything that came from the peer shows that it lives. */
  heard(): void {
    this.#unanswered = 0;
  }

  answered(sequence: number, now: number): void {
    this.heard();
    if (sequence !== this.#sequence) return;
    const sample = now - this.#sentAt;
    this.#rttMs = this.#rttMs === undefined ? sample : this.#rttMs + (sample - this.#rttMs) * rttGain;
  }

  /** What to do now: send a probe with this sequence number, wait, or take the link down. */
  tick(now: number, intervalMs: number): LivenessVerdict {
    const waited = now - this.#sentAt;
    if (this.#unanswered >= maxMisses && waited >= Math.min(intervalMs, this.#patienceMs)) return 'down';
    if (waited < intervalMs) return 'wait';
    this.#unanswered += 1;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#sentAt = now;
    return { probe: this.#sequence };
  }
}
