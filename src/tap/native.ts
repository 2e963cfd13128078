import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TapError } from './errors.ts';
import type { Offload } from './frame-port.ts';

/** Where the addon puts a batch of packets; see native/packet_batch.h. */
export interface BatchMemory {
  slab: Uint8Array;
  bounds: Uint32Array;
  largest: number;
}

/** See native/packet_source.h. */
export interface PacketSourceOptions extends BatchMemory {
  /** Path of the network namespace to work in; empty: the process's own. */
  netns: string;
  onBatch(count: number): void;
  onError(error: Error): void;
}

export interface TapDeviceOptions extends PacketSourceOptions {
  name: string;
  offload: Offload;
  /** Bytes of a finished frame that the interface takes. */
  longest: number;
}

export interface TapDevice {
  /** How many frames were written; they and their bytes are added to `tally`. */
  send(frames: readonly Uint8Array[], areHeaded: boolean, tally: Float64Array): number;
  dropped(): number;
  /** What the interface is called now, and a descriptor, to be closed, of the namespace that it is in. */
  locate(): { name: string; netns: number };
  /** While it is paused nothing is read: what comes waits in the kernel. */
  pause(isPaused: boolean): void;
  close(): void;
}

export interface PacketSocketOptions extends PacketSourceOptions {
  name: string;
  offload: Exclude<Offload, 'kernel'>;
}

export interface PacketSocket {
  describe(): { mtu: number; isUp: boolean; mac: Uint8Array };
  send(frames: readonly Uint8Array[], areHeaded: boolean, mtu: number, tally: Float64Array): number;
  dropped(): number;
  close(): void;
}

interface PacketSocketClass {
  new (options: PacketSocketOptions): PacketSocket;
  /** Of the memory for headed frames: bytes, and frames in a batch. */
  readonly SLAB_SIZE: number;
  readonly SLOTS: number;
}

export interface LinkWatchOptions extends PacketSourceOptions {
  /** Of the interface. */
  name: string;
}

export interface LinkWatch {
  close(): void;
}

export interface IcmpSocketOptions extends PacketSourceOptions {
  family: 4 | 6;
}

export interface IcmpSocket {
  send(address: string, message: Uint8Array): void;
  close(): void;
}

export interface FrameFinisher {
  finish(frames: readonly Uint8Array[], onBatch: (count: number) => void): number;
}

/** The addon. Its constructors, TapDevice.locate and IcmpSocket.send throw an ErrnoError. */
interface Native {
  TapDevice: new (options: TapDeviceOptions) => TapDevice;
  PacketSocket: PacketSocketClass;
  LinkWatch: new (options: LinkWatchOptions) => LinkWatch;
  IcmpSocket: new (options: IcmpSocketOptions) => IcmpSocket;
  FrameFinisher: new (memory: BatchMemory) => FrameFinisher;
}

/** Seen from src/tap and from dist/src/tap. */
const PLACES = ['native/build/ringlet.node', '../../../src/tap/native/build/ringlet.node'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

const load = createRequire(import.meta.url);

/** The addon, loaded when it is first needed. Throws TAP_NOT_BUILT. */
export function native(): Native {
  const path = PLACES.find((place) => existsSync(place));
  if (path === undefined) throw new TapError('TAP_NOT_BUILT');
  try {
    return load(path);
  } catch (cause) {
    throw new TapError('TAP_NOT_BUILT', '', '', { cause });
  }
}
