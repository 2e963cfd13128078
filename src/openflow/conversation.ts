import { FrameSplitter } from '../../ofp/index.ts';
import type { Agent, AgentConnection, AuxiliaryTo, ConnectionKind } from '../../switch/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { InactivityProbe } from './probe.ts';
import type { Snoop } from './snoop.ts';
import type { Stream } from './stream.ts';

export interface ConversationOptions {
  readonly agent: Agent;
  readonly stream: Stream;
  readonly kind: ConnectionKind;
  /** The connection that it stands beside. */
  readonly auxiliary?: AuxiliaryTo | undefined;
  readonly clock: Clock;
  /** Silence after which the other side is probed, and after as much again given up; 0: never. */
  readonly probeMs: number;
  readonly snoop?: Snoop | undefined;
  /** The agent, or the probe, ends the connection; the stream's `close` follows. */
  ended(reason: string): void;
}

/** While more than this waits for a peer to read it, in bytes, nothing more is read of it. */
const maxBacklog = 1 << 18;
/** A peer that connects and says nothing is let go after this time. */
const helloMs = 5_000;

/** An open stream and the agent's end of it: bytes both ways, back-pressure, probes. */
export class Conversation {
  readonly connection: AgentConnection;
  readonly #options: ConversationOptions;
  readonly #probe: InactivityProbe;
  readonly #splitter = new FrameSplitter();
  readonly #helloTimer: Timer;

  constructor(options: ConversationOptions) {
    const { agent, stream, kind, auxiliary, clock, probeMs, snoop } = options;
    this.#options = options;
    this.#probe = new InactivityProbe(clock, probeMs, {
      probe: () => this.#sendEcho(),
      dead: () => this.#giveUp(`nothing heard for ${(2 * probeMs) / 1000} s`),
    });
    this.#helloTimer = clock.after(helloMs, () => {
      if (!this.connection.isReady) this.#giveUp(`no hello in ${helloMs / 1000} s`);
    });
    let isWritable = true;
    const connection = agent.connect(
      {
        send: (bytes) => {
          snoop?.show(bytes);
          isWritable = stream.write(bytes);
          // The greeting is sent before there is a connection to tell.
          if (!isWritable && this.connection) this.connection.setWritable(false);
        },
        close: (reason) => {
          options.ended(reason);
          stream.end();
        },
      },
      kind,
      auxiliary,
    );
    this.connection = connection;
    if (!isWritable) connection.setWritable(false);
  }

  /** Bytes came in. */
  receive(bytes: Uint8Array): void {
    const { snoop, clock } = this.#options;
    this.#probe.heard();
    if (snoop) this.#show(bytes, snoop);
    this.connection.receive(bytes, clock.now());
    if (this.connection.backlog > maxBacklog) this.#options.stream.pause();
  }

  /** The stream takes more again. */
  drain(): void {
    this.connection.setWritable(true);
    if (this.connection.backlog <= maxBacklog) this.#options.stream.resume();
  }

  /** The stream is gone. */
  closed(): void {
    this.#probe.stop();
    this.#helloTimer.cancel();
    this.connection.closed();
  }

  #giveUp(reason: string): void {
    this.#options.ended(reason);
    this.#options.stream.destroy();
  }

  #show(bytes: Uint8Array, snoop: Snoop): void {
    if (this.#splitter.fault) return;
    try {
      for (const message of this.#splitter.push(bytes)) snoop.show(message);
    } catch {
      // A stream that cannot be cut into messages: the agent, which reads it too, ends it.
    }
  }

  #sendEcho(): void {
    if (!this.connection.isReady) return;
    // An echo request without data (OpenFlow 1.3 section 7.5.2); its transaction id means nothing to us.
    const echo = Uint8Array.of(this.connection.version, 2, 0, 8, 0, 0, 0, 0);
    this.#options.snoop?.show(echo);
    this.#options.stream.write(echo);
  }
}
