import { BadRequestCode, ErrorType } from './constants/errors.ts';
import { OfpDecodeError } from './errors.ts';

/** Bytes of the header: version, type, length (16 bits), transaction id. */
const HEADER_LENGTH = 8;
/** The header up to and with its length field. */
const LENGTH_END = 4;

/**
 * Cuts a byte stream into whole OpenFlow messages.
 *
 * ```
 *  0                   1                   2                   3
 * +---------------+---------------+-------------------------------+
 * | version       | type          | length, header included       |
 * +---------------+---------------+-------------------------------+
 * ```
 *
 * A message that lies within one chunk comes out as a view of that chunk; one that spans chunks is copied once, into a
 * buffer of its own. No more than one message (64 KiB) is ever held.
 */
export class FrameSplitter {
  /** The first bytes of a message whose length is not known yet. */
  readonly #head = new Uint8Array(LENGTH_END);
  /** The message that is being put together, or nothing. */
  #partial: Uint8Array | undefined;
  /** How many bytes of `#head` or `#partial` are there. */
  #filled = 0;
  #fault: OfpDecodeError | undefined;

  /** What `push` threw, once the stream cannot be read any further. */
  get fault(): OfpDecodeError | undefined {
    return this.#fault;
  }

  /** Bytes that wait for the rest of their message. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /**
   * Takes the next bytes of the stream and gives the messages that they complete, in order. All bytes are taken at
   * once, even if the caller does not walk through the result; nothing refers to `chunk` afterwards but the views given.
   *
   * @throws {OfpDecodeError} BAD_REQUEST/BAD_LEN when a header gives a length below 8: after the messages before it, and
   *   again at every later call. The stream cannot be read any further; the connection must be closed.
   */
  push(chunk: Uint8Array): Iterable<Uint8Array> {
    if (this.#fault) throw this.#fault;
    const messages: Uint8Array[] = [];
    let at = this.#filled > 0 ? this.#resume(chunk, messages) : 0;
    while (!this.#fault && chunk.length - at >= LENGTH_END) {
      const length = this.#checkedLength(chunk, at);
      if (length === 0) break;
      if (chunk.length - at < length) {
        this.#partial = new Uint8Array(length);
        break;
      }
      messages.push(chunk.subarray(at, at + length));
      at += length;
    }
    if (this.#fault) {
      if (messages.length === 0) throw this.#fault;
      return failAfter(messages, this.#fault);
    }
    if (at < chunk.length) {
      (this.#partial ?? this.#head).set(chunk.subarray(at));
      this.#filled = chunk.length - at;
    }
    return messages;
  }

  /** Adds to the message begun in an earlier chunk. Returns how much of `chunk` that took. */
  #resume(chunk: Uint8Array, messages: Uint8Array[]): number {
    let at = 0;
    if (!this.#partial) {
      at = Math.min(LENGTH_END - this.#filled, chunk.length);
      this.#head.set(chunk.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < LENGTH_END) return at;
      const length = this.#checkedLength(this.#head, 0);
      if (length === 0) return at;
      this.#partial = new Uint8Array(length);
      this.#partial.set(this.#head);
    }
    const taken = Math.min(this.#partial.length - this.#filled, chunk.length - at);
    this.#partial.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#partial.length) {
      messages.push(this.#partial);
      this.#partial = undefined;
      this.#filled = 0;
    }
    return at + taken;
  }

  /** The length field of the header at `at`, or 0 if it is a lie. */
  #checkedLength(bytes: Uint8Array, at: number): number {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (length >= HEADER_LENGTH) return length;
    this.#fault = new OfpDecodeError(`length ${length} is less than that of the header itself`, {
      offset: 2,
      field: 'header.length',
      errorType: ErrorType.BAD_REQUEST,
      errorCode: BadRequestCode.BAD_LEN,
    });
    return 0;
  }
}

function* failAfter(messages: readonly Uint8Array[], fault: OfpDecodeError): Generator<Uint8Array, void> {
  yield* messages;
  throw fault;
}
