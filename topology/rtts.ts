import type { NodeId } from './ring.ts';

const maxPeers = 512;

/** Round-trip times of links that are, and of links that were. */
export class Rtts {
  readonly #measured: (peer: NodeId) => number | undefined;
  readonly #last = new Map<NodeId, number>();

  constructor(measured: (peer: NodeId) => number | undefined) {
    this.#measured = measured;
  }

  of(peer: NodeId): number | undefined {
    return this.#measured(peer) ?? this.#last.get(peer);
  }

  /** The link with this peer ends. */
  keep(peer: NodeId): void {
    const rtt = this.#measured(peer);
    if (rtt === undefined) return;
    this.#last.delete(peer);
    this.#last.set(peer, rtt);
    if (this.#last.size > maxPeers) this.#last.delete(this.#last.keys().next().value!);
  }
}
