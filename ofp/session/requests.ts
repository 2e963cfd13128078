import type { Message, MessageType, MultipartReply, OfpMessage } from '../messages.ts';
import { isJoinFault, MultipartJoin } from './multipart.ts';
import type { CommitOutcome, RequestOutcome } from './types.ts';

/** What answers each kind of request. */
export const REPLY_TO: { readonly [T in MessageType]?: MessageType } = {
  echoRequest: 'echoReply',
  featuresRequest: 'featuresReply',
  getConfigRequest: 'getConfigReply',
  multipartRequest: 'multipartReply',
  barrierRequest: 'barrierReply',
  queueGetConfigRequest: 'queueGetConfigReply',
  roleRequest: 'roleReply',
  getAsyncRequest: 'getAsyncReply',
  bundleControl: 'bundleControl',
  nxRoleRequest: 'nxRoleReply',
  nxTlvTableRequest: 'nxTlvTableReply',
};
export const REPLIES: ReadonlySet<MessageType> = new Set(Object.values(REPLY_TO));

const MAX_XID = 0xffffffff;

interface Request {
  readonly expects: MessageType;
  readonly timeoutMs: number;
  dueAt: number;
  readonly join: MultipartJoin;
  readonly done: (outcome: RequestOutcome) => void;
}

/** Messages without replies that a barrier follows. */
interface Batch {
  readonly refused: Map<number, Message<'error'>>;
}

/** What was asked and not answered yet, by transaction id. Every `done` is called exactly once. */
export class Requests {
  readonly #maxMultipartBytes: number;
  readonly #open = new Map<number, Request>();
  readonly #batched = new Map<number, { readonly batch: Batch; readonly place: number }>();
  #lastXid = 0;

  constructor(maxMultipartBytes: number) {
    this.#maxMultipartBytes = maxMultipartBytes;
  }

  get size(): number {
    return this.#open.size;
  }

  /** When `expire` is to be called next, ms. */
  get dueAt(): number {
    let dueAt = Number.POSITIVE_INFINITY;
    for (const request of this.#open.values()) dueAt = Math.min(dueAt, request.dueAt);
    return dueAt;
  }

  /** A transaction id that nothing waits for: never 0, which events have. */
  nextXid(): number {
    do {
      this.#lastXid = this.#lastXid === MAX_XID ? 1 : this.#lastXid + 1;
    } while (this.#open.has(this.#lastXid) || this.#batched.has(this.#lastXid));
    return this.#lastXid;
  }

  open(xid: number, expects: MessageType, timeoutMs: number, now: number, done: Request['done']): void {
    const join = new MultipartJoin(this.#maxMultipartBytes);
    this.#open.set(xid, { expects, timeoutMs, dueAt: now + timeoutMs, join, done });
  }

  /** Errors to the messages `xids` are gathered until the barrier `barrier` is answered. */
  openBatch(
    xids: readonly number[],
    barrier: number,
    timeoutMs: number,
    now: number,
    done: (outcome: CommitOutcome) => void,
  ): void {
    const batch: Batch = { refused: new Map() };
    xids.forEach((xid, place) => {
      this.#batched.set(xid, { batch, place });
    });
    this.open(barrier, 'barrierReply', timeoutMs, now, (outcome) => {
      for (const xid of xids) this.#batched.delete(xid);
      done(outcome.kind === 'reply' ? { kind: 'done', refused: batch.refused } : outcome);
    });
  }

  /** A reply came. False: nothing waits for it. */
  reply(message: OfpMessage, length: number, now: number): boolean {
    const request = this.#open.get(message.xid);
    if (request?.expects !== message.type) return false;
    if (message.type !== 'multipartReply') {
      this.#close(message.xid, { kind: 'reply', message });
      return true;
    }
    request.dueAt = now + request.timeoutMs;
    this.#joinPart(request, message, length);
    return true;
  }

  /** An error came. False: it belongs to nothing that is known here. */
  error(error: Message<'error'>): boolean {
    const batched = this.#batched.get(error.xid);
    if (batched) {
      batched.batch.refused.set(batched.place, { ...error, data: error.data.slice() });
      return true;
    }
    if (!this.#open.has(error.xid)) return false;
    this.#close(error.xid, { kind: 'refused', error });
    return true;
  }

  expire(now: number): void {
    for (const [xid, request] of [...this.#open]) {
      if (now >= request.dueAt) this.#close(xid, { kind: 'timeout' });
    }
  }

  endAll(): void {
    for (const xid of [...this.#open.keys()]) this.#close(xid, { kind: 'ended' });
  }

  #joinPart(request: Request, part: MultipartReply, length: number): void {
    const joined = request.join.add(part, length);
    if (joined === undefined) return;
    if (isJoinFault(joined)) this.#close(part.xid, { kind: 'unusable', detail: joined.detail });
    else this.#close(part.xid, { kind: 'reply', message: joined });
  }

  #close(xid: number, outcome: RequestOutcome): void {
    const request = this.#open.get(xid);
    if (!request) return;
    this.#open.delete(xid);
    request.done(outcome);
  }
}
