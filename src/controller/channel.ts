import {
  decode,
  encode,
  FrameSplitter,
  type Message,
  MultipartReplyFlags,
  OfpDecodeError,
  type OfpMessage,
  type OfpMessageInput,
} from '../../ofp/index.ts';
import type { OverlayController } from './overlay.ts';
import type { FlowChange } from './rules.ts';

export interface ChannelOptions {
  /** Bytes for the switch. */
  readonly send: (bytes: Uint8Array) => void;
  /** The app is told of what the switch says, and its changes are sent to it. */
  readonly app: (send: (changes: readonly FlowChange[]) => void) => OverlayController;
  readonly onProblem: (problem: ChannelProblem) => void;
}

export interface ChannelProblem {
  /** The switch refused a message, or sent what cannot be read. */
  readonly kind: 'refused' | 'malformed';
  readonly detail: string;
}

const version = 4;
const missSendLength = 0xffff;

type Outgoing = OfpMessageInput extends infer M
  ? M extends OfpMessageInput
    ? Omit<M, 'version' | 'xid'>
    : never
  : never;
type PortList = Extract<OfpMessage, { multipart: 'portDesc'; type: 'multipartReply' }>['body'];
type Handlers = { readonly [T in OfpMessage['type']]?: (message: Message<T>, now: number) => void };

/** The controller's end of the OpenFlow connection to one switch. */
export class SwitchChannel {
  readonly app: OverlayController;
  readonly #options: ChannelOptions;
  readonly #splitter = new FrameSplitter();
  readonly #handlers: Handlers;
  #xid = 0;
  #ports: PortList = [];

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.app = options.app((changes) => {
      for (const change of changes) this.#send(change);
    });
    this.#handlers = {
      echoRequest: ({ data, xid }) => this.#write({ type: 'echoReply', data, version, xid }),
      error: ({ errorType, code, xid }) => this.#problem('refused', `error ${errorType}/${code} to message ${xid}`),
      multipartReply: (reply) => this.#multipart(reply),
      packetIn: (message, now) => this.app.packetIn(message, now),
      portStatus: (message) => this.app.portStatus(message),
      flowRemoved: (message) => this.app.flowRemoved(message),
    };
  }

  start(): void {
    this.#send({ type: 'hello', elements: [{ type: 'versionBitmap', bitmaps: [1 << version] }] });
    this.#send({ type: 'featuresRequest' });
    this.#send({ type: 'setConfig', flags: 0, missSendLen: missSendLength });
    this.#send({ type: 'multipartRequest', multipart: 'portDesc', body: {} });
  }

  /** Any piece of the byte stream. */
  receive(bytes: Uint8Array, now: number): void {
    for (const frame of this.#splitter.push(bytes)) this.#message(frame, now);
  }

  #message(frame: Uint8Array, now: number): void {
    let message: OfpMessage;
    try {
      message = decode(frame);
    } catch (error) {
      if (!(error instanceof OfpDecodeError)) throw error;
      this.#problem('malformed', error.message);
      return;
    }
    const handle = this.#handlers[message.type] as ((message: OfpMessage, now: number) => void) | undefined;
    handle?.(message, now);
  }

  #multipart(reply: Message<'multipartReply'>): void {
    if (reply.multipart !== 'portDesc') return;
    this.#ports = [...this.#ports, ...reply.body];
    if (reply.flags & MultipartReplyFlags.MORE) return;
    this.app.connected(this.#ports);
    this.#ports = [];
  }

  #send(message: Outgoing): void {
    this.#xid = (this.#xid + 1) >>> 0;
    this.#write({ ...message, version, xid: this.#xid } as OfpMessageInput);
  }

  #write(message: OfpMessageInput): void {
    this.#options.send(encode(message));
  }

  #problem(kind: ChannelProblem['kind'], detail: string): void {
    this.#options.onProblem({ kind, detail });
  }
}
