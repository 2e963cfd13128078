import type { NodeId } from './ring.ts';
import { Slab } from './slab.ts';

/** Bytes of a node id on the wire: 128 bits, network order. */
export const idBytes = 16;

/** What is written does not last: it is sent, and copied for that. */
const slab = new Slab(131_072);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Writes fields in network order into a buffer that grows. */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** `size`: bytes that it has room for before it grows. */
  constructor(size = 256) {
    this.#bytes = slab.room(size);
    this.#view = viewOf(this.#bytes);
  }

  u8(value: number): this {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#take(2);
    this.#view.setUint16(at, value);
    return this;
  }

  i16(value: number): this {
    const at = this.#take(2);
    this.#view.setInt16(at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#take(4);
    this.#view.setUint32(at, value);
    return this;
  }

  /** A whole number below 2^53, in 64 bits. */
  u64(value: number): this {
    const at = this.#take(8);
    this.#view.setBigUint64(at, BigInt(value));
    return this;
  }

  id(value: NodeId): this {
    const at = this.#take(idBytes);
    this.#view.setBigUint64(at, value >> 64n);
    this.#view.setBigUint64(at + 8, BigInt.asUintN(64, value));
    return this;
  }

  /** Behind their length, 16 bits. */
  blob(bytes: Uint8Array): this {
    this.u16(bytes.length);
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** It may share its buffer with others. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = slab.room(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = viewOf(larger);
    }
    return at;
  }
}

/** Reads what `Writer` writes. A read beyond the end gives zeros and makes `whole` false for good. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** All was read, and nothing beyond. */
  get whole(): boolean {
    return !this.#isShort && this.#at === this.#bytes.length;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  u8(): number {
    return this.#has(1) ? this.#view.getUint8(this.#at - 1) : 0;
  }

  u16(): number {
    return this.#has(2) ? this.#view.getUint16(this.#at - 2) : 0;
  }

  i16(): number {
    return this.#has(2) ? this.#view.getInt16(this.#at - 2) : 0;
  }

  u32(): number {
    return this.#has(4) ? this.#view.getUint32(this.#at - 4) : 0;
  }

  /** What does not fit 53 bits counts as short. */
  u64(): number {
    if (!this.#has(8)) return 0;
    const value = Number(this.#view.getBigUint64(this.#at - 8));
    if (!Number.isSafeInteger(value)) this.#isShort = true;
    return value;
  }

  id(): NodeId {
    if (!this.#has(idBytes)) return 0n;
    return (this.#view.getBigUint64(this.#at - 16) << 64n) | this.#view.getBigUint64(this.#at - 8);
  }

  /** A copy. */
  blob(limit: number): Uint8Array {
    return this.blobView(limit).slice();
  }

  /** The same, as a view of what is read. */
  blobView(limit: number): Uint8Array {
    const length = this.u16();
    if (length > limit) this.#isShort = true;
    return this.#has(length) ? this.#bytes.subarray(this.#at - length, this.#at) : new Uint8Array();
  }

  #has(count: number): boolean {
    if (this.#isShort || this.#at + count > this.#bytes.length) {
      this.#isShort = true;
      return false;
    }
    this.#at += count;
    return true;
  }
}
