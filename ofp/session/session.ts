import { decode } from '../codec/message.ts';
import { ControllerRole, ControllerRoleReason } from '../constants/choices.ts';
import { BadRequestCode, ErrorType, HelloFailedCode } from '../constants/errors.ts';
import { OfpDecodeError } from '../errors.ts';
import type { Message, OfpMessage } from '../messages.ts';
import { FrameSplitter } from '../splitter.ts';
import { NEVER_RECEIVED, REFUSED_TO_SLAVES } from './directions.ts';
import { Liveness } from './liveness.ts';
import { agreedVersion, makeHello, type PeerHello, readHello } from './negotiate.ts';
import { RequestJoins } from './request-joins.ts';
import { REPLIES } from './requests.ts';
import type { RoleHolder, RoleTable } from './roles.ts';
import { Speaker } from './speaker.ts';
import type { Outgoing, RequestOutcome, SessionOptions, SwitchFeatures } from './types.ts';

const HELLO_TYPE = 0;
const ERROR_TYPE = 1;
/** Where the data of an error message begin. */
const ERROR_DATA_OFFSET = 12;

/**
 * One OpenFlow connection, seen from either side, without any I/O: bytes, the time and the wish to send come in; bytes
 * and messages go out through the sink.
 *
 * ```
 *   start() -> hello -- hello of the peer --> features (controller: asks the switch) --> ready
 *                                        \--------------- (switch) -----------------/
 * ```
 *
 * Whoever owns it calls `receive` with what arrives, `tick` no later than `dueAt`, `setWritable` as the transport asks
 * for it, and `disconnected` when the transport is gone. Echo requests are answered, silent peers probed, malformed and
 * misplaced messages refused with the error that the specification has for them. Times are in ms.
 */
export class Session extends Speaker implements RoleHolder {
  readonly side: 'controller' | 'switch';
  readonly #roles: RoleTable | undefined;
  readonly #holder: RoleHolder;
  readonly #splitter = new FrameSplitter();
  readonly #joins: RequestJoins;
  readonly #liveness: Liveness;
  readonly #handshakeDueAt: number;
  #state: 'hello' | 'features' | 'ready' = 'hello';
  #features: SwitchFeatures | undefined;
  #role: number = ControllerRole.EQUAL;
  #now: number;

  constructor(options: SessionOptions, now: number) {
    super(options);
    this.#now = now;
    this.side = options.side;
    this.#roles = options.roles;
    this.#holder = options.roleHolder ?? this;
    this.#joins = new RequestJoins(this.options.requestTimeoutMs);
    this.#liveness = new Liveness(this.options.echoIntervalMs, this.options.echoTimeoutMs, now);
    this.#handshakeDueAt = now + this.options.handshakeTimeoutMs;
  }

  override get isReady(): boolean {
    return this.#state === 'ready' && !this.isEnded;
  }

  /** On the controller's side, once ready: what the switch said of itself. `auxiliaryId` is 0 on a main connection. */
  get features(): SwitchFeatures | undefined {
    return this.#features;
  }

  /** `ControllerRole` that the controller of this connection has, as far as this side knows. */
  get role(): number {
    return this.#roles?.roleOf(this.#holder) ?? this.#role;
  }

  /** What the time was when the session was last told: within a callback, the time of the event. */
  get now(): number {
    return this.#now;
  }

