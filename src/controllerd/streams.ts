import type { Connection, Controller } from '../controller/index.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import type { Dial, Stream, StreamEvents } from '../openflow/index.ts';

/** A switch that sends more than this at a time waits for the others, bytes. */
const sliceBytes = 16_384;
const connectMs = 5_000;

/** Hands an open stream to the controller. */
export function joinStream(
  controller: Controller,
  peer: string,
  clock: Clock,
): { events: StreamEvents; use(stream: Stream): void } {
  let connection: Connection | undefined;
  let stream: Stream;
  return {
    use: (opened) => {
      stream = opened;
      connection = controller.accept(
        peer,
        {
          security: stream.security,
          send: (bytes) => {
            // The greeting is sent before there is a connection to tell.
            if (!stream.write(bytes)) connection?.setWritable(false);
          },
          close: () => stream.end(),
        },
        clock.now(),
      );
    },
    events: {
      open: () => {},
      data: (bytes) => {
        connection?.receive(bytes, clock.now());
        if (bytes.length < sliceBytes) return;
        stream.pause();
        clock.after(0, () => stream.resume());
      },
      drain: () => connection?.setWritable(true),
      close: () => connection?.closed(),
    },
  };
}

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
