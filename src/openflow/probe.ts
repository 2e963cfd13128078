import type { Clock, Timer } from '../lib/clock.ts';

export interface ProbeEvents {
  /** Nothing came for an interval: time for an echo request. */
  probe(): void;
  /** Nothing at all came for another interval. */
  dead(): void;
}

/** Tells whether the other side is alive. Any byte is a sign of life, not the answer to a probe alone. */
export class InactivityProbe {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #events: ProbeEvents;
  #heardAt: number;
  #state: 'heard' | 'probed' | 'suspect' = 'heard';
  #timer: Timer | undefined;

  /** `intervalMs` 0: never probes, and finds nobody dead. */
  constructor(clock: Clock, intervalMs: number, events: ProbeEvents) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#events = events;
    this.#heardAt = clock.now();
    if (intervalMs > 0) this.#wait(intervalMs);
  }

  heard(): void {
    this.#heardAt = this.#clock.now();
    this.#state = 'heard';
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#check());
  }

  #check(): void {
    const deadline = this.#state === 'heard' ? this.#intervalMs : 2 * this.#intervalMs;
    const left = this.#heardAt + deadline - this.#clock.now();
    if (left > 0) {
      this.#wait(left);
    } else if (this.#state === 'heard') {
      this.#state = 'probed';
      this.#wait(this.#intervalMs);
      this.#events.probe();
    } else if (this.#state === 'probed') {
      // What waits to be read comes first, in case this side stood still.
      this.#state = 'suspect';
      this.#wait(0);
    } else {
      this.#events.dead();
    }
  }
}
