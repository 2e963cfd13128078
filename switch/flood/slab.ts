/**
 * Room for frames, cut from large pieces: a small array of its own for each frame costs more than all that is done with it.
 * A piece lives for as long as any frame in it.
 */
const pieceSize = 65_536;

let piece = new Uint8Array(0);
let used = 0;

/** Zeroed. */
export function room(length: number): Uint8Array {
  if (length > pieceSize / 8) return new Uint8Array(length);
  if (used + length > piece.length) {
    piece = new Uint8Array(pieceSize);
    used = 0;
  }
  used += length;
  return piece.subarray(used - length, used);
}
