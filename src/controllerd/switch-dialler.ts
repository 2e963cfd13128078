import type { Controller } from '../controller/index.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import { type Dial, joinStream, type Stream } from '../openflow/index.ts';

const connectMs = 5_000;

export interface DialOptions {
  /** In Open vSwitch's notation. */
  readonly target: string;
  readonly dial: Dial;
  readonly controller: Controller;
  readonly clock: Clock;
  readonly random: Random;
}

/** Dials a switch that waits for it, again and again. */
export class SwitchDialler {
  readonly #options: DialOptions;
  #timer: Timer | undefined;
  #stream: Stream | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#timer = options.clock.after(0, () => this.#dial());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#stream?.destroy();
  }

  #dial(): void {
    const { target, dial, controller, clock, random } = this.#options;
    const { events, use } = joinStream(controller, target, clock);
    const stream = dial({
      ...events,
      open: () => {
        this.#timer?.cancel();
        this.#failures = 0;
        use(stream);
      },
      close: (reason) => {
        this.#timer?.cancel();
        events.close(reason);
        if (this.#isClosed) return;
        this.#timer = clock.after(backoffMs(this.#failures++, random()), () => this.#dial());
      },
    });
    this.#stream = stream;
    this.#timer = clock.after(connectMs, () => stream.destroy());
  }
}
