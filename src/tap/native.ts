import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TapError } from './errors.ts';

/** A batch of packets, lying one behind the other in `slab`; see native/packet_source.h. */
export interface PacketSourceOptions {
  slab: Uint8Array;
  ends: Uint32Array;
  largest: number;
  onBatch(count: number): void;
  onError(error: Error): void;
}

export interface TapDeviceOptions extends PacketSourceOptions {
  name: string;
  /** Path of the network namespace that the interface is made in; empty: the process's own. */
  netns: string;
  vnetHeader: boolean;
}

export interface TapDevice {
  /** How many frames were written, in order, before the first that was refused. */
  send(frames: readonly Uint8Array[]): number;
  close(): void;
}

export interface IcmpSocketOptions extends PacketSourceOptions {
  family: 4 | 6;
  /** Path of the network namespace that the socket is opened in; empty: the process's own. */
  netns: string;
}

export interface IcmpSocket {
  send(address: string, message: Uint8Array): void;
  close(): void;
}

/** The addon. Its constructors and IcmpSocket.send throw an ErrnoError. */
interface Native {
  TapDevice: new (options: TapDeviceOptions) => TapDevice;
  IcmpSocket: new (options: IcmpSocketOptions) => IcmpSocket;
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
