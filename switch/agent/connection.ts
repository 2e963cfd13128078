import {
  BadRequestCode,
  ControllerRole,
  decode,
  ErrorType,
  encode,
  FrameSplitter,
  HelloFailedCode,
  type Message,
  type MessageType,
  OfpDecodeError,
  type OfpMessage,
  type OfpMessageInput,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { get32 } from '../packet/index.ts';
import type { Agent } from './agent.ts';
import { type Handler, handlers } from './handlers.ts';
import { type ControllerTransport, Outbox } from './outbox.ts';
import { type AsyncMasks, defaultMasks } from './roles.ts';
import { agentVersion } from './version.ts';

/** Bytes of a failed request that go back with the error (section 7.4.4: at least 64). */
const errorDataLength = 64;
const experimenterType = 4;

/**
 * `controller`: one that the switch is configured with, told of events from the start. `service`: a management client on a
 * listening socket, which hears of nothing until it sets a miss_send_len, as with Open vSwitch.
 */
export type ConnectionKind = 'controller' | 'service';

export interface ConnectionCounters {
  rxMessages: number;
  txMessages: number;
  /** Errors sent. */
  errors: number;
}

/** One controller's connection. Bytes come in by `receive`; what goes out leaves at the end of each call. */
export class AgentConnection {
  readonly agent: Agent;
  readonly kind: ConnectionKind;
  readonly counters: ConnectionCounters = { rxMessages: 0, txMessages: 0, errors: 0 };
  /** `ControllerRole`. */
  role: number = ControllerRole.EQUAL;
  masks: AsyncMasks = defaultMasks;
  /** Bytes of packets that the controller wants where no action says so. */
  missSendLen: number;
  readonly #transport: ControllerTransport;
  readonly #outbox: Outbox;
  readonly #splitter = new FrameSplitter();
  #state: 'hello' | 'ready' | 'closed' = 'hello';
  #nextXid = 1;

  constructor(agent: Agent, transport: ControllerTransport, kind: ConnectionKind) {
    this.agent = agent;
    this.kind = kind;
    this.missSendLen = kind === 'controller' ? 128 : 0;
    this.#transport = transport;
    this.#outbox = new Outbox(transport);
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Events that were dropped because the controller did not read. */
  get droppedEvents(): number {
    return this.#outbox.droppedEvents;
  }

  /** Begins the conversation; the agent calls it once. */
  greet(): void {
    const bitmaps = [1 << agentVersion];
    this.#send({
      type: 'hello',
      version: agentVersion,
      xid: this.#xid(),
      elements: [{ type: 'versionBitmap', bitmaps }],
    });
    this.#outbox.flush();
  }

  /** Bytes from the controller. Nothing they hold makes this throw. */
  receive(bytes: Uint8Array, now: number): void {
    try {
      for (const message of this.#splitter.push(bytes)) {
        if (this.isClosed) return;
        this.#receiveMessage(message, now);
      }
    } catch (error) {
      if (!(error instanceof OfpDecodeError)) throw error;
      this.#sendError(error.errorType, error.errorCode, new Uint8Array(0), 0);
      this.close(error.message);
    }
    this.#outbox.flush();
  }

  /** The transport is gone. */
  closed(): void {
    this.#state = 'closed';
    this.agent.forget(this);
  }

  close(reason: string): void {
    if (this.isClosed) return;
    this.#outbox.flush();
    this.closed();
    this.#transport.close(reason);
  }

  /** A hint of the transport: false asks to hold back, true says that it may go on. */
  setWritable(isWritable: boolean): void {
    if (!this.isClosed) this.#outbox.setWritable(isWritable);
  }

  /** Answers a request: version and transaction id are filled in. */
  reply(request: OfpMessage, answer: ReplyFields): void {
    this.#send({ ...answer, version: agentVersion, xid: request.xid } as OfpMessageInput);
  }

  /** Answers with bytes that were made already. */
  replyBytes(bytes: Uint8Array): void {
    if (this.isClosed) return;
    this.counters.txMessages += 1;
    if (!this.#outbox.reply(bytes)) this.close('it asks without reading the answers');
  }

  /** Sends what nobody asked for; the caller has checked that this controller wants it. */
  notify(event: ReplyFields): void {
    this.counters.txMessages += 1;
    this.#outbox.event(encode({ ...event, version: agentVersion, xid: 0 } as OfpMessageInput));
  }

  flush(): void {
    if (!this.isClosed) this.#outbox.flush();
  }

  #receiveMessage(bytes: Uint8Array, now: number): void {
    this.counters.rxMessages += 1;
    if (this.#state === 'hello') this.#receiveHello(bytes);
    else if (bytes[0] !== agentVersion) this.#refuse(BadRequestCode.BAD_VERSION, bytes);
    else this.#serve(bytes, now);
  }

  #receiveHello(bytes: Uint8Array): void {
    let hello: OfpMessage;
    try {
      hello = decode(bytes);
    } catch (error) {
      if (!(error instanceof OfpDecodeError)) throw error;
      this.#sendError(error.errorType, error.errorCode, bytes, get32(bytes, 4));
      this.close(error.message);
      return;
    }
    if (hello.type !== 'hello') {
      this.close(`${hello.type} before hello`);
    } else if (speaks(hello, agentVersion)) {
      this.#state = 'ready';
    } else {
      const text = new TextEncoder().encode('This switch speaks OpenFlow 1.3 only.');
      this.#sendError(ErrorType.HELLO_FAILED, HelloFailedCode.INCOMPATIBLE, text, hello.xid);
      this.close('no OpenFlow version in common');
    }
  }

  #serve(bytes: Uint8Array, now: number): void {
    try {
      const message = decode(bytes);
      const handler = handlers[message.type] as Handler<MessageType> | undefined;
      if (!handler) {
        const isExperimenter = bytes[1] === experimenterType;
        this.#refuse(isExperimenter ? BadRequestCode.BAD_EXPERIMENTER : BadRequestCode.BAD_TYPE, bytes);
      } else if (handler.changes && this.role === ControllerRole.SLAVE) {
        this.#refuse(BadRequestCode.IS_SLAVE, bytes);
      } else {
        handler.handle(message, this, now);
      }
    } catch (error) {
      if (!(error instanceof OfpDecodeError || error instanceof OpenFlowRefusal)) throw error;
      this.#sendError(error.errorType, error.errorCode, bytes, get32(bytes, 4));
    }
  }

  #refuse(code: number, bytes: Uint8Array): void {
    this.#sendError(ErrorType.BAD_REQUEST, code, bytes, get32(bytes, 4));
  }

  #sendError(errorType: number, code: number, offender: Uint8Array, xid: number): void {
    this.counters.errors += 1;
    const data = offender.slice(0, errorDataLength);
    this.#send({ type: 'error', version: agentVersion, xid, errorType, code, data });
  }

  #send(message: OfpMessageInput): void {
    this.replyBytes(encode(message));
  }

  #xid(): number {
    return this.#nextXid++;
  }
}

/** A message without its header's fields. */
export type ReplyFields = DistributiveOmit<OfpMessageInput, 'version' | 'xid'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** By the bitmap where there is one, otherwise by the highest version named (section 6.3.1). */
function speaks(hello: Message<'hello'>, version: number): boolean {
  for (const element of hello.elements) {
    if (element.type === 'versionBitmap') return ((element.bitmaps[0] ?? 0) & (1 << version)) !== 0;
  }
  return hello.version >= version;
}
