/** Multipart messages in parts: joined when they come, split when they go. */
import { encode } from '../codec/message.ts';
import { MultipartReplyFlags } from '../constants/flags.ts';
import { OfpEncodeError, type OfpVersion } from '../errors.ts';
import type { MultipartReply, MultipartRequest, OfpMessageInput } from '../messages.ts';

export type Multipart = MultipartReply | MultipartRequest;

/** The length field of the header has 16 bits. */
const MAX_MESSAGE = 0xffff;
/** Most parts that are joined: more can only be empty or nearly so. */
const MAX_PARTS = 0x10000;

/** Why parts cannot be joined. */
export interface JoinFault {
  readonly kind: 'mismatch' | 'tooLarge';
  readonly detail: string;
}

/** Joins the parts of one multipart message. */
export class MultipartJoin {
  readonly #maxBytes: number;
  #first: Multipart | undefined;
  #items: unknown[] = [];
  #bytes = 0;
  #parts = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the parts so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next part, of `length` bytes. Returns the whole message with the last one. */
  add(part: Multipart, length: number): Multipart | JoinFault | undefined {
    const more = (part.flags & MultipartReplyFlags.MORE) !== 0;
    if (!this.#first && !more) return part;
    this.#first ??= part;
    this.#bytes += length;
    this.#parts++;
    if (this.#bytes > this.#maxBytes || this.#parts > MAX_PARTS) {
      return { kind: 'tooLarge', detail: `more than ${this.#maxBytes} bytes in parts` };
    }
    const body: unknown = 'body' in part ? part.body : undefined;
    if (part.multipart !== this.#first.multipart || !Array.isArray(body)) {
      return { kind: 'mismatch', detail: `${part.multipart} among the parts of ${this.#first.multipart}` };
    }
    for (const item of body) this.#items.push(item);
    return more ? undefined : ({ ...this.#first, flags: part.flags, body: this.#items } as Multipart);
  }
}

export const isJoinFault = (result: Multipart | JoinFault): result is JoinFault => 'kind' in result;

/**
 * The bytes of a message; a multipart one that is longer than 64 KiB becomes several.
 *
 * @throws {OfpEncodeError} when a value cannot be written, or a single item of a list is too long for a message.
 */
export function encodeAll(message: OfpMessageInput): Uint8Array[] {
  try {
    return [encode(message)];
  } catch (error) {
    const isList = 'multipart' in message && 'body' in message && Array.isArray(message.body);
    if (!isList || !(error instanceof OfpEncodeError)) throw error;
    return splitMultipart(message as SplittableInput);
  }
}

type SplittableInput = OfpMessageInput & { multipart: string; body: readonly unknown[]; version: OfpVersion };

function splitMultipart(message: SplittableInput): Uint8Array[] {
  const encodeBody = (body: readonly unknown[]) => encode({ ...message, body } as OfpMessageInput);
  const head = encodeBody([]);
  const items = message.body.map((item) => encodeBody([item]).subarray(head.length));
  const messages: Uint8Array[] = [];
  let from = 0;
  let length = head.length;
  for (let i = 0; i <= items.length; i++) {
    const isLast = i === items.length;
    if (!isLast && length + items[i]!.length <= MAX_MESSAGE) {
      length += items[i]!.length;
      continue;
    }
    messages.push(part(head, items.slice(from, i), length, isLast));
    if (isLast) break;
    from = i;
    length = head.length + items[i]!.length;
  }
  return messages;
}

/** Offset of the flags, whose last bit says that more follows. */
const FLAGS_END = 12;

function part(head: Uint8Array, items: readonly Uint8Array[], length: number, isLast: boolean): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(head);
  bytes[2] = length >> 8;
  bytes[3] = length & 0xff;
  if (!isLast) bytes[FLAGS_END - 1]! |= MultipartReplyFlags.MORE;
  let at = head.length;
  for (const item of items) {
    bytes.set(item, at);
    at += item.length;
  }
  return bytes;
}
