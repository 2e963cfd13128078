import { wireError } from '../codec/error-numbers.ts';
import { encode } from '../codec/message.ts';
import { BundleControlType } from '../constants/choices.ts';
import { BundleFlags } from '../constants/flags.ts';
import type { OfpVersion } from '../errors.ts';
import type { OfpMessage, OfpMessageInput } from '../messages.ts';
import { encodeAll } from './multipart.ts';
import { Outbox } from './outbox.ts';
import { REPLY_TO, Requests } from './requests.ts';
import type { CommitOutcome, Outgoing, RequestOutcome, SessionEnd, SessionOptions, SessionSink } from './types.ts';

/** Bytes of a failed request that go back with the error (spec 1.3 7.4.4: at least 64). */
const ERROR_DATA_LENGTH = 64;

const TOLD: ReadonlySet<SessionEnd['code']> = new Set<SessionEnd['code']>([
  'INCOMPATIBLE',
  'PROTOCOL',
  'HANDSHAKE_TIMEOUT',
  'CLOSED',
]);

export const DEFAULTS = {
  versions: [4] as readonly OfpVersion[],
  echoIntervalMs: 5_000,
  echoTimeoutMs: 15_000,
  handshakeTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  maxQueuedEvents: 1 << 20,
  maxQueued: 1 << 26,
  maxMultipartBytes: 1 << 25,
};

/** The half of a session that speaks: messages in, bytes and the outcomes of requests out. */
export abstract class Speaker {
  protected readonly options: typeof DEFAULTS;
  protected readonly sink: SessionSink;
  protected readonly requests: Requests;
  readonly #outbox: Outbox;
  #version: OfpVersion;
  #isEnded = false;

  constructor(options: SessionOptions) {
    this.options = { ...DEFAULTS, ...options };
    this.sink = options.sink;
    this.requests = new Requests(this.options.maxMultipartBytes);
    this.#outbox = new Outbox((bytes) => this.sink.send(bytes), this.options.maxQueuedEvents, this.options.maxQueued);
    this.#version = Math.max(...this.options.versions) as OfpVersion;
  }

  /** Whether the handshake is done, and the session not over. */
  abstract get isReady(): boolean;

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The version agreed on; until then the highest one spoken here. */
  get version(): OfpVersion {
    return this.#version;
  }

  /** Events that were dropped because the peer did not read. */
  get droppedEvents(): number {
    return this.#outbox.droppedEvents;
  }

  /** Bytes that wait for the peer. */
  get queuedBytes(): number {
    return this.#outbox.queuedBytes;
  }

  /** What the transport wants: false asks to hold back, true says that it takes more. */
  setWritable(writable: boolean): void {
    if (!this.isEnded) this.#outbox.setWritable(writable);
  }

  /** Everything that is sent within `work` leaves in as few pieces as may be. */
  batch(work: () => void): void {
    this.#outbox.hold();
    try {
      work();
    } finally {
      this.#outbox.release();
    }
  }

  /** The transport is gone. */
  disconnected(): void {
    this.end({ code: 'DISCONNECTED', detail: 'the connection is gone' });
  }

  /** Ends the session from this side. */
  close(detail: string): void {
    this.end({ code: 'CLOSED', detail });
  }

