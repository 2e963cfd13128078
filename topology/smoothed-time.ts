/** Share of a new sample in the mean and in the deviation: more than in RFC 6298 section 2.3, since samples are rare here. */
const gain = 1 / 4;
const deviationsOfPatience = 4;

/** How long something takes that is done time and again, in ms, and after how long it is late (RFC 6298 section 2). */
export class SmoothedTime {
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** Undefined before the first sample. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** What takes longer is late; undefined before the first sample. */
  get lateMs(): number | undefined {
    return this.#meanMs === undefined ? undefined : this.#meanMs + deviationsOfPatience * this.#deviationMs;
  }

  sample(ms: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) * gain;
    this.#meanMs += (ms - this.#meanMs) * gain;
  }
}
