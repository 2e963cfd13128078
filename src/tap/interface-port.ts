import { explain, type TapError } from './errors.ts';
import type { FramePort, PortCounters } from './frame-port.ts';
import { type LinkState, LinkWatch } from './link-watch.ts';
import type { PacketBatch } from './packet-batch.ts';
import { PortTally } from './port-tally.ts';

/** What the addon has open for a port. */
export interface Device {
  dropped(): number;
  close(): void;
}

/** What the ports that are interfaces of the kernel have in common. */
export abstract class InterfacePort implements FramePort {
  readonly name: string;
  readonly isHeaded: boolean;
  abstract readonly mac: Uint8Array;
  abstract readonly mtu: number;
  protected abstract readonly device: Device;
  readonly #batch: PacketBatch;
  readonly #tally = new PortTally();
  #watch: LinkWatch | undefined;
  #isUp = true;
  #onFrames: (frames: readonly Uint8Array[]) => void = () => {};
  #onLink: (isUp: boolean) => void = () => {};
  #onError: (error: Error) => void = () => {};

  protected constructor(name: string, isHeaded: boolean, batch: PacketBatch) {
    this.name = name;
    this.isHeaded = isHeaded;
    this.#batch = batch;
  }

  get counters(): PortCounters {
    return this.#tally.counters(this.device.dropped());
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
    this.device.close();
  }

  /** Returns how many frames were taken; `tally`: see native/send_tally.h. */
  protected abstract transmit(frames: readonly Uint8Array[], areHeaded: boolean, tally: Float64Array): number;

  /** The state of the interface was told: first soon after `watch`, then whenever it changes. */
  protected abstract linkIs(state: LinkState): void;

  protected deliver(count: number): void {
    const frames = this.#batch.views(count);
    this.#tally.received(frames);
    this.#onFrames(frames);
  }

  /** Follows the interface, which may have another name where it is now. Throws a TapError. */
  protected watch(name: string, netns: string): void {
    try {
      const next = new LinkWatch(name, netns, (state) => this.linkIs(state));
      this.#watch?.close();
      this.#watch = next;
    } catch (error) {
      throw explain(error, this.name, netns);
    }
  }

  protected setUp(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#onLink(isUp);
  }

  protected fail(error: TapError): void {
    this.close();
    this.#onError(error);
  }

  #send(frames: readonly Uint8Array[], areHeaded: boolean): number {
    const taken = this.transmit(frames, areHeaded, this.#tally.sent);
    this.#tally.refused(frames.length - taken);
    return taken;
  }
}
