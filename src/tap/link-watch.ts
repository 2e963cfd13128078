import { type LinkWatch as NativeWatch, native } from './native.ts';
import { PacketBatch } from './packet-batch.ts';

export interface LinkState {
  /** False: the interface was deleted, or moved to another namespace. */
  exists: boolean;
  /** It is up and has a carrier. */
  isUp: boolean;
  mtu: number;
}

/** Bytes; see native/link_watch.h. */
const STATE = 8;

/** Tells the state of an interface soon, and again whenever it changes. */
export class LinkWatch {
  readonly #native: NativeWatch;

  /** Throws an ErrnoError. */
  constructor(name: string, netns: string, onState: (state: LinkState) => void) {
    const { slab, bounds } = new PacketBatch(STATE, 1);
    const view = new DataView(slab.buffer);
    const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
    const onBatch = () =>
      onState({ exists: slab[0] === 1, isUp: slab[1] === 1, mtu: view.getUint32(4, isLittleEndian) });
    this.#native = new (native().LinkWatch)({
      name,
      netns,
      slab,
      bounds,
      largest: STATE,
      onBatch,
      // Without news, the interface is taken to be as it was.
      onError: () => {},
    });
  }

  close(): void {
    this.#native.close();
  }
}
