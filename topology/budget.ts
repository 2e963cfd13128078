import type { NodeId } from './ring.ts';

const maxPeers = 1_024;

/** What somebody may have this node do: so much at once, and so much a second. */
export class Budget {
  readonly #atOnce: number;
  readonly #perMs: number;
  readonly #spent = new Map<NodeId, { readonly amount: number; readonly at: number }>();

  constructor(atOnce: number, perSecond: number) {
    this.#atOnce = atOnce;
    this.#perMs = perSecond / 1_000;
  }

  /** False when so much is not left. */
  spend(peer: NodeId, amount: number, now: number): boolean {
    const { amount: before, at } = this.#spent.get(peer) ?? { amount: 0, at: now };
    const spent = Math.max(0, before - (now - at) * this.#perMs) + amount;
    if (spent > this.#atOnce) return false;
    this.#spent.delete(peer);
    this.#spent.set(peer, { amount: spent, at: now });
    if (this.#spent.size > maxPeers) this.#spent.delete(this.#spent.keys().next().value!);
    return true;
  }
}
