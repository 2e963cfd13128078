import type { HeldEdge, Policy, PolicyView, WantedEdge } from '../policy.ts';
import { type Random, seededRandom } from '../random.ts';
import { clockwise, type NodeId } from '../ring.ts';
import { edges, shareOf, successorsOf } from './successors.ts';

export interface SymphonyOptions {
  /** 2 by default. */
  readonly successors?: number | undefined;
  /** `floor(log2 nodes)` by default. */
  readonly longLinks?: number | undefined;
}

const maxDraws = 16;
/** Nodes about a drawn point among which the nearest by round-trip time is taken. */
const samples = 3;

/**
 * Symphony (Manku, Bawa, Raghavan 2003): the next nodes clockwise, and long links whose length is drawn from the
 * harmonic distribution over the id space, with the natural logarithm. A long link is kept until the overlay has twice or
 * half as many nodes as when it was drawn.
 */
export function symphony(options: SymphonyOptions = {}): Policy {
  return (view) => {
    const successors = successorsOf(view, options.successors ?? 2);
    const predecessor = view.members.at(-1);
    const ringLinks = new Set(predecessor === undefined ? successors : [...successors, predecessor]);
    const count = options.longLinks ?? Math.floor(Math.log2(view.nodes));
    const long = longLinks(view, ringLinks, Math.max(1, Math.min(count, shareOf(view.nodes))));
    return [...edges('successor', successors), ...edges('long', long)] satisfies WantedEdge[];
  };
}

function longLinks(view: PolicyView, ringLinks: ReadonlySet<NodeId>, count: number): NodeId[] {
  const { members, links, nodes } = view;
  const isKept = ({ kind, nodes: then }: HeldEdge) => kind === 'long' && nodes < 2 * then && then < 2 * nodes;
  const chosen = [...links]
    .filter(([peer, edge]) => isKept(edge) && !ringLinks.has(peer))
    .map(([peer]) => ({ peer, at: firstAtOrAfter(view.self, members, clockwise(view.self, peer)) }))
    .filter(({ peer, at }) => members[at] === peer)
    .sort((a, b) => a.at - b.at)
    .map(({ peer }) => peer);
  if (chosen.length >= count) return chosen.slice(0, count);
  const isFree = (peer: NodeId) => !ringLinks.has(peer) && !links.has(peer) && !chosen.includes(peer);
  const random = seededRandom(view.seed);
  while (chosen.length < count) {
    const peer = draw(view, isFree, random);
    if (peer === undefined) break;
    chosen.push(peer);
  }
  return chosen;
}

function draw(view: PolicyView, isFree: (peer: NodeId) => boolean, random: Random): NodeId | undefined {
  const { self, members, nodes } = view;
  for (let i = 0; i < maxDraws; i++) {
    const share = Math.exp(Math.log(nodes) * (random() - 1));
    const at = firstAtOrAfter(self, members, BigInt(Math.floor(share * 2 ** 53)) << 75n);
    const near = members.slice(at, at + samples).filter(isFree);
    if (near.length > 0) return nearestByTime(view, near);
  }
  const free = members.filter(isFree);
  return free[Math.floor(random() * free.length)];
}

/** The first of them whose round-trip time nobody measured, if none is known to be nearer. */
function nearestByTime({ rttMs }: PolicyView, peers: readonly NodeId[]): NodeId {
  const times = peers.map((peer) => rttMs(peer) ?? Number.POSITIVE_INFINITY);
  return peers[times.indexOf(Math.min(...times))]!;
}

/** Index of the first node that is at least `steps` clockwise of `self`. */
function firstAtOrAfter(self: NodeId, ring: readonly NodeId[], steps: bigint): number {
  let [low, high] = [0, ring.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (clockwise(self, ring[middle]!) < steps) low = middle + 1;
    else high = middle;
  }
  return low;
}
