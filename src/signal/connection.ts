import { WebSocket } from 'ws';
import type { Clock, Timer } from '../lib/clock.ts';
import { nodeIdOf, type Signer } from '../lib/ed25519.ts';
import { SignalError } from './errors.ts';
import type { Member, SignalEvents } from './signal.ts';
import {
  type ClientMessage,
  maxClientMessageBytes,
  maxServerMessageBytes,
  readMessage,
  register,
  type ServerMessage,
  serverMessageSchema,
  type WireMember,
} from './wire.ts';

export interface ConnectionCounters {
  /** Messages of the server that were none of the protocol, or out of turn; they were ignored. */
  malformed: number;
  /** Messages that `send` did not take. */
  sendDropped: number;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly overlay: string;
  readonly name: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly events: Pick<SignalEvents, 'joined' | 'left' | 'message'>;
  readonly counters: ConnectionCounters;
  registered(members: Member[]): void;
  /** Called once, whether it ever was registered or not; not after `close`. */
  ended(error: SignalError): void;
}

/** From the attempt to connect to the list of members. */
const registerTimeoutMs = 5_000;
/** The server pings every 10 s; a TCP connection that lost its other end would else seem to live for ever. */
const silenceMs = 30_000;
/** How long a good-bye may take. */
const closeTimeoutMs = 1_000;
const maxBufferedBytes = 256 * 1024;
/** RFC 6455 section 7.4.1. */
const normalClosure = 1000;

/** One attempt at a connection to a rendezvous server, and the connection if it succeeds. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: WebSocket;
  #timer: Timer;
  #state: 'connecting' | 'challenged' | 'registered' | 'ended' = 'connecting';
  #reason = 'the connection was closed';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const socket = open(options.url);
    this.#socket = socket;
    this.#timer = options.clock.after(registerTimeoutMs, () => this.#fail('no answer'));
    socket.on('message', (data, isBinary) => this.#received(isBinary ? '' : String(data)));
    socket.on('ping', () => this.#heard());
    socket.on('error', (error) => {
      this.#reason = reasonOf(error);
    });
    socket.on('close', (_code, reason) => this.#fail(reason.length > 0 ? String(reason) : this.#reason));
  }

  send(to: string, payload: string): boolean {
    if (this.#state !== 'registered' || this.#socket.readyState !== WebSocket.OPEN) return false;
    const text = JSON.stringify({ type: 'relay', to, payload } satisfies ClientMessage);
    const size = Buffer.byteLength(text);
    if (size > maxClientMessageBytes || this.#socket.bufferedAmount + size > maxBufferedBytes) return false;
    this.#socket.send(text);
    return true;
  }

  /** Says good-bye; what was sent before still goes out. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#timer.cancel();
    this.#socket.close(normalClosure);
    const patience = this.#options.clock.after(closeTimeoutMs, () => this.#socket.terminate());
    this.#socket.once('close', () => patience.cancel());
  }

  #received(text: string): void {
    if (this.#state === 'ended') return;
    const message = readMessage(serverMessageSchema, text);
    if (message === undefined || !this.#take(message)) this.#options.counters.malformed += 1;
    else this.#heard();
  }

  /** False when the message is out of turn. */
  #take(message: ServerMessage): boolean {
    const { events, signer, overlay, name } = this.#options;
    if (message.type === 'refused') {
      this.#fail(message.reason, 'SIGNAL_REFUSED');
      return true;
    }
    if (this.#state === 'connecting') {
      if (message.type !== 'challenge') return false;
      this.#state = 'challenged';
      this.#socket.send(JSON.stringify(register(signer, message.nonce, overlay, name)));
      return true;
    }
    if (this.#state === 'challenged') {
      if (message.type !== 'members') return false;
      this.#state = 'registered';
      this.#options.registered(message.members.map(memberOf));
      return true;
    }
    if (message.type === 'joined') events.joined(memberOf(message.member));
    else if (message.type === 'left') events.left(message.nodeId);
    else if (message.type === 'message') events.message(message.from, message.payload);
    else return false;
    return true;
  }

  #heard(): void {
    if (this.#state !== 'registered') return;
    this.#timer.cancel();
    this.#timer = this.#options.clock.after(silenceMs, () => this.#fail(`silent for ${silenceMs / 1000} s`));
  }

  #fail(reason: string, code: 'SIGNAL_UNREACHABLE' | 'SIGNAL_REFUSED' = 'SIGNAL_UNREACHABLE'): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#timer.cancel();
    this.#socket.terminate();
    const { url } = this.#options;
    const text =
      code === 'SIGNAL_REFUSED'
        ? `the rendezvous at ${url} refused this node: ${reason}`
        : `cannot reach the rendezvous at ${url} (${reason}): is it running, and is the address right?`;
    this.#options.ended(new SignalError(code, text));
  }
}

function open(url: string): WebSocket {
  try {
    return new WebSocket(url, { maxPayload: maxServerMessageBytes, perMessageDeflate: false });
  } catch (cause) {
    const text = `${url} is no address of a rendezvous: write ws://HOST:PORT or wss://HOST:PORT`;
    throw new SignalError('SIGNAL_UNREACHABLE', text, { cause });
  }
}

/** The id is worked out here, so no courier can pair a key with the id of another. */
function memberOf({ publicKey, name }: WireMember): Member {
  return { nodeId: nodeIdOf(publicKey), publicKey, name };
}

function reasonOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
