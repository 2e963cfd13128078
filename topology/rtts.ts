import type { NodeId } from './ring.ts';

const maxPeers = 512;

/** Round-trip times of links that are, of links that were, and of links that might be. */
export class Rtts {
  readonly #measured: (peer: NodeId) => number | undefined;
  readonly #estimated: (peer: NodeId) => number | undefined;
  readonly #last = new Map<NodeId, number>();

  constructor(measured: Rtts['of'], estimated: Rtts['of']) {
    this.#measured = measured;
    this.#estimated = estimated;
  }

  of(peer: NodeId): number | undefined {
    return this.#measured(peer) ?? this.#last.get(peer) ?? this.#estimated(peer);
  }

  /** As places tell, whatever was measured. */
  told(peer: NodeId): number | undefined {
    return this.#estimated(peer);
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
