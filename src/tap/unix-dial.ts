import { createConnection, type Socket } from 'node:net';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import { systemClock } from '../lib/system-clock.ts';
import { UnixPort, type UnixPortOptions } from './unix-port.ts';

export interface UnixDialOptions extends UnixPortOptions {
  clock?: Clock;
  random?: Random;
}

/** A port that connects to a socket somebody else listens on, and again and again while it cannot. */
export function dialUnixPort(options: UnixDialOptions): UnixPort {
  const port = new UnixPort(options);
  port.attachTo(new Dialler(options, (socket) => port.connect(socket)));
  return port;
}

class Dialler {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onSocket: (socket: Socket) => void;
  #failures = 0;
  #isClosed = false;
  #attempt: Socket | undefined;
  #timer: Timer | undefined;

  constructor(
    { path, clock = systemClock, random = Math.random }: UnixDialOptions,
    onSocket: (socket: Socket) => void,
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#random = random;
    this.#onSocket = onSocket;
    this.#dial();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#attempt?.destroy();
  }

  #dial(): void {
    const socket = createConnection({ path: this.#path });
    this.#attempt = socket;
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('connect', () => {
      this.#failures = 0;
      if (!this.#isClosed) this.#onSocket(socket);
    });
    socket.on('close', () => {
      if (this.#isClosed) return;
      this.#timer = this.#clock.after(backoffMs(this.#failures, this.#random()), () => this.#dial());
      this.#failures += 1;
    });
  }
}