  /** When `tick` is to be called at the latest. Changes with every call. */
  get dueAt(): number {
    if (this.isEnded) return Number.POSITIVE_INFINITY;
    const handshake = this.isReady ? Number.POSITIVE_INFINITY : this.#handshakeDueAt;
    return Math.min(this.#liveness.dueAt, this.requests.dueAt, this.#joins.dueAt, handshake);
  }

  /** Greets the peer. To be called once, when the transport is there. */
  start(): void {
    this.write(makeHello(this.options.versions));
  }

  /** Bytes from the peer, cut anywhere. Nothing that they hold makes this throw. */
  receive(bytes: Uint8Array, now: number): void {
    if (this.isEnded) return;
    this.#now = now;
    this.#liveness.heard(now);
    this.batch(() => {
      try {
        for (const frame of this.#splitter.push(bytes)) {
          this.#receiveFrame(frame, now);
          if (this.isEnded) return;
        }
      } catch (error) {
        const { fault } = this.#splitter;
        if (!fault || error !== fault) throw error;
        this.sendError(fault.errorType, fault.errorCode, new Uint8Array(0), 0);
        this.end({ code: 'PROTOCOL', detail: fault.message });
      }
    });
  }

  /** Looks at the clock: probes, time limits. */
  tick(now: number): void {
    if (this.isEnded) return;
    this.#now = now;
    this.batch(() => {
      if (!this.isReady && now >= this.#handshakeDueAt) {
        this.end({ code: 'HANDSHAKE_TIMEOUT', detail: `no ${this.#state} in time` });
        return;
      }
      this.requests.expire(now);
      this.#expireJoins(now);
      if (!this.isEnded) this.#checkLiveness(now);
    });
  }

  override request(
    message: Outgoing,
    now: number,
    done: (outcome: RequestOutcome) => void,
    timeoutMs = this.options.requestTimeoutMs,
  ): void {
    const noted = (outcome: RequestOutcome) => {
      if (outcome.kind === 'reply' && outcome.message.type === 'roleReply') this.#role = outcome.message.role;
      done(outcome);
    };
    super.request(message, now, noted, timeoutMs);
  }

  /** Called by the role table. From 1.4 on the controller is told (spec 1.4 7.4.4). */
  demoted(generationId: bigint): void {
    const { version } = this;
    if (version < 5) return;
    const reason = ControllerRoleReason.MASTER_REQUEST;
    this.write({ type: 'roleStatus', version, xid: 0, role: ControllerRole.SLAVE, reason, generationId });
  }

  protected override whenEnded(): void {
    this.#joins.clear();
    if (this.#holder === this) this.#roles?.remove(this);
  }

  #receiveFrame(frame: Uint8Array, now: number): void {
    if (this.#state === 'hello') {
      if (frame[1] === HELLO_TYPE) this.#receiveHello(frame, now);
      else this.#receiveInsteadOfHello(frame);
    } else if (frame[0] !== this.version && frame[1] !== ERROR_TYPE) {
      this.#misplaced(frame, BadRequestCode.BAD_VERSION, `version ${frame[0]} instead of ${this.version}`);
    } else {
      const message = this.#decode(frame);
      if (message) this.#receiveMessage(message, frame, now);
    }
  }

  #receiveHello(frame: Uint8Array, now: number): void {
    let hello: PeerHello;
    try {
      hello = readHello(frame);
    } catch (error) {
      if (!(error instanceof OfpDecodeError)) throw error;
      this.refuse(frame, error.errorType, error.errorCode);
      this.end({ code: 'PROTOCOL', detail: error.message });
      return;
    }
    const version = agreedVersion(this.options.versions, hello);
    if (version === undefined) {
      const spoken = this.options.versions.map(versionName).join(', ');
      const detail = `OpenFlow ${spoken} is spoken here, ${versionName(hello.version)} was offered`;
      this.sendError(ErrorType.HELLO_FAILED, HelloFailedCode.INCOMPATIBLE, ascii(detail), hello.xid);
      this.end({ code: 'INCOMPATIBLE', detail });
      return;
    }
    this.agreeOn(version);
    if (this.side === 'switch') this.#becomeReady(undefined, now);
    else this.#askFeatures(now);
  }

