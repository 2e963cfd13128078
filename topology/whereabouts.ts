import type { News } from './news.ts';
import { distanceOf, isSomewhere, Locator, type Place, timeBetween } from './place.ts';
import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';

const sampleMs = 1_000;
/** A node says no more often where it is, and only when it moved this far, or this part of its neighbours' mean round-trip time. */
const announceMs = 5_000;
const leastMoveMs = 2;
const leastMove = 0.1;

export interface WhereaboutsOptions {
  readonly news: News;
  readonly random: Random;
  readonly neighbours: () => readonly NodeId[];
  /** As measured on a link. */
  readonly rttMs: (peer: NodeId) => number | undefined;
}

/** Where this node is and where others are, by round-trip times to neighbours and by what members say of themselves. */
export class Whereabouts {
  readonly #options: WhereaboutsOptions;
  readonly #locator: Locator;
  #announced: Place | undefined;
  #sampleAt = 0;
  #announceAt: number | undefined;

  constructor(options: WhereaboutsOptions) {
    this.#options = options;
    this.#locator = new Locator(options.random);
  }

  /** To a member without a link, as far as places tell. */
  estimateMs(id: NodeId): number | undefined {
    const place = this.#options.news.membership.recordOf(id)?.place;
    return place && timeBetween(this.#locator.place, place);
  }

  tick(now: number): void {
    if (now < this.#sampleAt) return;
    this.#sampleAt = now + sampleMs;
    const { news, neighbours, rttMs } = this.#options;
    const samples = neighbours().flatMap((peer) => {
      const [rtt, place] = [rttMs(peer), news.membership.recordOf(peer)?.place];
      return rtt === undefined || place === undefined ? [] : [{ rtt, place }];
    });
    if (samples.length === 0) return;
    const times = samples.map(({ rtt }) => rtt);
    const widest = Math.max(...times);
    for (const { rtt, place } of samples) this.#locator.sample(rtt, place, widest);
    // Not while links come up: there are better things to do.
    this.#announceAt ??= now + announceMs;
    if (now >= this.#announceAt && this.#hasMoved(times.reduce((sum, rtt) => sum + rtt, 0) / times.length))
      this.#announce(now);
  }

  #hasMoved(meanRttMs: number): boolean {
    const { place } = this.#locator;
    if (this.#announced === undefined) return isSomewhere(place) && meanRttMs >= leastMoveMs;
    const { x, y, height } = this.#announced;
    const move = distanceOf({ ...place, height: 0 }, { x, y, height: 0 }) + Math.abs(place.height - height);
    return move >= Math.max(leastMoveMs, leastMove * meanRttMs);
  }

  #announce(now: number): void {
    this.#announceAt = now + announceMs;
    this.#announced = this.#locator.place;
    this.#options.news.moved(this.#announced);
  }
}
