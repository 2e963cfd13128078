import type { Socket } from 'node:net';
import { FrameFinisher } from './frame-finisher.ts';
import { type FrameLimits, limitsOf, totalBytes } from './frame-limits.ts';
import type { FramePort, PortCounters } from './frame-port.ts';
import { BATCH } from './packet-batch.ts';
import { FrameStream, fitting, joinFrames } from './stream-framing.ts';

export interface UnixPortOptions {
  name: string;
  mac: Uint8Array;
  /** More than 65,517 is taken for that, so that the length of a frame fits its two bytes. */
  mtu: number;
  /** Of the socket. */
  path: string;
}

/** Where a port gets its connections from. */
export interface Connections {
  close(): void;
}

const LARGEST_MTU = 65_517;
/** Bytes that may wait for a peer that does not read. */
const QUEUE = 1 << 18;

/** A Unix stream socket as a port: each frame behind its length (see stream-framing.ts), one peer at a time. */
export class UnixPort implements FramePort {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly isHeaded = false;
  readonly counters: PortCounters = {
    rxFrames: 0,
    rxBytes: 0,
    rxDropped: 0,
    txFrames: 0,
    txBytes: 0,
    txDropped: 0,
  };
  readonly #limits: FrameLimits;
  #connections: Connections | undefined;
  #socket: Socket | undefined;
  #isClosed = false;
  #finisher: FrameFinisher | undefined;
  #onFrames: (frames: readonly Uint8Array[]) => void = () => {};
  #onLink: (isUp: boolean) => void = () => {};

  /** Not to be called but by dialUnixPort and listenUnixPort. */
  constructor({ name, mac, mtu }: UnixPortOptions) {
    this.name = name;
    this.mac = mac;
    this.mtu = Math.min(mtu, LARGEST_MTU);
    this.#limits = limitsOf(this.mtu);
  }

  get isUp(): boolean {
    return this.#socket !== undefined;
  }

  onFrames(handler: (frames: readonly Uint8Array[]) => void): void {
    this.#onFrames = handler;
  }

  onLink(handler: (isUp: boolean) => void): void {
    this.#onLink = handler;
  }

  /** Nothing ends this port: it waits for its peer to come back. */
  onError(_handler: (error: Error) => void): void {}

  send(frames: readonly Uint8Array[]): number {
    const { counters } = this;
    const room = this.#socket === undefined ? 0 : QUEUE - this.#socket.writableLength;
    const { taken, bytes } = fitting(frames, this.#limits, room);
    if (taken.length > 0) this.#socket?.write(joinFrames(taken, bytes));
    counters.txFrames += taken.length;
    counters.txBytes += bytes;
    counters.txDropped += frames.length - taken.length;
    return taken.length;
  }

  sendHeaded(frames: readonly Uint8Array[]): number {
    this.#finisher ??= new FrameFinisher();
    const malformed = this.#finisher.finish(frames, (finished) => void this.send(finished));
    this.counters.txDropped += malformed;
    return frames.length - malformed;
  }

  close(): void {
    this.#isClosed = true;
    this.#connections?.close();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  /** From now on, closing the port closes them, too. */
  attachTo(connections: Connections): void {
    this.#connections = connections;
  }

  /** Talks to this peer, instead of the one before. The socket's errors are handled by whoever made it. */
  connect(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const before = this.#socket;
    this.#socket = socket;
    before?.destroy();
    const stream = new FrameStream(this.#limits);
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#receive(stream, chunk, socket);
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      this.#onLink(false);
    });
    if (before === undefined) this.#onLink(true);
  }

  #receive(stream: FrameStream, chunk: Buffer, socket: Socket): void {
    // Not a Buffer, whose slice() makes no copy.
    const frames = stream.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    if (stream.isBroken) {
      this.counters.rxDropped += 1;
      socket.destroy();
    }
    this.counters.rxFrames += frames.length;
    this.counters.rxBytes += totalBytes(frames);
    for (let at = 0; at < frames.length && socket === this.#socket; at += BATCH) {
      this.#onFrames(frames.slice(at, at + BATCH));
    }
  }
}
