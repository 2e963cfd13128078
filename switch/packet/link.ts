/**
 * The frame lane between two switches: messages made of records, each a frame with where it goes and where it came from.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+---+---+---------------+-------------------------------+
 * |version|0 0|mrk|   hop limit   |        frame length           |
 * +-------+---+---+---------------+-------------------------------+
 * |                                                               |
 * +           destination switch id (0: the next hop)             +
 * |                                                               |
 * +---------------------------------------------------------------+
 * |                                                               |
 * +                       source switch id                        +
 * |                                                               |
 * +---------------------------------------------------------------+
 * |                          frame ...                            |
 * +---------------------------------------------------------------+
 * All in network order. Version 2. Mark: what switches on its way tell each other about the frame, `pkt_mark` of their rules. The
 * next record follows at once, without padding.
 */
import { get16, get32, put16, put32 } from './bytes.ts';
import { ethernetHeaderLength } from './ethernet.ts';

export const linkVersion = 2;
/** The highest mark that a record can carry; 0 says nothing. */
export const maxLinkMark = 3;
export const linkHeaderLength = 20;
/** Records share a message up to this size: what crosses an underlay with an MTU of 1500 in one datagram. */
export const linkMessageTarget = 1376;
/** A larger record travels alone, up to this size. */
export const linkRecordLimit = 16384;
/** Hop limit of a record where its frame enters the overlay: half way round a ring of 500 nodes that has no shortcuts. */
export const linkHopLimit = 255;

/** A peer's buffer grows up to this size with the batches it carries; larger batches spread over several. */
const linkBufferLimit = 4 * linkRecordLimit;

/** Fields of a record, and of what the encoder writes. Switch ids as upper and lower 32 bits. */
export interface LinkRecord {
  mark: number;
  hopLimit: number;
  destinationHi: number;
  destinationLo: number;
  sourceHi: number;
  sourceLo: number;
}

/**
 * Packs records into messages. One buffer serves a batch and is used again for the next: the messages are valid until the
 * next `append` after `take`.
 */
export class LinkEncoder {
  #buffer = new Uint8Array(2 * linkMessageTarget);
  #messages: Uint8Array[] = [];
  #start = 0;
  #end = 0;

  /** False, and nothing written, when the frame is longer than a record may be. */
  append(record: Readonly<LinkRecord>, frame: Uint8Array): boolean {
    const length = linkHeaderLength + frame.length;
    if (length > linkRecordLimit) return false;
    if (this.#end > this.#start && this.#end - this.#start + length > linkMessageTarget) this.#closeMessage();
    this.#reserve(length);
    const at = this.#end;
    const buffer = this.#buffer;
    buffer[at] = (linkVersion << 4) | record.mark;
    buffer[at + 1] = record.hopLimit;
    put16(buffer, at + 2, frame.length);
    put32(buffer, at + 4, record.destinationHi);
    put32(buffer, at + 8, record.destinationLo);
    put32(buffer, at + 12, record.sourceHi);
    put32(buffer, at + 16, record.sourceLo);
    buffer.set(frame, at + linkHeaderLength);
    this.#end += length;
    return true;
  }

  take(): Uint8Array[] {
    if (this.#end > this.#start) this.#closeMessage();
    const messages = this.#messages;
    this.#messages = [];
    this.#start = 0;
    this.#end = 0;
    return messages;
  }

  #closeMessage(): void {
    this.#messages.push(this.#buffer.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#buffer.length) return;
    // Closed messages keep the old buffer alive until they are taken; only the open one moves.
    const open = this.#end - this.#start;
    const grown = Math.min(2 * this.#buffer.length, linkBufferLimit);
    const bigger = new Uint8Array(Math.max(grown, open + length));
    bigger.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = bigger;
    this.#start = 0;
    this.#end = open;
  }
}

/** Steps through the records of one message; one object is used for message after message. */
export class LinkDecoder implements LinkRecord {
  mark = 0;
  hopLimit = 0;
  destinationHi = 0;
  destinationLo = 0;
  sourceHi = 0;
  sourceLo = 0;
  /** A view of the message. */
  frame: Uint8Array = new Uint8Array(0);
  /** Messages whose rest was dropped: unknown version, a bit that has to be 0, or a length that the message does not hold. */
  malformed = 0;
  #message: Uint8Array = new Uint8Array(0);
  #at = 0;

  open(message: Uint8Array): void {
    this.#message = message;
    this.#at = 0;
  }

  /** Moves to the next record; false at the end of the message or where the rest of it makes no sense. */
  next(): boolean {
    const message = this.#message;
    const at = this.#at;
    if (at === message.length) return false;
    if (!this.#isRecord(message, at)) {
      this.malformed += 1;
      this.#at = message.length;
      return false;
    }
    const end = at + linkHeaderLength + get16(message, at + 2);
    this.mark = message[at]! & maxLinkMark;
    this.hopLimit = message[at + 1]!;
    this.destinationHi = get32(message, at + 4);
    this.destinationLo = get32(message, at + 8);
    this.sourceHi = get32(message, at + 12);
    this.sourceLo = get32(message, at + 16);
    this.frame = message.subarray(at + linkHeaderLength, end);
    this.#at = end;
    return true;
  }

  #isRecord(message: Uint8Array, at: number): boolean {
    if (message.length < at + linkHeaderLength || (message[at]! & ~maxLinkMark) !== linkVersion << 4) return false;
    const length = get16(message, at + 2);
    return (
      length >= ethernetHeaderLength &&
      linkHeaderLength + length <= linkRecordLimit &&
      message.length >= at + linkHeaderLength + length
    );
  }
}