  /**
   * Sends a message that has no reply. Returns its transaction id, which an error to it would carry to the sink; 0 when
   * the session has ended.
   *
   * @throws {OfpEncodeError} when a value of it cannot be written in the version agreed on.
   */
  send(message: Outgoing): number {
    if (this.isEnded) return 0;
    const xid = this.requests.nextXid();
    this.write(this.#complete(message, xid));
    return xid;
  }

  /**
   * Sends an event, e.g. a packet-in, that may be lost: before the session is ready, or while the peer does not read.
   * False: it was dropped.
   */
  notify(event: Outgoing): boolean {
    if (!this.isReady) return false;
    return this.#outbox.maySend(encode(this.#complete(event, 0)));
  }

  /** Answers `request`; a multipart answer is split as needed. @throws {OfpEncodeError} as `send`. */
  reply(request: OfpMessage, answer: Outgoing): void {
    this.write(this.#complete(answer, request.xid));
  }

  /** An answer in the version agreed on that is given again and again: for `replyEncoded`. @throws {OfpEncodeError} as `send`. */
  encodeAnswer(answer: Outgoing): readonly Uint8Array[] {
    return encodeAll(this.#complete(answer, 0));
  }

  /** Answers `request` with copies of what `encodeAnswer` gave. */
  replyEncoded(request: OfpMessage, answer: readonly Uint8Array[]): void {
    if (!this.isEnded) this.#sendAll(answer.map((part) => withXid(part, request.xid)));
  }

  /** Answers the message whose bytes are `frame` with an error, in the numbers of `ErrorType` and its codes. */
  refuse(frame: Uint8Array, errorType: number, code: number): void {
    this.sendError(errorType, code, frame.subarray(0, ERROR_DATA_LENGTH), xidOf(frame));
  }

  /**
   * Sends a request and calls `done` once: with the reply, an error of the peer, or when time is up or the session over.
   *
   * @throws {OfpEncodeError} as `send`; `done` is not called then.
   * @throws {TypeError} when the message is not one that is replied to.
   */
  request(
    message: Outgoing,
    now: number,
    done: (outcome: RequestOutcome) => void,
    timeoutMs = this.options.requestTimeoutMs,
  ): void {
    const expects = REPLY_TO[message.type];
    if (!expects) throw new TypeError(`${message.type} has no reply: use send or commit`);
    if (this.isEnded) {
      done({ kind: 'ended' });
      return;
    }
    const xid = this.requests.nextXid();
    const parts = encodeAll(this.#complete(message, xid));
    this.requests.open(xid, expects, timeoutMs, now, done);
    this.#sendAll(parts);
  }

  /**
   * Sends messages that have no replies and a barrier after them. `done` is called once: when the peer is through with
   * all of them, with what it refused.
   *
   * @throws {OfpEncodeError} as `send`: nothing was sent then.
   */
  commit(
    messages: readonly Outgoing[],
    now: number,
    done: (outcome: CommitOutcome) => void,
    timeoutMs = this.options.requestTimeoutMs,
  ): void {
    if (this.isEnded) {
      done({ kind: 'ended' });
      return;
    }
    const xids = messages.map(() => this.requests.nextXid());
    const barrier = this.requests.nextXid();
    const parts = messages.flatMap((message, i) => encodeAll(this.#complete(message, xids[i]!)));
    parts.push(encode(this.#complete({ type: 'barrierRequest' }, barrier)));
    this.requests.openBatch(xids, barrier, timeoutMs, now, done);
    this.#sendAll(parts);
  }

  /**
   * Makes changes that take effect together (1.4 and later, and 1.3 with ONF extension 230). `done` is called once: with
   * `reply` when all of them were made, otherwise none was.
   *
   * @throws {OfpEncodeError} as `send`: no change was made then.
   */
  commitBundle(
    bundleId: number,
    messages: readonly Outgoing[],
    now: number,
    done: (outcome: RequestOutcome) => void,
    timeoutMs = this.options.requestTimeoutMs,
  ): void {
    const flags = BundleFlags.ATOMIC | BundleFlags.ORDERED;
    const control = (ctrlType: number): Outgoing => ({ type: 'bundleControl', bundleId, ctrlType, flags });
    const parts = messages.map((message) => this.#bundled(message, bundleId, flags));
    const opened = (outcome: RequestOutcome) => {
      if (outcome.kind !== 'reply') done(outcome);
      else {
        this.batch(() => {
          this.#sendAll(parts);
          this.request(control(BundleControlType.COMMIT_REQUEST), now, done, timeoutMs);
        });
      }
    };
    this.request(control(BundleControlType.OPEN_REQUEST), now, opened, timeoutMs);
  }

  protected agreeOn(version: OfpVersion): void {
    this.#version = version;
  }

  protected sendError(errorType: number, code: number, data: Uint8Array, xid: number): void {
    this.write({ type: 'error', version: this.#version, xid, ...wireError(this.#version, errorType, code), data });
  }

  protected write(message: OfpMessageInput): void {
    if (!this.isEnded) this.#sendAll(encodeAll(message));
  }

  protected end(end: SessionEnd): void {
    if (this.isEnded) return;
    this.#isEnded = true;
    // The peer is to see why, unless it is gone or does not read.
    if (TOLD.has(end.code)) this.#outbox.flush();
    this.whenEnded();
    this.requests.endAll();
    this.sink.ended(end);
  }

  /** Called once, before anybody is told of the end. */
  protected abstract whenEnded(): void;

  #complete(message: Outgoing, xid: number): OfpMessageInput {
    return { ...message, version: this.#version, xid } as OfpMessageInput;
  }

  /** The message in a bundle has the transaction id of the one around it (spec 1.4 7.3.9.6). */
  #bundled(message: Outgoing, bundleId: number, flags: number): Uint8Array {
    const xid = this.requests.nextXid();
    const inner = this.#complete(message, xid) as OfpMessage;
    return encode(this.#complete({ type: 'bundleAddMessage', bundleId, flags, message: inner }, xid));
  }

  #sendAll(parts: readonly Uint8Array[]): void {
    this.batch(() => {
      for (const part of parts) {
        if (this.isEnded) return;
        if (this.#outbox.mustSend(part)) continue;
        this.end({ code: 'QUEUE_OVERFLOW', detail: `more than ${this.options.maxQueued} bytes wait for the peer` });
      }
    });
  }
}

function withXid(part: Uint8Array, xid: number): Uint8Array {
  const copy = part.slice();
  new DataView(copy.buffer).setUint32(4, xid);
  return copy;
}

export const xidOf = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset).getUint32(4);
