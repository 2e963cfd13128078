import { type FrameLimits, fits } from './frame-limits.ts';

/**
 * Frames in a byte stream, as Open vSwitch's dummy ports and QEMU's stream sockets (there with four bytes) have them:
 *
 *     0                 16
 *     +-----------------+----------------------------
 *     |  length (BE)    |  frame, `length` bytes ...
 *     +-----------------+----------------------------
 */
const PREFIX = 2;

/** One piece of memory with all frames behind their lengths. */
export function joinFrames(frames: readonly Uint8Array[], bytes: number): Uint8Array {
  const joined = Buffer.allocUnsafe(bytes + PREFIX * frames.length);
  let at = 0;
  for (const frame of frames) {
    at = joined.writeUInt16BE(frame.length, at);
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

/** Takes a stream apart again. */
export class FrameStream {
  readonly #limits: FrameLimits;
  /** The beginning of a frame whose rest has not come yet. */
  #rest: Uint8Array;
  /** Changes places with it when a frame is complete, so that the next one cannot overwrite that. */
  #spare: Uint8Array;
  #restSize = 0;
  #isBroken = false;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
    this.#rest = new Uint8Array(PREFIX + limits.longest);
    this.#spare = this.#rest.slice();
  }

  /** A length was out of bounds: what follows in the stream means nothing. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** The frames that are complete with this chunk: views into it, and into memory that the next call overwrites. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    if (this.#restSize > 0) {
      at = this.#complete(chunk);
      if (this.#isBroken || !this.#isComplete()) return frames;
      frames.push(this.#rest.subarray(PREFIX, this.#restSize));
      this.#restSize = 0;
      [this.#rest, this.#spare] = [this.#spare, this.#rest];
    }
    while (!this.#isBroken && chunk.length - at >= PREFIX) {
      const end = at + PREFIX + lengthAt(chunk, at);
      if (!this.#isGood(end - at - PREFIX) || end > chunk.length) break;
      frames.push(chunk.subarray(at + PREFIX, end));
      at = end;
    }
    if (!this.#isBroken) this.#keep(chunk.subarray(at));
    return frames;
  }

  /** Moves what belongs to the kept frame out of the chunk, and returns how much that was. */
  #complete(chunk: Uint8Array): number {
    let at = 0;
    if (this.#restSize < PREFIX) at = this.#keep(chunk.subarray(0, PREFIX - this.#restSize));
    if (this.#restSize < PREFIX) return at;
    const length = lengthAt(this.#rest, 0);
    if (!this.#isGood(length)) return at;
    return at + this.#keep(chunk.subarray(at, at + PREFIX + length - this.#restSize));
  }

  #isComplete(): boolean {
    return this.#restSize >= PREFIX && this.#restSize === PREFIX + lengthAt(this.#rest, 0);
  }

  #keep(bytes: Uint8Array): number {
    this.#rest.set(bytes, this.#restSize);
    this.#restSize += bytes.length;
    return bytes.length;
  }

  #isGood(length: number): boolean {
    this.#isBroken ||= length < this.#limits.shortest || length > this.#limits.longest;
    return !this.#isBroken;
  }
}

const lengthAt = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** The frames at the front that fit into `room` bytes of the queue, and their bytes. */
export function fitting(frames: readonly Uint8Array[], limits: FrameLimits, room: number) {
  const taken: Uint8Array[] = [];
  let bytes = 0;
  for (const frame of frames) {
    if (!fits(frame, limits)) continue;
    if (bytes + frame.length > room) break;
    bytes += frame.length;
    taken.push(frame);
  }
  return { taken, bytes };
}
