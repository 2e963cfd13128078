/** Room for bytes, cut from large pieces: a buffer of its own for each few bytes costs more than what is done with them. */
export class Slab {
  readonly #pieceSize: number;
  #piece = new Uint8Array(0);
  #used = 0;

  /** A piece of so many bytes lives for as long as anything in it. */
  constructor(pieceSize: number) {
    this.#pieceSize = pieceSize;
  }

  room(length: number): Uint8Array {
    if (length > this.#pieceSize / 2) return new Uint8Array(length);
    if (this.#used + length > this.#piece.length) {
      this.#piece = new Uint8Array(this.#pieceSize);
      this.#used = 0;
    }
    this.#used += length;
    return this.#piece.subarray(this.#used - length, this.#used);
  }

  copy(bytes: Uint8Array): Uint8Array {
    const copy = this.room(bytes.length);
    copy.set(bytes);
    return copy;
  }
}