  #receiveInsteadOfHello(frame: Uint8Array): void {
    if (frame[1] === ERROR_TYPE) {
      this.end({
        code: 'INCOMPATIBLE',
        detail: `refused by the peer: ${printable(frame.subarray(ERROR_DATA_OFFSET))}`,
      });
      return;
    }
    this.refuse(frame, ErrorType.BAD_REQUEST, BadRequestCode.BAD_TYPE);
    this.end({ code: 'PROTOCOL', detail: `a message of type ${frame[1]} before hello` });
  }

  #askFeatures(now: number): void {
    this.#state = 'features';
    const done = (outcome: RequestOutcome) => {
      if (outcome.kind === 'reply') this.#becomeReady(outcome.message as SwitchFeatures, this.#now);
      else if (outcome.kind === 'refused') {
        this.end({ code: 'PROTOCOL', detail: 'the switch refused to say what it is' });
      }
    };
    // The time limit of the handshake ends the session; the request needs none of its own.
    super.request({ type: 'featuresRequest' }, now, done, Number.POSITIVE_INFINITY);
  }

  #becomeReady(features: SwitchFeatures | undefined, now: number): void {
    this.#state = 'ready';
    this.#features = features;
    this.sink.ready(features, now);
  }

  /** The message, or nothing if it was refused. */
  #decode(frame: Uint8Array): OfpMessage | undefined {
    try {
      // Parts of a multipart message outlive the chunk that they came in.
      return decode(isMultipart(frame) ? frame.slice() : frame);
    } catch (error) {
      if (!(error instanceof OfpDecodeError)) throw error;
      if (frame[1] !== ERROR_TYPE) this.refuse(frame, error.errorType, error.errorCode);
      this.sink.problem({ kind: 'malformed', error });
      return undefined;
    }
  }

  #receiveMessage(message: OfpMessage, frame: Uint8Array, now: number): void {
    if (message.type === 'hello') this.#misplaced(frame, BadRequestCode.BAD_TYPE, 'a second hello');
    else if (NEVER_RECEIVED[this.side].has(message.type)) {
      this.#misplaced(frame, BadRequestCode.BAD_TYPE, `${message.type} at the ${this.side}'s side`);
    } else if (message.type === 'echoRequest') this.reply(message, { type: 'echoReply', data: message.data });
    else if (message.type === 'error') this.#receiveError(message, frame, now);
    else if (this.#isReply(message)) this.#receiveReply(message, frame, now);
    else if (this.side === 'switch') this.#receiveRequest(message, frame, now);
    // What a switch tells before it has said what it is cannot be put to use yet.
    else if (this.isReady) this.#deliver(message, frame, now);
  }

  #isReply(message: OfpMessage): boolean {
    return REPLIES.has(message.type) && !(message.type === 'bundleControl' && this.side === 'switch');
  }

  #receiveError(error: Message<'error'>, frame: Uint8Array, now: number): void {
    if (this.requests.error(error)) return;
    if (this.isReady) this.#deliver(error, frame, now);
    else
      this.sink.problem({ kind: 'unexpected', detail: `error ${error.errorType}/${error.code} before the features` });
  }

  #receiveReply(message: OfpMessage, frame: Uint8Array, now: number): void {
    // An echo of a probe has done its work by coming.
    if (this.requests.reply(message, frame.length, now) || message.type === 'echoReply') return;
    this.sink.problem({ kind: 'unmatched', xid: message.xid, type: message.type });
  }

  #receiveRequest(message: OfpMessage, frame: Uint8Array, now: number): void {
    if (this.role === ControllerRole.SLAVE && changesSwitch(message)) {
      this.refuse(frame, ErrorType.BAD_REQUEST, BadRequestCode.IS_SLAVE);
    } else if (message.type === 'roleRequest' && this.#roles) {
      this.#answerRole(this.#roles, message, frame);
    } else if (message.type === 'multipartRequest') {
      const whole = this.#joins.add(message, frame.length, now);
      if (whole && 'refused' in whole) this.refuse(frame, ErrorType.BAD_REQUEST, whole.refused);
      else if (whole) this.#deliver(whole, frame, now);
    } else this.#deliver(message, frame, now);
  }

  #answerRole(roles: RoleTable, message: Message<'roleRequest'>, frame: Uint8Array): void {
    const answer = roles.request(this.#holder, message.role, message.generationId);
    if ('refused' in answer) this.refuse(frame, ErrorType.ROLE_REQUEST_FAILED, answer.refused);
    else this.reply(message, { type: 'roleReply', ...answer });
  }

  /** Multipart requests whose rest did not come (spec 1.4 7.5.4.2; earlier versions have no word for it). */
  #expireJoins(now: number): void {
    for (const xid of this.#joins.expire(now)) {
      if (this.version < 5) continue;
      this.sendError(ErrorType.BAD_REQUEST, BadRequestCode.MULTIPART_REQUEST_TIMEOUT, new Uint8Array(0), xid);
    }
  }

  #checkLiveness(now: number): void {
    const verdict = this.#liveness.check(now);
    if (verdict === 'probe' && this.#state !== 'hello') {
      this.send({ type: 'echoRequest' });
    } else if (verdict === 'dead') {
      this.end({ code: 'ECHO_TIMEOUT', detail: 'the peer is silent' });
    }
  }

  #misplaced(frame: Uint8Array, code: number, detail: string): void {
    this.refuse(frame, ErrorType.BAD_REQUEST, code);
    this.sink.problem({ kind: 'unexpected', detail });
  }

  #deliver(message: OfpMessage, frame: Uint8Array, now: number): void {
    if (message.type === 'roleStatus') this.#role = message.role;
    this.sink.message(message, frame, now);
  }
}

/** Type numbers of multipart request and reply: those of 1.0, and those of later versions. */
const isMultipart = (frame: Uint8Array) => frame[1]! >> 1 === (frame[0] === 1 ? 8 : 9);

function changesSwitch(message: OfpMessage): boolean {
  if (REFUSED_TO_SLAVES.has(message.type)) return true;
  return message.type === 'multipartRequest' && message.multipart === 'tableFeatures' && message.body.length > 0;
}

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0) & 0x7f);

/** What a peer wrote, as far as it can be shown. */
const printable = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, 200)).replace(/[^ -~]/g, '?');

/** A wire number as people say it: 4 is 1.3. */
const versionName = (version: number): string => `1.${version - 1}`;
