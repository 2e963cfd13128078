import type { MeterBand } from '../../ofp/index.ts';

/**
 * How much a band lets through at once when it does not say: what its rate gives in this many milliseconds, and at least two
 * full frames (in bits) or two packets, as tokens would be lost between frames otherwise.
 */
const ordinaryBurstMs = 100;
const leastBurst = { bits: 24_000, packets: 2_000 } as const;
/** However small a burst a controller asks for: a kilobit or a packet. */
const smallestLimit = 1000;

/** The kinds of band that do something (OpenFlow 1.3 section 5.7.1). */
export type KnownBand = Extract<MeterBand, { type: 'drop' | 'dscpRemark' }>;

/**
 * One band of a meter: a bucket of tokens that fills at the band's rate. A packet takes its size from it; one that is
 * larger than the whole bucket passes when the bucket is full, and leaves a debt, so that the rate holds for any size.
 */
export class Band {
  readonly given: KnownBand;
  packets = 0;
  bytes = 0;
  /** The most tokens there can be. A token is a bit or a thousandth of a packet. */
  readonly limit: number;
  /** Tokens a millisecond. */
  readonly #fill: number;
  #tokens: number;
  #at: number;

  /** `burst`: in thousands of tokens, or undefined. A rate in kb/s is one in bits a millisecond. */
  constructor(given: KnownBand, unit: keyof typeof leastBurst, burst: number | undefined, now: number) {
    this.given = given;
    this.#fill = given.rate;
    const ordinary = Math.max(given.rate * ordinaryBurstMs, leastBurst[unit]);
    this.limit = burst === undefined ? ordinary : Math.max(burst * 1000, smallestLimit);
    this.#tokens = this.limit;
    this.#at = now;
  }

  // HOT PATH
  /** Takes a packet's `cost` in tokens; false when the band's rate is exceeded. */
  admits(cost: number, now: number): boolean {
    if (now > this.#at) {
      this.#tokens = Math.min(this.limit, this.#tokens + (now - this.#at) * this.#fill);
      this.#at = now;
    }
    if (this.#tokens < Math.min(cost, this.limit)) return false;
    this.#tokens -= cost;
    return true;
  }

  count(packets: number, bytes: number): void {
    this.packets += packets;
    this.bytes += bytes;
  }
}
