import { type Message, type OfpMessage, type RequestOutcome, Session } from '../../ofp/index.ts';
import type { OverlayController } from './overlay.ts';
import type { SwitchChange } from './rules.ts';

export interface ChannelOptions {
  /** Bytes for the switch. */
  readonly send: (bytes: Uint8Array) => void;
  /** The app is told of what the switch says, and its changes are sent to it. */
  readonly app: (send: (changes: readonly SwitchChange[]) => void) => OverlayController;
  readonly onProblem: (problem: ChannelProblem) => void;
}

export interface ChannelProblem {
  /** The switch refused a message, the conversation went wrong, or it ended. */
  readonly kind: 'refused' | 'unexpected' | 'ended';
  readonly detail: string;
}

const missSendLen = 0xffff;

type Handlers = { readonly [T in OfpMessage['type']]?: (message: Message<T>, now: number) => void };

/** The controller's end of the OpenFlow connection to one switch, in the same process: it needs no probes. */
export class SwitchChannel {
  readonly app: OverlayController;
  readonly #options: ChannelOptions;
  readonly #session: Session;
  readonly #handlers: Handlers;

  constructor(options: ChannelOptions, now: number) {
    this.#options = options;
    this.app = options.app((changes) =>
      this.#session.batch(() => {
        for (const change of changes) this.#session.send(change);
      }),
    );
    this.#handlers = {
      error: ({ errorType, code, xid }) => this.#problem('refused', `error ${errorType}/${code} to message ${xid}`),
      packetIn: (message, at) => this.app.packetIn(message, at),
      portStatus: (message) => this.app.portStatus(message),
      flowRemoved: (message, at) => this.app.flowRemoved(message, at),
    };
    this.#session = new Session(
      {
        side: 'controller',
        echoIntervalMs: 0,
        sink: {
          send: (bytes) => options.send(bytes),
          ready: (_features, at) => this.#setUp(at),
          message: (message, _frame, at) => {
            const handle = this.#handlers[message.type] as ((message: OfpMessage, now: number) => void) | undefined;
            handle?.(message, at);
          },
          problem: (problem) =>
            this.#problem('unexpected', problem.kind === 'malformed' ? problem.error.message : JSON.stringify(problem)),
          ended: ({ code, detail }) => this.#problem('ended', `${code}: ${detail}`),
        },
      },
      now,
    );
  }

  start(): void {
    this.#session.start();
  }

  /** Any piece of the byte stream. */
  receive(bytes: Uint8Array, now: number): void {
    this.#session.receive(bytes, now);
  }

  #setUp(now: number): void {
    this.#session.send({ type: 'setConfig', flags: 0, missSendLen });
    this.#session.request({ type: 'multipartRequest', multipart: 'portDesc', body: {} }, now, (outcome) =>
      this.#portsListed(outcome),
    );
  }

  #portsListed(outcome: RequestOutcome): void {
    const reply = outcome.kind === 'reply' ? outcome.message : undefined;
    if (reply?.type === 'multipartReply' && reply.multipart === 'portDesc') this.app.connected(reply.body);
    else this.#problem('refused', `no list of ports: ${outcome.kind}`);
  }

  #problem(kind: ChannelProblem['kind'], detail: string): void {
    this.#options.onProblem({ kind, detail });
  }
}
