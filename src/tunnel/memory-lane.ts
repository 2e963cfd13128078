import type { Clock, Random, Timer } from '../lib/clock.ts';
import type { MemoryPath } from './memory-network.ts';

/** SCTP's retransmission timer, first and longest (RFC 9260 section 16, as the real transport sets it). */
const firstRetryMs = 200;
const longestRetryMs = 10_000;
/** As the real control lane's bound. */
const queueBytes = 1024 * 1024;

export interface MemoryWire {
  readonly clock: Clock;
  readonly random: Random;
  readonly pool: MessagePool;
  /** The way to the other end as it is now. */
  way(): MemoryPath;
}

const pieceSize = 65_536;

/** Copies of messages, cut from large pieces: a buffer of its own for each costs more than all that is done with it. */
export class MessagePool {
  #piece = new Uint8Array(0);
  #used = 0;

  copy(message: Uint8Array): Uint8Array {
    if (message.length > pieceSize / 2) return message.slice();
    if (this.#used + message.length > this.#piece.length) {
      this.#piece = new Uint8Array(pieceSize);
      this.#used = 0;
    }
    const copy = this.#piece.subarray(this.#used, this.#used + message.length);
    copy.set(message);
    this.#used += message.length;
    return copy;
  }
}

/** Sends each batch once, and what is lost is lost. Where frames are doubled or overtake each other, each goes its own way. */
export function sendUnreliably(
  wire: MemoryWire,
  messages: readonly Uint8Array[],
  deliver: (messages: readonly Uint8Array[]) => void,
): void {
  const { latencyMs, loss, duplicate = 0, jitterMs = 0 } = wire.way();
  const kept = messages.filter(() => wire.random() >= loss).map((message) => wire.pool.copy(message));
  if (kept.length === 0) return;
  if (duplicate === 0 && jitterMs === 0) {
    wire.clock.after(latencyMs, () => deliver(kept));
    return;
  }
  for (const message of kept) {
    const times = wire.random() < duplicate ? 2 : 1;
    for (let i = 0; i < times; i++) wire.clock.after(latencyMs + wire.random() * jitterMs, () => deliver([message]));
  }
}

/** Delivers all, in order: a lost message is sent again, and those behind it wait. */
export class ReliableLane {
  readonly #wire: MemoryWire;
  readonly #deliver: (message: Uint8Array) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** What is under way, in order; timers of equal time may fire in any order. */
  readonly #flying: (() => void)[] = [];
  #lastArrival = 0;
  #retryMs = firstRetryMs;
  #retry: Timer | undefined;

  constructor(wire: MemoryWire, deliver: (message: Uint8Array) => void) {
    this.#wire = wire;
    this.#deliver = deliver;
  }

  send(message: Uint8Array): boolean {
    if (this.#waitingBytes + message.length > queueBytes) return false;
    this.#waiting.push(this.#wire.pool.copy(message));
    this.#waitingBytes += message.length;
    if (this.#retry === undefined) this.#pump();
    return true;
  }

  /** Ends the lane; `task` runs at the other end after all that is under way. */
  end(task: () => void): void {
    this.stop();
    this.#fly(task);
  }

  stop(): void {
    this.#retry?.cancel();
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #pump(): void {
    this.#retry = undefined;
    for (;;) {
      const message = this.#waiting[0];
      if (message === undefined) return;
      if (this.#wire.random() < this.#wire.way().loss) {
        this.#retry = this.#wire.clock.after(this.#retryMs, () => this.#pump());
        this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
        return;
      }
      this.#retryMs = firstRetryMs;
      this.#waiting.shift();
      this.#waitingBytes -= message.length;
      this.#fly(() => this.#deliver(message));
    }
  }

  #fly(task: () => void): void {
    const now = this.#wire.clock.now();
    this.#lastArrival = Math.max(this.#lastArrival, now + this.#wire.way().latencyMs);
    this.#flying.push(task);
    this.#wire.clock.after(this.#lastArrival - now, () => this.#flying.shift()?.());
  }
}
