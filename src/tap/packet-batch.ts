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

  /** `usual`: bytes of a packet as most are, so that a whole batch of them fits. */
  static of(usual: number): PacketBatch {
    return new PacketBatch(BATCH * usual + LARGEST, BATCH);
  }

  constructor(slabSize: number, limit: number) {
    this.slab = new Uint8Array(slabSize);
    this.bounds = new Uint32Array(2 * limit);
  }

  /** The first `count` packets, valid until the source reads again. */
  views(count: number): Uint8Array[] {
    const { slab, bounds } = this;
    const views: Uint8Array[] = [];
    for (let at = 0; at < 2 * count; at += 2) views.push(slab.subarray(bounds[at], bounds[at + 1]));
    return views;
  }
}
