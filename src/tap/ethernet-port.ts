import { explain, TapError } from './errors.ts';
import type { Offload } from './frame-port.ts';
import { InterfacePort } from './interface-port.ts';
import type { LinkState } from './link-watch.ts';
import { native, type PacketSocket } from './native.ts';
import { PacketBatch } from './packet-batch.ts';

export interface EthernetPortOptions {
  /** Of an interface that exists. */
  name: string;
  /** Path of the network namespace that it is in, such as /run/netns/NAME; without: the process's own. */
  netns?: string;
  /** Without: 'cut'. */
  offload?: Exclude<Offload, 'kernel'>;
}

/**
 * An Ethernet interface that exists (a network card, one end of a veth pair), as a port. All frames that come in are
 * received, whoever they are for; those that the host's own network stack sends are not. The host's stack goes on to
 * receive what it did before.
 */
export class EthernetPort extends InterfacePort {
  readonly mac: Uint8Array;
  protected readonly device: PacketSocket;
  #mtu: number;

  /** Throws ETH_NO_INTERFACE, ETH_NOT_ETHERNET, ETH_NO_PERMISSION, TAP_NO_NETNS or TAP_NOT_BUILT. */
  constructor({ name, netns = '', offload = 'cut' }: EthernetPortOptions) {
    const { PacketSocket } = native();
    const isHeaded = offload === 'headed';
    const batch = isHeaded ? new PacketBatch(PacketSocket.SLAB_SIZE, PacketSocket.SLOTS) : PacketBatch.of(1600);
    super(name, isHeaded, batch);
    const { slab, bounds, largest } = batch;
    try {
      const onBatch = (count: number) => this.deliver(count);
      const onError = (error: Error) => this.fail(explain(error, name));
      this.device = new PacketSocket({ name, netns, offload, slab, bounds, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, name, netns);
    }
    const { mtu, isUp, mac } = this.device.describe();
    this.#mtu = mtu;
    this.mac = mac;
    this.setUp(isUp);
    try {
      this.watch(name, netns);
    } catch (error) {
      this.device.close();
      throw error;
    }
  }

  get mtu(): number {
    return this.#mtu;
  }

  protected transmit(frames: readonly Uint8Array[], areHeaded: boolean, tally: Float64Array): number {
    return this.device.send(frames, areHeaded, this.#mtu, tally);
  }

  protected linkIs({ exists, isUp, mtu }: LinkState): void {
    if (!exists) {
      this.fail(new TapError('TAP_GONE', this.name));
      return;
    }
    this.#mtu = mtu;
    this.setUp(isUp);
  }
}
