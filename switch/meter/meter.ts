import { MeterFlags } from '../../ofp/index.ts';
import type { Band } from './band.ts';

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
  /** Counts a packet of `length` bytes and gives the band to apply: of those exceeded, the one of the highest rate. */
  measure(length: number, now: number): Band | undefined {
    this.packets += 1;
    this.bytes += length;
    const cost = (this.flags & MeterFlags.PKTPS) !== 0 ? 1000 : length * 8;
    let worst: Band | undefined;
    for (let i = 0; i < this.bands.length; i++) {
      const band = this.bands[i]!;
      if (!band.admits(cost, now) && (!worst || band.given.rate > worst.given.rate)) worst = band;
    }
    worst?.count(length);
    return worst;
  }
}
