import type { Clock } from '../lib/clock.ts';

/**
 * One direction of an in-process byte stream. What is written arrives in a later turn of the event loop, in one piece:
 * the reader never runs inside the writer.
 */
export class Pipe {
  readonly #clock: Clock;
  readonly #deliver: (bytes: Uint8Array) => void;
  #pending: Uint8Array[] = [];

  constructor(clock: Clock, deliver: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  write(bytes: Uint8Array): void {
    if (this.#pending.length === 0) this.#clock.after(0, () => this.#flush());
    this.#pending.push(bytes);
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#deliver(pending.length === 1 ? pending[0]! : Buffer.concat(pending));
  }
}
