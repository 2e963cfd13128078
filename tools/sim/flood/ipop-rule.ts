import {
  decodeFrb,
  encodeFrb,
  type FloodCopy,
  type FloodReceipt,
  floodEtherType,
  initialHopLimit,
} from '../../../switch/flood/index.ts';
import { clockwise, type NodeId, sortClockwise } from '../../../topology/index.ts';
import type { FloodRule } from './network.ts';

const source = { mac: new Uint8Array(6), etherType: floodEtherType };

/**
 * Bounded flooding as published (IPOP 2019, section 6; Evio): the root sends each peer the arc up to the next peer, a relay
 * forwards to peers strictly inside its own bound. No gap is handed over, nothing is remembered, nothing repaired.
 */
export class IpopRule implements FloodRule {
  readonly #self: NodeId;
  #peers: readonly NodeId[] = [];
  #sequence = 0;

  constructor(self: NodeId) {
    this.#self = self;
  }

  setPeers(ids: Iterable<NodeId>): void {
    this.#peers = sortClockwise(this.#self, ids);
  }

  originate(inner: Uint8Array): FloodCopy[] {
    this.#sequence += 1;
    return this.#peers.map((peer, i) =>
      this.#copy(peer, this.#self, this.#sequence, initialHopLimit, this.#next(i), inner),
    );
  }

  receive(from: NodeId, frame: Uint8Array): FloodReceipt {
    const frb = decodeFrb(frame);
    if (typeof frb === 'string' || frb.root === this.#self) return { copies: [] };
    const bound = frb.arc.end;
    const reach = clockwise(this.#self, bound);
    const copies: FloodCopy[] = [];
    for (const [i, peer] of this.#peers.entries()) {
      if (peer === from || clockwise(this.#self, peer) >= reach) continue;
      const next = this.#next(i);
      const nearer = next !== this.#self && clockwise(this.#self, next) < reach ? next : bound;
      copies.push(this.#copy(peer, frb.root, frb.sequence, frb.hopLimit - 1, nearer, frb.inner));
    }
    return { copies, inner: { root: frb.root, frame: frb.inner } };
  }

  tick(): FloodCopy[] {
    return [];
  }

  nextTick(): number {
    return Number.POSITIVE_INFINITY;
  }

  /** The peer after the i-th clockwise; this node itself after the last. */
  #next(i: number): NodeId {
    return this.#peers[i + 1] ?? this.#self;
  }

  #copy(to: NodeId, root: NodeId, sequence: number, hopLimit: number, bound: NodeId, inner: Uint8Array): FloodCopy {
    const arc = { start: to, end: bound };
    return { to, frb: encodeFrb({ hopLimit, root, epoch: 1, sequence, arc, inner, part: 0, lastPart: 0 }, source) };
  }
}
