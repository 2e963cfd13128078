import { BadRequestCode } from '../constants/errors.ts';
import { MultipartReplyFlags } from '../constants/flags.ts';
import type { MultipartRequest } from '../messages.ts';
import { isJoinFault, MultipartJoin } from './multipart.ts';

/** Bytes of a request in all its parts: table features are the only long ones. */
const MAX_REQUEST_BYTES = 1 << 20;
/** Requests in parts that a peer may have begun at a time. */
const MAX_BEGUN = 8;

/** Multipart requests that come in parts, at the switch. */
export class RequestJoins {
  readonly #timeoutMs: number;
  readonly #begun = new Map<number, { readonly join: MultipartJoin; readonly dueAt: number }>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** When `expire` is to be called next, ms. */
  get dueAt(): number {
    let dueAt = Number.POSITIVE_INFINITY;
    for (const begun of this.#begun.values()) dueAt = Math.min(dueAt, begun.dueAt);
    return dueAt;
  }

  /** Takes a part of `length` bytes: the whole request with the last one, a BAD_REQUEST code, or nothing yet. */
  add(part: MultipartRequest, length: number, now: number): MultipartRequest | { refused: number } | undefined {
    const more = (part.flags & MultipartReplyFlags.MORE) !== 0;
    const begun = this.#begun.get(part.xid);
    if (!begun && !more) return part;
    if (!begun && this.#begun.size >= MAX_BEGUN) return { refused: BadRequestCode.MULTIPART_BUFFER_OVERFLOW };
    const join = begun?.join ?? new MultipartJoin(MAX_REQUEST_BYTES);
    const result = join.add(part, length);
    if (result === undefined) {
      this.#begun.set(part.xid, { join, dueAt: now + this.#timeoutMs });
      return undefined;
    }
    this.#begun.delete(part.xid);
    if (!isJoinFault(result)) return result as MultipartRequest;
    const isTooLarge = result.kind === 'tooLarge';
    return { refused: isTooLarge ? BadRequestCode.MULTIPART_BUFFER_OVERFLOW : BadRequestCode.BAD_MULTIPART };
  }

  /** Gives up requests whose rest did not come, and returns their transaction ids. */
  expire(now: number): number[] {
    const late = [...this.#begun].filter(([, { dueAt }]) => now >= dueAt).map(([xid]) => xid);
    for (const xid of late) this.#begun.delete(xid);
    return late;
  }

  clear(): void {
    this.#begun.clear();
  }
}
