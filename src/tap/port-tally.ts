import { totalBytes } from './frame-limits.ts';
import type { PortCounters } from './frame-port.ts';

/** Counts for a port whose frames the native addon sends. */
export class PortTally {
  /** Frames and bytes sent; the addon adds to it. */
  readonly sent = new Float64Array(2);
  #rxFrames = 0;
  #rxBytes = 0;
  #txDropped = 0;

  received(frames: readonly Uint8Array[]): void {
    this.#rxFrames += frames.length;
    this.#rxBytes += totalBytes(frames);
  }

  refused(frames: number): void {
    this.#txDropped += frames;
  }

  counters(rxDropped: number): PortCounters {
    const [txFrames = 0, txBytes = 0] = this.sent;
    return {
      rxFrames: this.#rxFrames,
      rxBytes: this.#rxBytes,
      rxDropped,
      txFrames,
      txBytes,
      txDropped: this.#txDropped,
    };
  }
}
