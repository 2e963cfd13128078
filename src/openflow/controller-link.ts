import type { Agent, AgentConnection, AuxiliaryTo } from '../../switch/index.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock, Random, Timer } from '../lib/clock.ts';
import { Conversation } from './conversation.ts';
import type { Snoop } from './snoop.ts';
import type { Dial, Stream, StreamEvents } from './stream.ts';

export interface ControllerLinkOptions {
  /** In Open vSwitch's notation, to tell it from others. */
  readonly target: string;
  readonly dial: Dial;
  readonly agent: Agent;
  readonly clock: Clock;
  readonly random: Random;
  readonly probeMs: number;
  readonly snoop?: Snoop;
  /** Connections to make beside the main one while that stands (OpenFlow 1.3 section 6.3.5). */
  readonly auxiliaries?: number;
  /** It is such a one itself. */
  readonly auxiliary?: AuxiliaryTo;
  readonly events: ControllerLinkEvents;
}

export interface ControllerLinkEvents {
  /** Hellos are exchanged. */
  connected(): void;
  /** The end of what `connected` told of; the next attempt begins in `retryMs`. */
  disconnected(reason: string, retryMs: number): void;
  /** An attempt came to nothing. `failures`: how many in a row. */
  failed(reason: string, retryMs: number, failures: number): void;
}

export type ControllerState = 'dialling' | 'greeting' | 'connected' | 'waiting';

/** A controller that is silent on the way to a connection, over TLS too, is tried anew after this time. */
const connectMs = 5_000;

/** One controller that the switch dials, again and again, as long as it is open. */
export class ControllerLink {
  readonly target: string;
  readonly #options: ControllerLinkOptions;
  #state: ControllerState = 'waiting';
  #since: number;
  #lastProblem: string | undefined;
  #failures = 0;
  #conversation: Conversation | undefined;
  #stream: Stream | undefined;
  #auxiliaries: readonly ControllerLink[] = [];
  #timer: Timer | undefined;
  #isClosed = false;

  /** Dials in a later turn. */
  constructor(options: ControllerLinkOptions) {
    this.target = options.target;
    this.#options = options;
    this.#since = options.clock.now();
    this.#dialAfter(0);
  }

  get state(): ControllerState {
    return this.#state;
  }

  /** When the state was entered, ms of the clock. */
  get since(): number {
    return this.#since;
  }

  /** Why the last attempt or connection ended; undefined while connected and before the first attempt ended. */
  get lastProblem(): string | undefined {
    return this.#state === 'connected' ? undefined : this.#lastProblem;
  }

  /** While there is one. */
  get connection(): AgentConnection | undefined {
    return this.#conversation?.connection;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#closeAuxiliaries();
    this.#conversation?.connection.close('this switch ends');
    this.#conversation?.closed();
    this.#stream?.destroy();
  }

  #dialAfter(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => this.#dial());
  }

  #dial(): void {
    const { dial, clock, agent, probeMs, snoop, auxiliary } = this.#options;
    this.#enter('dialling');
    let reason: string | undefined;
    const events: StreamEvents = {
      open: () => {
        this.#timer?.cancel();
        if (this.#isClosed) return;
        this.#enter('greeting');
        this.#conversation = new Conversation({
          ...{ agent, stream, clock, probeMs, snoop, auxiliary, kind: 'controller' },
          ended: (why) => {
            reason ??= why;
          },
        });
      },
      data: (bytes) => this.#receive(bytes),
      drain: () => this.#conversation?.drain(),
      close: (why) => this.#ended(reason ?? why),
    };
    const stream = dial(events);
    this.#stream = stream;
    this.#timer = clock.after(connectMs, () => {
      reason = `no answer in ${connectMs / 1000} s`;
      stream.destroy();
    });
  }

  #receive(bytes: Uint8Array): void {
    const conversation = this.#conversation;
    if (!conversation || this.#isClosed) return;
    conversation.receive(bytes);
    if (this.#state !== 'greeting' || !conversation.connection.isReady) return;
    this.#enter('connected');
    this.#addAuxiliaries(conversation.connection);
    this.#options.events.connected();
  }

  #addAuxiliaries(main: AgentConnection): void {
    const { auxiliaries = 0, ...options } = this.#options;
    const nobody = { connected: () => {}, disconnected: () => {}, failed: () => {} };
    this.#auxiliaries = Array.from(
      { length: auxiliaries },
      (_, i) => new ControllerLink({ ...options, auxiliary: { main, id: i + 1 }, events: nobody }),
    );
  }

  #closeAuxiliaries(): void {
    for (const link of this.#auxiliaries) link.close();
    this.#auxiliaries = [];
  }

  #ended(reason: string): void {
    const { clock, random, events } = this.#options;
    this.#timer?.cancel();
    this.#closeAuxiliaries();
    this.#conversation?.closed();
    this.#conversation = undefined;
    this.#stream = undefined;
    if (this.#isClosed) return;
    // A controller that accepts and hangs up at once is a failing one.
    const wasConnected = this.#state === 'connected';
    if (wasConnected && clock.now() - this.#since >= backoffMs(this.#failures, 1)) this.#failures = 0;
    const retryMs = backoffMs(this.#failures++, random());
    this.#lastProblem = reason;
    this.#enter('waiting');
    this.#dialAfter(retryMs);
    if (wasConnected) events.disconnected(reason, retryMs);
    else events.failed(reason, retryMs, this.#failures);
  }

  #enter(state: ControllerState): void {
    this.#state = state;
    this.#since = this.#options.clock.now();
  }
}
