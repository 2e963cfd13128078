import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import type { Signer } from '../lib/ed25519.ts';
import { Connection, type ConnectionCounters } from './connection.ts';
import { SignalError } from './errors.ts';
import type { Signal, SignalEvents } from './signal.ts';

export interface RendezvousClientOptions {
  /** `ws://HOST:PORT` or `wss://HOST:PORT`. */
  readonly url: string;
  /** 1 to 64 characters of [A-Za-z0-9._-]. */
  readonly overlay: string;
  readonly signer: Signer;
  readonly name: string;
  readonly events: SignalEvents;
  readonly clock: Clock;
  readonly random: Random;
}

/** A connection that lasted this long was a good one: the next failure starts from the shortest delay again. */
const stableMs = 10_000;

/** A node's end of a WebSocket rendezvous, reconnecting for as long as it is not closed. */
export class RendezvousClient implements Signal {
  readonly counters: ConnectionCounters = { malformed: 0, sendDropped: 0 };
  readonly #options: RendezvousClientOptions;
  #connection: Connection | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #state: 'new' | 'started' | 'closed' = 'new';
  /** Of the first attempt. */
  #settle: { resolve: () => void; reject: (error: SignalError) => void } | undefined;

  constructor(options: RendezvousClientOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    if (this.#state !== 'new') {
      return Promise.reject(new SignalError('SIGNAL_CLOSED', 'this rendezvous client was started or closed before'));
    }
    this.#state = 'started';
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#connect();
    });
  }

  send(to: string, payload: string): boolean {
    const taken = this.#connection?.send(to, payload) === true;
    if (!taken) this.counters.sendDropped += 1;
    return taken;
  }

  close(): void {
    this.#state = 'closed';
    this.#retry?.cancel();
    this.#connection?.close();
    this.#connection = undefined;
    this.#settle?.reject(new SignalError('SIGNAL_CLOSED', 'closed before the rendezvous answered'));
    this.#settle = undefined;
  }

  #connect(): void {
    const { events, clock } = this.#options;
    let registeredAt: number | undefined;
    this.#connection = new Connection({
      ...this.#options,
      counters: this.counters,
      registered: (members) => {
        registeredAt = clock.now();
        events.state(true, 'registered');
        events.members(members);
        this.#settle?.resolve();
        this.#settle = undefined;
      },
      ended: (error) => {
        this.#connection = undefined;
        if (this.#state === 'closed') return;
        if (this.#settle !== undefined) {
          this.#state = 'closed';
          this.#settle.reject(error);
          this.#settle = undefined;
          return;
        }
        if (registeredAt !== undefined) events.state(false, error.message);
        if (registeredAt !== undefined && clock.now() - registeredAt >= stableMs) this.#failures = 0;
        this.#reconnect();
      },
    });
  }

  #reconnect(): void {
    const delay = backoffMs(this.#failures, this.#options.random());
    this.#failures += 1;
    this.#retry = this.#options.clock.after(delay, () => this.#connect());
  }
}
