import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';

const firstMs = 500;
const maxMs = 60_000;
const maxPeers = 4096;

/**
 * When a peer that failed may be dialled again: doubling, with jitter. Only a link that lasted makes up for failures; that
 * somebody says the peer is there does not.
 */
export class Backoff {
  readonly #random: Random;
  readonly #peers = new Map<NodeId, { failures: number; until: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  failed(peer: NodeId, now: number): void {
    const failures = this.failures(peer) + 1;
    const wait = Math.min(maxMs, firstMs * 2 ** (failures - 1)) * (0.5 + this.#random());
    this.#peers.delete(peer);
    this.#peers.set(peer, { failures, until: now + wait });
    if (this.#peers.size > maxPeers) this.#peers.delete(this.#peers.keys().next().value!);
  }

  succeeded(peer: NodeId): void {
    this.#peers.delete(peer);
  }

  failures(peer: NodeId): number {
    return this.#peers.get(peer)?.failures ?? 0;
  }

  /** Who may not be dialled yet. */
  waiting(now: number): Set<NodeId> {
    const ids = new Set<NodeId>();
    for (const [peer, { until }] of this.#peers) if (now < until) ids.add(peer);
    return ids;
  }
}
