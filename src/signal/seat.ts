import { randomBytes } from 'node:crypto';
import { type RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import type { RendezvousCounters } from './server.ts';
import { type ClientMessage, clientMessageSchema, readMessage, type ServerMessage, type WireMember } from './wire.ts';

export interface SeatHost {
  readonly clock: Clock;
  readonly counters: RendezvousCounters;
  message(seat: Seat, message: ClientMessage): void;
  gone(seat: Seat): void;
}

export interface Registration {
  readonly overlay: string;
  readonly nodeId: string;
  readonly member: WireMember;
}

const registerTimeoutMs = 5_000;
/** A node that joins a large overlay trades offers, answers and candidates with a handful of others. */
const messageBurst = 400;
const messagesPerSecond = 100;
/** What may wait for a client that does not read: more than the largest list of members. */
const maxBufferedBytes = 1024 * 1024;
/** RFC 6455 section 7.4.1: the message violates the policy of the server. */
const policyViolation = 1008;

/** The server's end of one connection: its challenge, its rate and its send buffer. */
export class Seat {
  /** 32 bytes, base64url. */
  readonly nonce = randomBytes(32).toString('base64url');
  readonly #socket: WebSocket;
  readonly #host: SeatHost;
  readonly #bucket: TokenBucket;
  readonly #registerTimer: Timer;
  #registration: Registration | undefined;
  #answered = true;

  constructor(socket: WebSocket, host: SeatHost) {
    this.#socket = socket;
    this.#host = host;
    this.#bucket = new TokenBucket(messageBurst, messagesPerSecond, host.clock.now());
    this.#registerTimer = host.clock.after(registerTimeoutMs, () =>
      this.refuse('unregistered', 'no registration in time'),
    );
    socket.on('message', (data, isBinary) => this.#received(data, isBinary));
    socket.on('pong', () => {
      this.#answered = true;
    });
    // Pings cost as much as messages do, and their answers wait in the same buffer.
    socket.on('ping', (data) => {
      if (this.#admits() && this.#reads()) socket.pong(data);
    });
    // A frame that breaks the protocol or is too long; the library ends the connection.
    socket.on('error', () => {
      host.counters.malformed += 1;
    });
    socket.on('close', () => {
      this.#registerTimer.cancel();
      host.gone(this);
    });
    this.send({ type: 'challenge', v: 1, nonce: this.nonce });
  }

  get registration(): Registration | undefined {
    return this.#registration;
  }

  register(registration: Registration): void {
    this.#registerTimer.cancel();
    this.#registration = registration;
  }

  send(message: ServerMessage): void {
    if (this.#reads()) this.#socket.send(JSON.stringify(message));
  }

  /** Says why, counts it, and ends the connection. */
  refuse(why: keyof RendezvousCounters, reason: string): void {
    this.#host.counters[why] += 1;
    this.send({ type: 'refused', reason });
    this.close(policyViolation, reason);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Ends a connection that did not answer the last one: its machine is gone, and TCP has not noticed. */
  ping(): void {
    if (!this.#answered) {
      this.#host.counters.silent += 1;
      this.#socket.terminate();
      return;
    }
    this.#answered = false;
    this.#socket.ping();
  }

  #received(data: RawData, isBinary: boolean): void {
    if (!this.#admits()) return;
    const message = isBinary ? undefined : readMessage(clientMessageSchema, String(data));
    if (message === undefined) this.refuse('malformed', 'not a message of this protocol');
    else this.#host.message(this, message);
  }

  /** Whether the client may send one more; counted if not. */
  #admits(): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    if (this.#bucket.take(this.#host.clock.now())) return true;
    this.#host.counters.overRate += 1;
    return false;
  }

  /** Whether the client may be sent one more: one that does not read is cut off, lest it fill the memory. */
  #reads(): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    if (this.#socket.bufferedAmount <= maxBufferedBytes) return true;
    this.#host.counters.slow += 1;
    this.#socket.terminate();
    return false;
  }
}
