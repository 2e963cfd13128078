import type { Clock } from '../lib/clock.ts';
import { captureHeader, captureRecord } from '../pcap/index.ts';

/** Where a capture goes. */
export interface CaptureSink {
  /** Bytes that wait to be taken. */
  readonly backlog: number;
  write(bytes: Uint8Array): void;
  end(): void;
}

/** A capture whose reader is this far behind misses frames. */
const maxBacklog = 1 << 22;

/** Who captures the frames of one port, both ways. */
export class Captures {
  readonly #clock: Clock;
  /** Of the clock's origin, ms since 1970: its own time is finer than that of the wall. */
  readonly #origin: number;
  readonly #sinks = new Set<CaptureSink>();
  /** Frames that a capture missed because its reader was slow. */
  missed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.wallTime() - clock.now();
  }

  /** Returns what ends the capture. */
  add(sink: CaptureSink): () => void {
    sink.write(captureHeader());
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  // HOT PATH
  see(frames: readonly Uint8Array[]): void {
    if (this.#sinks.size > 0) this.#write(frames);
  }

  /** The port is gone. */
  end(): void {
    for (const sink of this.#sinks) sink.end();
    this.#sinks.clear();
  }

  #write(frames: readonly Uint8Array[]): void {
    const wallTime = this.#origin + this.#clock.now();
    const bytes = Buffer.concat(frames.map((frame) => captureRecord(wallTime, frame)));
    for (const sink of this.#sinks) {
      if (sink.backlog > maxBacklog) this.missed += frames.length;
      else sink.write(bytes);
    }
  }
}
