import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';

const firstMs = 500;
const maxMs = 60_000;
const maxPeers = 4096;

/** When a peer that failed may be dialled again: doubling, with jitter, until a link to it was up. */
export class Backoff {
  readonly #random: Random;
  readonly #peers = new Map<NodeId, { failures: number; until: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  failed(peer: NodeId, now: number): void {
    const failures = (this.#peers.get(peer)?.failures ?? 0) + 1;
    const wait = Math.min(maxMs, firstMs * 2 ** (failures - 1)) * (0.5 + this.#random());
    this.#peers.delete(peer);
    this.#peers.set(peer, { failures, until: now + wait });
    if (this.#peers.size > maxPeers) this.#peers.delete(this.#peers.keys().next().value!);
  }

  succeeded(peer: NodeId): void {
    this.#peers.delete(peer);
  }

  mayDial(peer: NodeId, now: number): boolean {
    const entry = this.#peers.get(peer);
    return entry === undefined || now >= entry.until;
  }
}
