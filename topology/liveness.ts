import { SmoothedTime } from './smoothed-time.ts';

/**
 * Liveness of one link by probes. Counted in unanswered probes rather than in time, so that a node whose own process
 * stood still does not take its neighbours for dead.
 */
export const probeIntervalMs = { ring: 300, long: 500, doubted: 100 } as const;
export const maxMisses = 3;

/** An answer that is not there after this many round trips, and this many ms, does not come. */
const rttsOfPatience = 4;
const leastPatienceMs = 100;
/** Before the first answer nobody knows how long the way is; and longer than this nobody waits. */
const longestPatienceMs = 3_000;
/** An answer that takes as many round trips, this many ms, and longer than round trips vary, is late. */
const rttsOfLateness = 2;
const leastLateMs = 50;
/** Probes under way whose answers still tell the round-trip time: a long way has several. */
const timedProbes = 16;
/** A peer that is heard anyway is probed all the same so often, to know the round-trip time. */
const timedEveryMs = 2_000;

export type LivenessVerdict = { readonly probe: number } | 'wait' | 'down';

export class Liveness {
  #sequence = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** When the last probes were sent, by sequence number modulo their count. */
  readonly #sentAts: number[] = [];
  #heardAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  /** When the first of the unanswered probes was sent. */
  #silentSince = 0;
  readonly #rtt = new SmoothedTime();

  /** Smoothed, in milliseconds; undefined before the first answer. */
  get rttMs(): number | undefined {
    return this.#rtt.meanMs;
  }

  /**
   * An answer is overdue that took less time so far: frames had better go another way, if there is one as good. Sooner or
   * later it comes, or the link is taken down.
   */
  isLate(now: number): boolean {
    const usualMs = Math.max(
      leastLateMs,
      rttsOfLateness * (this.rttMs ?? Number.POSITIVE_INFINITY),
      this.#rtt.lateMs ?? 0,
    );
    return this.#unanswered > 0 && now - this.#silentSince >= usualMs;
  }

  /** Anything that came from the peer shows that it lives. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#unanswered = 0;
  }

  answered(sequence: number, now: number): void {
    this.heard(now);
    const age = (this.#sequence - sequence) >>> 0;
    const sentAt = age < timedProbes ? this.#sentAts[sequence % timedProbes] : undefined;
    if (sentAt !== undefined) this.#rtt.sample(now - sentAt);
  }

  /** What to do now: send a probe with this sequence number, wait, or take the link down. */
  tick(now: number, intervalMs: number): LivenessVerdict {
    if (this.#isDead(now, intervalMs)) return 'down';
    const wasHeardAt = Math.min(this.#heardAt, this.#sentAt + timedEveryMs - intervalMs);
    if (now < Math.max(this.#sentAt, wasHeardAt) + intervalMs) return 'wait';
    this.#unanswered += 1;
    if (this.#unanswered === 1) this.#silentSince = now;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#sentAt = now;
    this.#sentAts[this.#sequence % timedProbes] = now;
    return { probe: this.#sequence };
  }

  #isDead(now: number, intervalMs: number): boolean {
    if (this.#unanswered < maxMisses) return false;
    const patienceMs = Math.max(leastPatienceMs, rttsOfPatience * (this.rttMs ?? Number.POSITIVE_INFINITY));
    const isLastLate = now - this.#sentAt >= Math.min(intervalMs, patienceMs);
    return isLastLate && now - this.#silentSince >= Math.min(this.#rtt.lateMs ?? longestPatienceMs, longestPatienceMs);
  }
}
