import { closeSync } from 'node:fs';
import { explain, TapError } from './errors.ts';
import { limitsOf } from './frame-limits.ts';
import type { Offload, PausablePort } from './frame-port.ts';
import { InterfacePort } from './interface-port.ts';
import { type LinkSettings, setUpLink } from './ip.ts';
import type { LinkState } from './link-watch.ts';
import { native, type TapDevice } from './native.ts';
import { PacketBatch } from './packet-batch.ts';

export interface KernelTapOptions extends LinkSettings {
  name: string;
  /** Path of the network namespace to make it in, such as /run/netns/NAME; without: the process's own. */
  netns?: string;
  /** Without: 'kernel'. */
  offload?: Offload;
}

/** What the kernel takes as a name (dev_valid_name), but for what is not printable ASCII, and its patterns ('%d'). */
const INTERFACE_NAME = /^[!-$&-.0-9;-~]{1,15}$/;

/** In a batch: with fewer, a stream costs a tenth more; more gain nothing. */
const SUPER_FRAMES = 6;

/**
 * A TAP interface of the kernel. It exists as long as this object is open, and works on in whichever network namespace
 * somebody puts it.
 */
export class KernelTap extends InterfacePort implements PausablePort {
  readonly mac: Uint8Array;
  readonly mtu: number;
  protected readonly device: TapDevice;

  /** Makes the interface, and sets it up. Throws a TapError; nothing is left then. */
  static async open(options: KernelTapOptions): Promise<KernelTap> {
    const tap = new KernelTap(options);
    try {
      await setUpLink(tap.name, options, options.netns);
      tap.watch(tap.name, options.netns ?? '');
    } catch (error) {
      tap.close();
      throw error;
    }
    return tap;
  }

  private constructor({ name, mac, mtu, netns = '', offload = 'kernel' }: KernelTapOptions) {
    if (!INTERFACE_NAME.test(name) || name === '.' || name === '..') throw new TapError('TAP_BAD_NAME', name);
    const isHeaded = offload === 'headed';
    const batch = PacketBatch.of(mtu + 30, isHeaded ? SUPER_FRAMES : 1);
    super(name, isHeaded, batch);
    this.mac = mac;
    this.mtu = mtu;
    const { slab, bounds, largest } = batch;
    const { longest } = limitsOf(mtu);
    const { TapDevice } = native();
    try {
      const onBatch = (count: number) => this.deliver(count);
      const onError = (error: Error) => this.fail(explain(error, name));
      this.device = new TapDevice({ name, netns, offload, longest, slab, bounds, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, name, netns);
    }
  }

  pause(isPaused: boolean): void {
    this.device.pause(isPaused);
  }

  protected transmit(frames: readonly Uint8Array[], areHeaded: boolean, tally: Float64Array): number {
    return this.device.send(frames, areHeaded, tally);
  }

  protected linkIs({ exists, isUp }: LinkState): void {
    if (exists) this.setUp(isUp);
    else this.#follow();
  }

  /** It is not where it was: it moved to another network namespace, or was deleted, which the device tells as well. */
  #follow(): void {
    let place: ReturnType<TapDevice['locate']>;
    try {
      place = this.device.locate();
    } catch {
      return;
    }
    try {
      this.watch(place.name, `/proc/self/fd/${place.netns}`);
    } catch {
      // Where it cannot be watched, it is taken to be usable.
      this.setUp(true);
    } finally {
      closeSync(place.netns);
    }
  }
}
