import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/system-clock.ts';
import { decodeEchoReply, type EchoReply, encodeEchoRequest, type Family } from './echo-message.ts';
import { explain, TapError } from './errors.ts';
import { type IcmpSocket, native } from './native.ts';
import { PacketBatch } from './packet-batch.ts';

export interface EchoSocketOptions {
  family: Family;
  /** Path of the network namespace to send from, such as /run/netns/NAME; without: the process's own. */
  netns?: string;
  clock?: Clock;
}

/** A ping whose answer is awaited. */
interface Waiting {
  token: Uint8Array;
  sentAt: number;
  end(rtt: number | undefined): void;
}

/** Enough for a token that no stranger's reply carries by chance. */
const TOKEN_BYTES = 16;

/** Sends echo requests (pings) and receives the replies, out of any network namespace. */
export class EchoSocket {
  readonly #family: Family;
  readonly #clock: Clock;
  readonly #socket: IcmpSocket;
  readonly #batch = PacketBatch.of(128);
  readonly #id = randomInt(0x10000);
  readonly #waiting = new Map<number, Waiting>();
  #nextSeq = 0;
  #onReply: (reply: EchoReply) => void = () => {};

  /** Throws ECHO_NO_PERMISSION, TAP_NO_PERMISSION (of the namespace), TAP_NO_NETNS or TAP_NOT_BUILT. */
  constructor({ family, netns = '', clock = systemClock }: EchoSocketOptions) {
    this.#family = family;
    this.#clock = clock;
    const { slab, bounds, largest } = this.#batch;
    const { IcmpSocket } = native();
    try {
      const onBatch = (count: number) => this.#deliver(count);
      const onError = () => this.close();
      this.#socket = new IcmpSocket({ family, netns, slab, bounds, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, `an echo socket in ${netns}`, netns);
    }
  }

  /**
   * `address` is numeric; a link-local one has its interface behind a '%'. `id` and `seq`: 16 bits each.
   * Throws ECHO_BAD_ADDRESS, or ECHO_NOT_SENT (no route, no neighbour).
   */
  send(address: string, id: number, seq: number, payload: Uint8Array): void {
    try {
      this.#socket.send(address, encodeEchoRequest(this.#family, id, seq, payload));
    } catch (error) {
      throw explain(error, address);
    }
  }

  /** Sets the one handler of replies, whoever asked: the kernel shows each to all sockets of a namespace. */
  onReply(handler: (reply: EchoReply) => void): void {
    this.#onReply = handler;
  }

  /**
   * The round trip time in milliseconds; undefined when no answer came in time, or the request could not be sent.
   * Any number may wait at once. Throws ECHO_BAD_ADDRESS.
   */
  async ping(address: string, timeoutMs: number): Promise<number | undefined> {
    const seq = this.#nextSeq;
    this.#nextSeq = (seq + 1) & 0xffff;
    this.#waiting.get(seq)?.end(undefined);
    const token = randomBytes(TOKEN_BYTES);
    const sentAt = this.#clock.now();
    try {
      this.send(address, this.#id, seq, token);
    } catch (error) {
      if (error instanceof TapError && error.code === 'ECHO_NOT_SENT') return undefined;
      throw error;
    }
    return new Promise((resolve) => {
      const end = (rtt: number | undefined) => {
        timer.cancel();
        this.#waiting.delete(seq);
        resolve(rtt);
      };
      const timer = this.#clock.after(timeoutMs, () => end(undefined));
      this.#waiting.set(seq, { token, sentAt, end });
    });
  }

  /** Pings that wait get no answer. */
  close(): void {
    this.#socket.close();
    for (const waiting of [...this.#waiting.values()]) waiting.end(undefined);
  }

  #deliver(count: number): void {
    for (const packet of this.#batch.views(count)) {
      const reply = decodeEchoReply(this.#family, packet);
      if (reply === undefined) continue;
      this.#onReply(reply);
      const waiting = reply.id === this.#id ? this.#waiting.get(reply.seq) : undefined;
      if (waiting && Buffer.compare(waiting.token, reply.payload) === 0)
        waiting.end(this.#clock.now() - waiting.sentAt);
    }
  }
}
