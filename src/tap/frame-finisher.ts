import { type FrameFinisher as NativeFinisher, native } from './native.ts';
import { PacketBatch } from './packet-batch.ts';

/**
 * Makes finished frames of headed ones, for whoever cannot take those: computes checksums, and cuts super-frames into
 * segments as the kernel would. The headers may come from anybody.
 */
export class FrameFinisher {
  readonly #batch = PacketBatch.of(1600);
  readonly #native: NativeFinisher;

  /** Throws TAP_NOT_BUILT. */
  constructor() {
    this.#native = new (native().FrameFinisher)(this.#batch);
  }

  /**
   * Calls `deliver` with the finished frames, in batches and in order, before it returns; the views are valid only
   * until `deliver` returns, which must not call this finisher. Returns how many frames were malformed and left out.
   * Throws a RangeError if a frame has not the 12 bytes of a header before it.
   */
  finish(frames: readonly Uint8Array[], deliver: (finished: readonly Uint8Array[]) => void): number {
    return this.#native.finish(frames, (count) => deliver(this.#batch.views(count)));
  }
}
