import { explain, TapError } from './errors.ts';
import { type FrameLimits, fits, plainLimits, totalBytes, VNET_LIMITS } from './frame-limits.ts';
import { type LinkSettings, setUpLink } from './ip.ts';
import { native, type TapDevice } from './native.ts';
import { PacketBatch } from './packet-batch.ts';
import type { Tap, TapCounters } from './tap.ts';

export interface KernelTapOptions extends LinkSettings {
  name: string;
  /** Path of the network namespace to make it in, such as /run/netns/NAME; without: the process's own. */
  netns?: string;
  /** Each frame has a virtio_net_hdr_mrg_rxbuf (12 bytes, virtio 1.2 section 5.1.6) in front, both ways. */
  vnetHeader?: boolean;
}

/** What the kernel takes as a name (dev_valid_name), but for what is not printable ASCII, and its patterns ('%d'). */
const INTERFACE_NAME = /^[!-$&-.0-9;-~]{1,15}$/;

/** A TAP interface of the kernel. It exists as long as this object is open. */
export class KernelTap implements Tap {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly counters: TapCounters = { rxFrames: 0, rxBytes: 0, txFrames: 0, txBytes: 0, txDropped: 0 };
  readonly #device: TapDevice;
  readonly #batch: PacketBatch;
  readonly #limits: FrameLimits;
  #onFrames: (frames: readonly Uint8Array[]) => void = () => {};
  #onError: (error: Error) => void = () => {};

  /** Makes the interface, and sets it up. Throws a TapError; nothing is left then. */
  static async open(options: KernelTapOptions): Promise<KernelTap> {
    const tap = new KernelTap(options);
    try {
      await setUpLink(tap.name, options, options.netns);
    } catch (error) {
      tap.close();
      throw error;
    }
    return tap;
  }

  private constructor({ name, mac, mtu, netns = '', vnetHeader = false }: KernelTapOptions) {
    if (!INTERFACE_NAME.test(name) || name === '.' || name === '..') throw new TapError('TAP_BAD_NAME', name);
    this.name = name;
    this.mac = mac;
    this.mtu = mtu;
    this.#limits = vnetHeader ? VNET_LIMITS : plainLimits(mtu);
    this.#batch = new PacketBatch(mtu + 30);
    const { slab, ends, largest } = this.#batch;
    const { TapDevice } = native();
    try {
      const onBatch = (count: number) => this.#deliver(count);
      const onError = (error: Error) => this.#onError(explain(error, name));
      this.#device = new TapDevice({ name, netns, vnetHeader, slab, ends, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, name, netns);
    }
  }

  onFrames(handler: (frames: readonly Uint8Array[]) => void): void {
    this.#onFrames = handler;
  }

  onError(handler: (error: Error) => void): void {
    this.#onError = handler;
  }

  send(frames: readonly Uint8Array[]): number {
    const { counters } = this;
    const fitting = frames.every((frame) => fits(frame, this.#limits))
      ? frames
      : frames.filter((frame) => fits(frame, this.#limits));
    const taken = this.#device.send(fitting);
    counters.txFrames += taken;
    counters.txBytes += totalBytes(taken === fitting.length ? fitting : fitting.slice(0, taken));
    counters.txDropped += frames.length - taken;
    return taken;
  }

  close(): void {
    this.#device.close();
  }

  #deliver(count: number): void {
    this.counters.rxFrames += count;
    this.counters.rxBytes += this.#batch.ends[count - 1] ?? 0;
    this.#onFrames(this.#batch.views(count));
  }
}
