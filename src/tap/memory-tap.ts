import { TapError } from './errors.ts';
import { FrameFinisher } from './frame-finisher.ts';
import { fits, limitsOf, totalBytes } from './frame-limits.ts';
import type { PausablePort, PortCounters } from './frame-port.ts';
import { BATCH } from './packet-batch.ts';

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
  /** Sets the interface up or down, as `ip link set` does. */
  setLink(isUp: boolean): void;
}

/** Frames that wait in one direction; as many as the kernel's TAP holds (TUN_READQ_SIZE). */
const QUEUE = 500;

/** A TAP without a kernel, which behaves like it: frames are copied, queues are bounded, nothing arrives at once. */
export class MemoryTap implements PausablePort {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly counters: PortCounters = {
    rxFrames: 0,
    rxBytes: 0,
    rxDropped: 0,
    txFrames: 0,
    txBytes: 0,
    txDropped: 0,
  };
  readonly isHeaded = false;
  readonly host: MemoryHost;
  readonly #toHost: Lane;
  readonly #fromHost: Lane;
  #onFrames: FramesHandler = () => {};
  #isUp = true;
  #finisher: FrameFinisher | undefined;
  #onLink: (isUp: boolean) => void = () => {};
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
      send: (frames) => (this.#isUp ? this.#fromHost.push(frames).length : 0),
      onFrames: (handler) => {
        this.#toHost.handler = handler;
      },
      remove: () => {
        if (!this.#fromHost.isOpen) return;
        this.close();
        defer(() => this.#onError(new TapError('TAP_GONE', name)));
      },
      setLink: (isUp) => {
        if (isUp === this.#isUp || !this.#fromHost.isOpen) return;
        this.#isUp = isUp;
        defer(() => this.#onLink(isUp));
      },
    };
  }

  onFrames(handler: FramesHandler): void {
    this.#onFrames = handler;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  onLink(handler: (isUp: boolean) => void): void {
    this.#onLink = handler;
  }

  onError(handler: (error: Error) => void): void {
    this.#onError = handler;
  }

  send(frames: readonly Uint8Array[]): number {
    const taken = this.#isUp ? this.#toHost.push(frames) : [];
    this.counters.txFrames += taken.length;
    this.counters.txBytes += totalBytes(taken);
    this.counters.txDropped += frames.length - taken.length;
    return taken.length;
  }

  sendHeaded(frames: readonly Uint8Array[]): number {
    this.#finisher ??= new FrameFinisher();
    const malformed = this.#finisher.finish(frames, (finished) => void this.send(finished));
    this.counters.txDropped += malformed;
    return frames.length - malformed;
  }

  pause(isPaused: boolean): void {
    this.#fromHost.pause(isPaused);
  }

  close(): void {
    this.#isUp = false;
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
  #isPaused = false;

  constructor(mtu: number, defer: (task: () => void) => void) {
    this.#limits = limitsOf(mtu);
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

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#drainLater();
  }

  #drainLater(): void {
    if (this.#isDraining || this.#isPaused || this.#queue.length === 0) return;
    this.#isDraining = true;
    this.#defer(() => {
      this.#isDraining = false;
      if (this.#isPaused) return;
      const batch = this.#queue.splice(0, BATCH);
      this.#drainLater();
      if (batch.length > 0) this.handler(batch);
      // As the kernel's slab is written over: who kept a view without copying it finds out in a test.
      for (const frame of batch) frame.fill(0xdb);
    });
  }
}
