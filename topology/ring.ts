/**
 * Arithmetic on the ring of node ids: unsigned 128-bit numbers, growing clockwise, 2^128 - 1 followed by 0.
 * An arc is the stretch that one copy of a flood makes its receiver responsible for (IPOP 2019, section 6;
 * gaps are handed over here, which the published rule leaves out).
 */

/** Unsigned, below 2^128. */
export type NodeId = bigint;

/** Half open, clockwise: from `start` up to but without `end`. `start === end` is the empty arc. */
export interface Arc {
  readonly start: NodeId;
  readonly end: NodeId;
}

export interface ArcShare {
  readonly peer: NodeId;
  readonly arc: Arc;
}

export interface ArcSplit {
  /** One share for each peer inside the arc; disjoint, and each holds its own peer. */
  readonly shares: readonly ArcShare[];
  /** Stretches on a side of `self` where it knows no peer: whoever is there is reached by repair only. */
  readonly orphans: readonly Arc[];
}

const idBits = 128;
const ringSize = 1n << BigInt(idBits);
export const maxNodeId: NodeId = ringSize - 1n;

/** Steps from `from` to `to` going clockwise: 0 to 2^128 - 1. */
export function clockwise(from: NodeId, to: NodeId): bigint {
  return to >= from ? to - from : to - from + ringSize;
}

/** Steps between two ids by the shorter way: 0 to 2^127. */
export function distance(a: NodeId, b: NodeId): bigint {
  const forward = clockwise(a, b);
  return forward <= ringSize / 2n ? forward : ringSize - forward;
}

/** `id` moved `steps` clockwise; `steps` may be negative. */
export function advance(id: NodeId, steps: bigint): NodeId {
  return BigInt.asUintN(idBits, id + steps);
}

/** A new array, in clockwise order beginning at `from` (itself first, if it is among them). */
export function sortClockwise(from: NodeId, ids: Iterable<NodeId>): NodeId[] {
  const sorted = [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const first = sorted.findIndex((id) => id >= from);
  return first <= 0 ? sorted : [...sorted.slice(first), ...sorted.slice(0, first)];
}

export function arcContains(arc: Arc, id: NodeId): boolean {
  return clockwise(arc.start, id) < clockwise(arc.start, arc.end);
}

/** Everything but `self`: what the root of a flood splits. */
export function ringWithout(self: NodeId): Arc {
  return { start: advance(self, 1n), end: self };
}

/** A peer, and how far clockwise of a node it is. */
export interface PeerAhead {
  readonly peer: NodeId;
  readonly ahead: bigint;
}

/** Each of `peers` but `self`, once, in clockwise order from `self`. */
export function peersAhead(self: NodeId, peers: Iterable<NodeId>): PeerAhead[] {
  return [...new Set(peers)]
    .filter((peer) => peer !== self)
    .map((peer) => ({ peer, ahead: clockwise(self, peer) }))
    .sort((a, b) => (a.ahead < b.ahead ? -1 : 1));
}

/**
 * Splits `arc` among those of `peers` that lie inside it. `self` is covered already: either it lies in the arc (a relay)
 * or the arc is the ring without it (the root). On each side of `self` the first peer also gets the gap before it and the
 * last one the gap behind it; a gap between two peers is halved, so that both cover it at once. Shares, orphans and `self`
 * together are the arc, each point once. Every share is a proper part of the arc: a flood ends.
 */
export function splitArc(self: NodeId, arc: Arc, peers: Iterable<NodeId>): ArcSplit {
  return splitArcAhead(self, arc, peersAhead(self, peers));
}

/** The same for who splits often: `peers` is what `peersAhead(self, ...)` returns. */
export function splitArcAhead(self: NodeId, arc: Arc, peers: readonly PeerAhead[]): ArcSplit {
  const before = clockwise(self, arc.start);
  const behind = clockwise(self, arc.end);
  const shares: ArcShare[] = [];
  const orphans: Arc[] = [];
  const side = (start: NodeId, end: NodeId, inside: readonly PeerAhead[]) => {
    if (start === end) return;
    if (inside.length === 0) orphans.push({ start, end });
    let from = start;
    for (const [i, { peer, ahead }] of inside.entries()) {
      const next = inside[i + 1];
      const to = next === undefined ? end : advance(peer, ((next.ahead - ahead) >> 1n) + 1n);
      shares.push({ peer, arc: { start: from, end: to } });
      from = to;
    }
  };
  if (!arcContains(arc, self))
    side(
      arc.start,
      arc.end,
      peers.filter(({ peer }) => arcContains(arc, peer)),
    );
  else {
    side(arc.start, self, before === 0n ? [] : peers.filter(({ ahead }) => ahead >= before));
    side(
      advance(self, 1n),
      arc.end,
      peers.filter(({ ahead }) => ahead < behind),
    );
  }
  return { shares, orphans };
}

/** 32 lower-case hex digits. */
export function formatNodeId(id: NodeId): string {
  return id.toString(16).padStart(32, '0');
}

/** Accepts exactly what `formatNodeId` prints; undefined for anything else. */
export function parseNodeId(text: string): NodeId | undefined {
  return /^[0-9a-f]{32}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** The 64-bit name of a node's switch (datapath id, tunnel id): the upper half of its node id. */
export function switchIdOf(id: NodeId): bigint {
  return id >> 64n;
}
