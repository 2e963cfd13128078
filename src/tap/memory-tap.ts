import { TapError } from './errors.ts';
import { fits, plainLimits, totalBytes } from './frame-limits.ts';
import { BATCH } from './packet-batch.ts';
import type { Tap, TapCounters } from './tap.ts';

export interface MemoryTapOptions {
  name: string;
  mac: Uint8Array;
  mtu: number;
  /** Runs a task soon, never at once; a simulation hands in its own. */
  defer?: (task: () => void) => void;
}

type FramesHandler = (frames: readonly Uint8Array[]) => void;

/** The other end of the cable: what the host's network stack is to a TAP of the kernel. */
export interface MemoryHost {
  /** Returns how many frames the queue took. */
  send(frames: readonly Uint8Array[]): number;
  /** The views are valid only until the handler returns. */
  onFrames(handler: FramesHandler): void;
  /** Deletes the interface under the TAP, as `ip link delete` does. */
  remove(): void;
}

/** Frames that wait in one direction; as many as the kernel's TAP holds (TUN_READQ_SIZE). */
const QUEUE = 500;

/** A TAP without a kernel, which behaves like it: frames are copied, queues are bounded, nothing arrives at once. */
export class MemoryTap implements Tap {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly counters: TapCounters = { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, txDropped: 0 };
  readonly host: MemoryHost;
  readonly #toHost: Lane;
  readonly #fromHost: Lane;
  #onFrames: FramesHandler = () => {};
  #onError: (error: Error) => void = () => {};

  constructor({ name, mac, mtu, defer = setImmediate }: MemoryTapOptions) {
    this.name = name;
    this.mac = mac;
    this.mtu = mtu;
    this.#toHost = new Lane(mtu, defer);
    this.#fromHost = new Lane(mtu, defer);
    this.#fromHost.handler = (frames) => {
      this.counters.rxFrames += frames.length;
      this.counters.rxBytes += totalBytes(frames);
      this.#onFrames(frames);
    };
    this.host = {
      send: (frames) => this.#fromHost.push(frames).length,
      onFrames: (handler) => {
        this.#toHost.handler = handler;
      },
      remove: () => {
        if (!this.#fromHost.isOpen) return;
        this.close();
        defer(() => this.#onError(new TapError('TAP_GONE', name)));
      },
    };
  }

  onFrames(handler: FramesHandler): void {
    this.#onFrames = handler;
  }

  onError(handler: (error: Error) => void): void {
    this.#onError = handler;
  }

  send(frames: readonly Uint8Array[]): number {
    const taken = this.#toHost.push(frames);
    this.counters.txFrames += taken.length;
    this.counters.txBytes += totalBytes(taken);
    this.counters.txDropped += frames.length - taken.length;
    return taken.length;
  }

  close(): void {
    this.#toHost.close();
    this.#fromHost.close();
  }
}

/** One direction: a bounded queue that empties itself in batches. */
class Lane {
  handler: FramesHandler = () => {};
  isOpen = true;
  readonly #limits;
  readonly #defer: (task: () => void) => void;
  #queue: Uint8Array[] = [];
  #isDraining = false;

  constructor(mtu: number, defer: (task: () => void) => void) {
    this.#limits = plainLimits(mtu);
    this.#defer = defer;
  }

  /** Returns the frames that were taken, as copies. */
  push(frames: readonly Uint8Array[]): Uint8Array[] {
    if (!this.isOpen) return [];
    const room = QUEUE - this.#queue.length;
    const taken = frames
      .filter((frame) => fits(frame, this.#limits))
      .slice(0, room)
      .map((frame) => frame.slice());
    this.#queue.push(...taken);
    this.#drainLater();
    return taken;
  }

  close(): void {
    this.isOpen = false;
    this.#queue = [];
  }

  #drainLater(): void {
    if (this.#isDraining || this.#queue.length === 0) return;
    this.#isDraining = true;
    this.#defer(() => {
      this.#isDraining = false;
      const batch = this.#queue.splice(0, BATCH);
      this.#drainLater();
      if (batch.length > 0) this.handler(batch);
      // As the kernel's slab is written over: who kept a view without copying it finds out in a test.
      for (const frame of batch) frame.fill(0xdb);
    });
  }
}
