/** Packets in a batch. */
export const BATCH = 64;

/** No IP packet is longer than 65,535 bytes; with an Ethernet header, two VLAN tags and a virtio header in front. */
const LARGEST = 65_535 + 14 + 8 + 12;

/** The memory that the native addon fills again and again; see native/packet_batch.h. */
export class PacketBatch {
  readonly slab: Uint8Array;
  /** Of each packet: where it begins, and where it ends. */
  readonly bounds: Uint32Array;
  /** Bytes kept free for a packet, however large: the kernel cuts off what does not fit. */
  readonly largest = LARGEST;
  /** Of each place, the view that was made last: the next packet there is often as long. */
  readonly #lasts: Uint8Array[] = [];

  /** `usual`: bytes of a packet as most are, so that a whole batch of them fits; or so many that are as large as can be. */
  static of(usual: number, largeOnes = 1): PacketBatch {
    return new PacketBatch(BATCH * usual + largeOnes * LARGEST, BATCH);
  }

  constructor(slabSize: number, limit: number) {
    this.slab = new Uint8Array(slabSize);
    this.bounds = new Uint32Array(2 * limit);
  }

  // HOT PATH
  /** The first `count` packets, valid until the source reads again. */
  views(count: number): Uint8Array[] {
    const { slab, bounds } = this;
    const lasts = this.#lasts;
    const views: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const start = bounds[2 * i]!;
      const end = bounds[2 * i + 1]!;
      let view = lasts[i];
      if (view === undefined || view.byteOffset !== start || view.length !== end - start) {
        view = slab.subarray(start, end);
        lasts[i] = view;
      }
      views.push(view);
    }
    return views;
  }
}
