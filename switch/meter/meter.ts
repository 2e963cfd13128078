import { MeterFlags } from '../../ofp/index.ts';
import type { Band } from './band.ts';

/** What a large super-frame takes of a band, in its tokens, and how many of them should pass at once. */
const superFrame = { bits: 65_536 * 8, packets: 46_000 } as const;
const superFramesAtOnce = 4;

/** A meter entry (OpenFlow 1.3 section 5.7). What a controller changes is changed by putting another one in its place. */
export class Meter {
  readonly id: number;
  /** `MeterFlags`. */
  readonly flags: number;
  readonly bands: readonly Band[];
  readonly createdAt: number;
  packets: number;
  bytes: number;

  /** `old`: the meter whose counters go on. */
  constructor(id: number, flags: number, bands: readonly Band[], now: number, old?: Meter) {
    this.id = id;
    this.flags = flags;
    this.bands = bands;
    this.createdAt = old?.createdAt ?? now;
    this.packets = old?.packets ?? 0;
    this.bytes = old?.bytes ?? 0;
  }

  // HOT PATH
  /** Counts `packets` of `bytes` in all, and gives the band to apply: of those exceeded, the one of the highest rate. */
  measure(packets: number, bytes: number, now: number): Band | undefined {
    this.packets += packets;
    this.bytes += bytes;
    const cost = (this.flags & MeterFlags.PKTPS) !== 0 ? packets * 1000 : bytes * 8;
    let worst: Band | undefined;
    for (let i = 0; i < this.bands.length; i++) {
      const band = this.bands[i]!;
      if (!band.admits(cost, now) && (!worst || band.given.rate > worst.given.rate)) worst = band;
    }
    worst?.count(packets, bytes);
    return worst;
  }

  /** Whether it can judge super-frames whole: it only drops, and none of them takes a large part of what may come at once. */
  get takesWhole(): boolean {
    const cost = (this.flags & MeterFlags.PKTPS) !== 0 ? superFrame.packets : superFrame.bits;
    return this.bands.every(({ given, limit }) => given.type === 'drop' && limit >= superFramesAtOnce * cost);
  }
}
