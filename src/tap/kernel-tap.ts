import { explain, TapError } from './errors.ts';
import { limitsOf } from './frame-limits.ts';
import type { FramePort, Offload, PortCounters } from './frame-port.ts';
import { type LinkSettings, setUpLink } from './ip.ts';
import { LinkWatch } from './link-watch.ts';
import { native, type TapDevice } from './native.ts';
import { PacketBatch } from './packet-batch.ts';
import { PortTally } from './port-tally.ts';

export interface KernelTapOptions extends LinkSettings {
  name: string;
  /** Path of the network namespace to make it in, such as /run/netns/NAME; without: the process's own. */
  netns?: string;
  /** Without: 'kernel'. */
  offload?: Offload;
}

/** What the kernel takes as a name (dev_valid_name), but for what is not printable ASCII, and its patterns ('%d'). */
const INTERFACE_NAME = /^[!-$&-.0-9;-~]{1,15}$/;

/** A TAP interface of the kernel. It exists as long as this object is open. */
export class KernelTap implements FramePort {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly isHeaded: boolean;
  readonly #device: TapDevice;
  readonly #batch: PacketBatch;
  readonly #tally = new PortTally();
  #watch: LinkWatch | undefined;
  #isUp = true;
  #onFrames: (frames: readonly Uint8Array[]) => void = () => {};
  #onLink: (isUp: boolean) => void = () => {};
  #onError: (error: Error) => void = () => {};

  /** Makes the interface, and sets it up. Throws a TapError; nothing is left then. */
  static async open(options: KernelTapOptions): Promise<KernelTap> {
    const tap = new KernelTap(options);
    try {
      await setUpLink(tap.name, options, options.netns);
      tap.#watchLink(options.netns ?? '');
    } catch (error) {
      tap.close();
      throw error;
    }
    return tap;
  }

  private constructor({ name, mac, mtu, netns = '', offload = 'kernel' }: KernelTapOptions) {
    if (!INTERFACE_NAME.test(name) || name === '.' || name === '..') throw new TapError('TAP_BAD_NAME', name);
    this.name = name;
    this.mac = mac;
    this.mtu = mtu;
    this.isHeaded = offload === 'headed';
    this.#batch = PacketBatch.of(mtu + 30);
    const { slab, bounds, largest } = this.#batch;
    const { longest } = limitsOf(mtu);
    const { TapDevice } = native();
    try {
      const onBatch = (count: number) => this.#deliver(count);
      const onError = (error: Error) => this.#fail(error);
      this.#device = new TapDevice({ name, netns, offload, longest, slab, bounds, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, name, netns);
    }
  }

  get counters(): PortCounters {
    return this.#tally.counters(this.#device.dropped());
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  onFrames(handler: (frames: readonly Uint8Array[]) => void): void {
    this.#onFrames = handler;
  }

  onLink(handler: (isUp: boolean) => void): void {
    this.#onLink = handler;
  }

  onError(handler: (error: Error) => void): void {
    this.#onError = handler;
  }

  send(frames: readonly Uint8Array[]): number {
    return this.#send(frames, false);
  }

  sendHeaded(frames: readonly Uint8Array[]): number {
    return this.#send(frames, true);
  }

  close(): void {
    this.#isUp = false;
    this.#watch?.close();
    this.#device.close();
  }

  #send(frames: readonly Uint8Array[], areHeaded: boolean): number {
    const taken = this.#device.send(frames, areHeaded, this.#tally.sent);
    this.#tally.refused(frames.length - taken);
    return taken;
  }

  #deliver(count: number): void {
    const frames = this.#batch.views(count);
    this.#tally.received(frames);
    this.#onFrames(frames);
  }

  #watchLink(netns: string): void {
    try {
      this.#watch = new LinkWatch(this.name, netns, ({ exists, isUp }) => {
        // That it was deleted, the device tells as well.
        if (!exists || isUp === this.#isUp) return;
        this.#isUp = isUp;
        this.#onLink(isUp);
      });
    } catch (error) {
      throw explain(error, this.name, netns);
    }
  }

  #fail(error: Error): void {
    this.close();
    this.#onError(explain(error, this.name));
  }
}
