import {
  BadRequestCode,
  ControllerRole,
  decode,
  ErrorType,
  type MessageType,
  OfpDecodeError,
  OfpEncodeError,
  type OfpMessage,
  type OfpVersion,
  type Outgoing,
  type SessionEnd,
  type SessionSink,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { Agent } from './agent.ts';
import { type AsyncEvent, type AsyncMasks, initialMasks, wants } from './async-config.ts';
import { Bundles } from './bundles.ts';
import { PacketInFormat } from './events.ts';
import { fittingAnswer } from './fitting.ts';
import { FlowMonitors } from './flow-monitors.ts';
import { type Handler, handlers } from './handlers.ts';
import { SwitchSession } from './switch-session.ts';
import { type ControllerTransport, eventBacklog, replyBacklog } from './transport.ts';

/**
 * `controller`: one that the switch is configured with, told of events from the start. `service`: a management client on a
 * listening socket, which hears of nothing until it sets a miss_send_len, as with Open vSwitch.
 */
export type ConnectionKind = 'controller' | 'service';

const experimenterType = 4;

/** While more answers than this wait for a controller that does not read, its further requests wait too, bytes. */
const stallBacklog = 1 << 19;
/** A controller that asks for more than this meanwhile is cut off, bytes. */
const requestBacklog = 1 << 20;

/** Bytes of a packet (OpenFlow 1.3 section 7.3.2). */
const usualMissSendLen = 128;

interface ConnectionParts {
  readonly versions: readonly OfpVersion[];
  readonly shortId: number;
  readonly auxiliary: AuxiliaryTo | undefined;
}

export interface ConnectionCounters {
  /** Messages received, without hellos, echoes and what was not well-formed. */
  readonly requests: number;
  /** Errors sent. */
  readonly errors: number;
  /** Events that were dropped because the controller did not read. */
  readonly droppedEvents: number;
}

/** A connection beside the main one of the same controller (OpenFlow 1.3 section 6.3.5). */
export interface AuxiliaryTo {
  readonly main: AgentConnection;
  /** 1 to 255. */
  readonly id: number;
}

/** One controller's connection. Bytes come in by `receive`; what goes out leaves at the end of each call. */
export class AgentConnection implements SessionSink {
  readonly agent: Agent;
  readonly kind: ConnectionKind;
  /** Tells the controllers of a switch apart in 1.5. */
  readonly shortId: number;
  /** Undefined for a main connection. */
  readonly auxiliary: AuxiliaryTo | undefined;
  /** Undefined until the controller says what it wants. */
  #masks: AsyncMasks | undefined;
  /** Bytes of packets that the controller wants where no action says so. */
  missSendLen: number;
  /** `PacketInFormat`. */
  packetInFormat: number = PacketInFormat.STANDARD;
  /** Whether the upper byte of a 1.0 flow-mod's command is a table. */
  hasTableId = false;
  /** Whether flow-removed comes in the Nicira form (1.0). */
  usesNxm = false;
  /** Which controller actions of Open vSwitch mean this one. */
  controllerId = 0;
  readonly bundles = new Bundles(this);
  readonly monitors = new FlowMonitors(this);
  readonly #transport: ControllerTransport;
  readonly #session: SwitchSession;
  #events: Outgoing[] = [];
  #requests = 0;
  readonly #waiting: { readonly message: OfpMessage; readonly frame: Uint8Array; readonly now: number }[] = [];
  #waitingBytes = 0;

  constructor(
    agent: Agent,
    transport: ControllerTransport,
    kind: ConnectionKind,
    { versions, shortId, auxiliary }: ConnectionParts,
  ) {
    this.agent = agent;
    this.kind = kind;
    this.shortId = shortId;
    this.auxiliary = auxiliary;
    this.missSendLen = kind === 'controller' ? usualMissSendLen : 0;
    this.#transport = transport;
    // Whoever owns the transport looks after silent peers.
    const limits = { echoIntervalMs: 0, maxQueuedEvents: eventBacklog, maxQueued: replyBacklog };
    const role = { roles: agent.roles, ...(auxiliary && { roleHolder: auxiliary.main.session }) };
    this.#session = new SwitchSession({ side: 'switch', sink: this, versions, ...role, ...limits }, 0);
  }

  get isReady(): boolean {
    return this.#session.isReady;
  }

  get isClosed(): boolean {
    return this.#session.isEnded;
  }

  /** The version agreed on; until then the highest one spoken. */
  get version(): OfpVersion {
    return this.#session.version;
  }

  /** `ControllerRole`. */
  get role(): number {
    return this.#session.role;
  }

  /** What it is told without having asked. */
  get masks(): AsyncMasks {
    return this.#masks ?? initialMasks(this.kind, this.version);
  }

  /** Whoever says what it wants to be told is told it. */
  setMasks(masks: AsyncMasks): void {
    this.#masks = masks;
    if (this.kind === 'service' && this.missSendLen === 0) this.missSendLen = usualMissSendLen;
  }

  get droppedEvents(): number {
    return this.#session.droppedEvents;
  }

  get counters(): ConnectionCounters {
    return { requests: this.#requests, errors: this.#session.errors, droppedEvents: this.droppedEvents };
  }

  /** Bytes that wait because the controller does not read. */
  get backlog(): number {
    return this.#session.queuedBytes;
  }

  get session(): SwitchSession {
    return this.#session;
  }

  /** Begins the conversation; the agent calls it once. */
  greet(): void {
    this.#session.start();
  }

  /** Bytes from the controller. Nothing they hold makes this throw. */
  receive(bytes: Uint8Array, now: number): void {
    this.#session.receive(bytes, now);
  }

  /** The transport is gone. */
  closed(): void {
    this.#session.disconnected();
  }

  close(reason: string): void {
    this.#session.close(reason);
  }

  /** A hint of the transport: false asks to hold back, true says that it may go on. */
  setWritable(isWritable: boolean): void {
    this.#session.setWritable(isWritable);
    if (!isWritable || this.isClosed) return;
    this.monitors.resume();
    this.#serveWaiting();
  }

  /** Answers a request: version and transaction id are filled in, and a long multipart answer becomes several messages. */
  reply(request: OfpMessage, answer: Outgoing): void {
    try {
      this.#session.reply(request, answer);
    } catch (error) {
      if (!(error instanceof OfpEncodeError)) throw error;
      const fitting = fittingAnswer(answer, this.version);
      if (!fitting) throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, BadRequestCode.EPERM, error.message);
      this.#session.reply(request, fitting);
    }
  }

  /** Whether the controller is to hear of such an event on this connection. Packet-ins apart, the main one tells it all. */
  wants(event: AsyncEvent, reason: number): boolean {
    if (this.auxiliary) return false;
    const isDeaf = this.kind === 'service' && this.missSendLen === 0;
    return this.isReady && !isDeaf && wants(this.masks, this.role, event, reason);
  }

  /** Tells what nobody asked for, with the next `flush`. */
  notify(event: Outgoing): void {
    this.#events.push(event);
  }

  flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#session.batch(() => {
      for (const event of events) this.#tell(event);
    });
  }

  // --- What the session says ---

  send(bytes: Uint8Array): void {
    this.#transport.send(bytes);
  }

  ready(): void {
    this.agent.welcome(this);
  }

  message(message: OfpMessage, frame: Uint8Array, now: number): void {
    if (this.#waiting.length === 0 && !this.#isStalled) {
      this.#serve(message, frame, now);
      return;
    }
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes > requestBacklog) this.close('it asks for more without reading the answers');
    else this.#waiting.push({ ...lasting(message, frame), now });
  }

  problem(): void {}

  ended({ code, detail }: SessionEnd): void {
    this.#waiting.length = 0;
    this.agent.forget(this);
    if (code !== 'DISCONNECTED') this.#transport.close(detail);
  }

  /** Throws the `OpenFlowRefusal` of a request that can never be carried out. */
  check(message: OfpMessage, frame: Uint8Array): void {
    const handler = handlers[message.type] as Handler<MessageType> | undefined;
    handler?.check?.(message, this, frame);
  }

  /** Carries a request out and answers it. Throws `OpenFlowRefusal` and `OfpDecodeError`. */
  carryOut(message: OfpMessage, frame: Uint8Array, now: number): void {
    const handler = handlers[message.type] as Handler<MessageType> | undefined;
    if (!handler) {
      const code = frame[1] === experimenterType ? BadRequestCode.BAD_EXP_TYPE : BadRequestCode.BAD_TYPE;
      throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, message.type);
    }
    if (handler.changes && this.role === ControllerRole.SLAVE) {
      throw new OpenFlowRefusal(ErrorType.BAD_REQUEST, BadRequestCode.IS_SLAVE, message.type);
    }
    handler.handle(message, this, now, frame);
  }

  /** Whether so many answers wait that more questions have to. */
  get #isStalled(): boolean {
    return this.backlog > stallBacklog;
  }

  #serveWaiting(): void {
    let served = 0;
    this.#session.batch(() => {
      for (; served < this.#waiting.length && !this.#isStalled; served++) {
        const { message, frame, now } = this.#waiting[served]!;
        this.#waitingBytes -= frame.length;
        this.#serve(message, frame, now);
      }
    });
    this.#waiting.splice(0, served);
  }

  /** Answers a request, be it with an error. */
  #serve(message: OfpMessage, frame: Uint8Array, now: number): void {
    this.#requests += 1;
    // What is sent meanwhile may be answered from within.
    const { cause } = this.agent;
    this.agent.cause = { connection: this, xid: message.xid };
    try {
      this.carryOut(message, frame, now);
    } catch (error) {
      this.#refuse(error, frame);
    } finally {
      this.agent.cause = cause;
    }
  }

  #refuse(error: unknown, frame: Uint8Array): void {
    if (!(error instanceof OfpDecodeError || error instanceof OpenFlowRefusal)) throw error;
    this.#session.refuse(frame, error.errorType, error.errorCode);
  }

  /** What a version has no words for is not told in it. */
  #tell(event: Outgoing): void {
    try {
      this.#session.notify(event);
    } catch (error) {
      if (!(error instanceof OfpEncodeError)) throw error;
    }
  }
}

/** A request whose chunk goes: its payloads are views of that, unless it was put together from parts. */
function lasting(message: OfpMessage, frame: Uint8Array): { message: OfpMessage; frame: Uint8Array } {
  const copy = frame.slice();
  return { message: message.type === 'multipartRequest' ? message : decode(copy), frame: copy };
}
