/** Between suspecting a peer and giving it up, ms: time to read what waits, in case this side stood still. */
const graceMs = 500;

/**
 * Tells a dead peer from a slow one. A peer that has been silent for an interval is probed; it is dead when nothing at
 * all has come from it for a timeout after that. Any byte counts as a sign of life, not the answer to the probe alone.
 */
export class Liveness {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #state: 'heard' | 'probed' | 'suspect' = 'heard';
  #dueAt: number;

  /** `intervalMs` 0 never probes, and finds nobody dead. */
  constructor(intervalMs: number, timeoutMs: number, now: number) {
    this.#intervalMs = intervalMs === 0 ? Number.POSITIVE_INFINITY : intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#dueAt = now + this.#intervalMs;
  }

  /** When `check` is to be called next, ms. */
  get dueAt(): number {
    return this.#dueAt;
  }

  heard(now: number): void {
    this.#state = 'heard';
    this.#dueAt = now + this.#intervalMs;
  }

  /** What is to be done now. */
  check(now: number): 'nothing' | 'probe' | 'dead' {
    if (now < this.#dueAt) return 'nothing';
    if (this.#state === 'suspect') return 'dead';
    const next = this.#state === 'heard' ? ('probed' as const) : ('suspect' as const);
    this.#state = next;
    this.#dueAt = now + (next === 'probed' ? this.#timeoutMs : graceMs);
    return next === 'probed' ? 'probe' : 'nothing';
  }
}
