import { explain, TapError } from './errors.ts';
import type { FramePort, Offload, PortCounters } from './frame-port.ts';
import { type LinkState, LinkWatch } from './link-watch.ts';
import { native, type PacketSocket } from './native.ts';
import { PacketBatch } from './packet-batch.ts';
import { PortTally } from './port-tally.ts';

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
export class EthernetPort implements FramePort {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly isHeaded: boolean;
  readonly #socket: PacketSocket;
  readonly #watch: LinkWatch;
  readonly #batch: PacketBatch;
  readonly #tally = new PortTally();
  #mtu: number;
  #isUp: boolean;
  #onFrames: (frames: readonly Uint8Array[]) => void = () => {};
  #onLink: (isUp: boolean) => void = () => {};
  #onError: (error: Error) => void = () => {};

  /** Throws ETH_NO_INTERFACE, ETH_NOT_ETHERNET, ETH_NO_PERMISSION, TAP_NO_NETNS or TAP_NOT_BUILT. */
  constructor({ name, netns = '', offload = 'cut' }: EthernetPortOptions) {
    this.name = name;
    this.isHeaded = offload === 'headed';
    const { PacketSocket } = native();
    this.#batch = this.isHeaded ? new PacketBatch(PacketSocket.SLAB_SIZE, PacketSocket.SLOTS) : PacketBatch.of(1600);
    const { slab, bounds, largest } = this.#batch;
    try {
      const onBatch = (count: number) => this.#deliver(count);
      const onError = (error: Error) => this.#fail(explain(error, name));
      this.#socket = new PacketSocket({ name, netns, offload, slab, bounds, largest, onBatch, onError });
    } catch (error) {
      throw explain(error, name, netns);
    }
    const { mtu, isUp, mac } = this.#socket.describe();
    this.#mtu = mtu;
    this.#isUp = isUp;
    this.mac = mac;
    try {
      this.#watch = new LinkWatch(name, netns, (state) => this.#linkIs(state));
    } catch (error) {
      this.#socket.close();
      throw explain(error, name, netns);
    }
  }

  get mtu(): number {
    return this.#mtu;
  }

  get counters(): PortCounters {
    return this.#tally.counters(this.#socket.dropped());
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
    this.#watch.close();
    this.#socket.close();
  }

  #send(frames: readonly Uint8Array[], areHeaded: boolean): number {
    const taken = this.#socket.send(frames, areHeaded, this.#mtu, this.#tally.sent);
    this.#tally.refused(frames.length - taken);
    return taken;
  }

  #deliver(count: number): void {
    const frames = this.#batch.views(count);
    this.#tally.received(frames);
    this.#onFrames(frames);
  }

  #linkIs({ exists, isUp, mtu }: LinkState): void {
    if (!exists) {
      this.#fail(new TapError('TAP_GONE', this.name));
      return;
    }
    this.#mtu = mtu;
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#onLink(isUp);
  }

  #fail(error: TapError): void {
    this.close();
    this.#onError(error);
  }
}
