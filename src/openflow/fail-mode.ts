import type { Clock, Timer } from '../lib/clock.ts';

export type FailMode = 'standalone' | 'secure';
export const failModes = ['standalone', 'secure'] as const satisfies readonly FailMode[];

/** Silences of this many probe intervals without a controller, and the switch stands alone. */
const patience = 3;
/** Where probes are switched off. */
const standardProbeMs = 5_000;

export interface FailModeOptions {
  readonly mode: FailMode;
  readonly probeMs: number;
  readonly clock: Clock;
  /** True: no controller for too long, forward on your own. False: there is one again. */
  change(isAlone: boolean): void;
}

/** Decides when a switch whose controllers are gone forwards on its own. Begins as one whose controllers were just lost. */
export class FailModeWatch {
  readonly #options: FailModeOptions;
  readonly #patienceMs: number;
  #isAlone = false;
  #connected = 0;
  #timer: Timer | undefined;

  constructor(options: FailModeOptions) {
    this.#options = options;
    this.#patienceMs = patience * (options.probeMs || standardProbeMs);
    this.#wait();
  }

  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** A controller finished its handshake. */
  connected(): void {
    this.#connected += 1;
    this.#timer?.cancel();
    this.#set(false);
  }

  /** One that had done so is gone. */
  disconnected(): void {
    this.#connected -= 1;
    if (this.#connected === 0) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    const { mode, clock } = this.#options;
    if (mode === 'secure') return;
    this.#timer = clock.after(this.#patienceMs, () => this.#set(true));
  }

  #set(isAlone: boolean): void {
    if (this.#isAlone === isAlone) return;
    this.#isAlone = isAlone;
    this.#options.change(isAlone);
  }
}
