/** Packets in a batch. */
export const BATCH = 64;

/** No IP packet is longer than 65,535 bytes; with an Ethernet header, two VLAN tags and a virtio header in front. */
const LARGEST = 65_535 + 14 + 8 + 12;

/** The memory that a native packet source fills again and again; see native/packet_source.h. */
export class PacketBatch {
  readonly slab: Uint8Array;
  readonly ends = new Uint32Array(BATCH);
  /** Bytes kept free for a packet, however large: the kernel cuts off what does not fit. */
  readonly largest = LARGEST;

  /** `usual`: bytes of a packet as most are, so that a whole batch of them fits. */
  constructor(usual: number) {
    this.slab = new Uint8Array(BATCH * usual + LARGEST);
  }

  /** The first `count` packets, valid until the source reads again. */
  views(count: number): Uint8Array[] {
    const views: Uint8Array[] = [];
    let start = 0;
    for (const end of this.ends.subarray(0, count)) {
      views.push(this.slab.subarray(start, end));
      start = end;
    }
    return views;
  }
}
