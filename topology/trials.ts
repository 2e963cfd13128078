import type { Edges } from './edges.ts';
import type { Membership } from './membership.ts';
import type { Random } from './random.ts';

const everyMs = 1_000;

/** Looks now and then whether a node that died, as others say, is back: so the halves of a divided overlay meet again. */
export class Trials {
  readonly #membership: Membership;
  readonly #edges: Edges;
  readonly #random: Random;
  #nextAt = 0;

  constructor(membership: Membership, edges: Edges, random: Random) {
    this.#membership = membership;
    this.#edges = edges;
    this.#random = random;
  }

  tick(now: number): void {
    if (now < this.#nextAt) return;
    this.#nextAt = now + everyMs * (0.5 + this.#random());
    const { lost, estimate } = this.#membership;
    // All nodes together try as often in a large overlay as in a small one.
    if (lost.length === 0 || this.#random() * estimate >= lost.length) return;
    this.#edges.tryLost(lost[Math.floor(this.#random() * lost.length)]!, now);
  }
}
