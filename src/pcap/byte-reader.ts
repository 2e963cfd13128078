/** Takes a stream of chunks apart into pieces of given length. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #waiting: Buffer[] = [];
  #length = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or undefined when there are not that many. */
  async take(length: number): Promise<Buffer | undefined> {
    if (!(await this.#fill(length))) return undefined;
    const all = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    this.#waiting = length < all.length ? [all.subarray(length)] : [];
    this.#length -= length;
    return all.subarray(0, length);
  }

  /** Passes over bytes; false when there are not that many. */
  async skip(length: number): Promise<boolean> {
    for (let left = length; left > 0; ) {
      if (!(await this.#fill(1))) return false;
      const piece = Math.min(left, this.#length);
      await this.take(piece);
      left -= piece;
    }
    return true;
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill(1));
  }

  async #fill(length: number): Promise<boolean> {
    while (this.#length < length) {
      const { value, done } = await this.#chunks.next();
      if (done) return false;
      this.#waiting.push(value);
      this.#length += value.length;
    }
    return true;
  }
}
