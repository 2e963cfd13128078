import type { HeldEdge, Policy, PolicyView, WantedEdge } from '../policy.ts';
import { type Random, seededRandom } from '../random.ts';
import { clockwise, type NodeId } from '../ring.ts';
import { edges, shareOf, successorsOf } from './successors.ts';

export interface SymphonyOptions {
  /** 2 by default. */
  readonly successors?: number | undefined;
  /** `floor(log2 nodes)` by default. */
  readonly longLinks?: number | undefined;
  /** Nodes about a drawn point among which the nearest by round-trip time is taken; 3 by default. */
  readonly samples?: number | undefined;
}

/** A member, and its index. */
interface Placed {
  readonly peer: NodeId;
  readonly at: number;
}

const maxDraws = 16;
/** A long link gives way to one with a node beside its end when it is this old, and that one this much and so many times quicker. */
const settledMs = 60_000;
const gainMs = 20;
const gainTimes = 1.5;

/**
 * Symphony (Manku, Bawa, Raghavan 2003): the next nodes clockwise, and long links whose length is drawn from the
 * harmonic distribution over the id space, with the natural logarithm. A long link is kept until the overlay has twice or
 * half as many nodes as when it was drawn, or a node beside its end turns out to be much nearer by round-trip time.
 */
export function symphony(options: SymphonyOptions = {}): Policy {
  return (view) => {
    const successors = successorsOf(view, options.successors ?? 2);
    const predecessor = view.members.at(-1);
    const ringLinks = new Set(predecessor === undefined ? successors : [...successors, predecessor]);
    const count = options.longLinks ?? Math.floor(Math.log2(view.nodes));
    const bound = Math.max(1, Math.min(count, shareOf(view.nodes)));
    const long = longLinks(view, ringLinks, bound, options.samples ?? 3);
    return [...edges('successor', successors), ...edges('long', long)] satisfies WantedEdge[];
  };
}

function longLinks(view: PolicyView, ringLinks: ReadonlySet<NodeId>, count: number, samples: number): NodeId[] {
  const { self, members, links, nodes } = view;
  const isKept = ({ kind, nodes: then }: HeldEdge) => kind === 'long' && nodes < 2 * then && then < 2 * nodes;
  const held = [...links]
    .filter(([peer, edge]) => isKept(edge) && !ringLinks.has(peer))
    .map(([peer]) => ({ peer, at: firstAtOrAfter(self, members, clockwise(self, peer)) }))
    .filter(({ peer, at }) => members[at] === peer)
    .sort((a, b) => a.at - b.at);
  while (held.length > count) held.splice(leastUseful(view, held, samples), 1);
  const chosen = held.map(({ peer }) => peer);
  const isFree = (peer: NodeId) => !ringLinks.has(peer) && !links.has(peer) && !chosen.includes(peer);
  if (chosen.length === count) return withQuicker(view, held, isFree, samples);
  const random = seededRandom(view.seed);
  while (chosen.length < count) {
    const peer = draw(view, isFree, samples, random);
    if (peer === undefined) break;
    chosen.push(peer);
  }
  return chosen;
}

/**
 * Index of the slowest that has a quicker one beside it, as when one took another's place; else of the last. Each time, all of them
 * together get quicker: this ends.
 */
function leastUseful({ rttMs }: PolicyView, held: readonly Placed[], samples: number): number {
  const times = held.map(({ peer }) => rttMs(peer) ?? Number.POSITIVE_INFINITY);
  const hasQuicker = ({ at }: Placed, i: number) =>
    held.some((other, k) => Math.abs(other.at - at) < samples && times[k]! < times[i]!);
  const slow = held.flatMap((one, i) => (hasQuicker(one, i) ? i : []));
  return slow.length === 0 ? held.length - 1 : slow.reduce((a, b) => (times[b]! > times[a]! ? b : a));
}

/** One of them at most gives way to a node beside it. */
function withQuicker(
  view: PolicyView,
  held: readonly Placed[],
  isFree: (peer: NodeId) => boolean,
  samples: number,
): NodeId[] {
  const { members, links, now, rttMs, toldRttMs } = view;
  const chosen = held.map(({ peer }) => peer);
  for (const [i, { peer, at }] of held.entries()) {
    const time = rttMs(peer);
    if (time === undefined || now - links.get(peer)!.since < settledMs) continue;
    const from = Math.max(0, at - (samples >> 1));
    const near = members.slice(from, from + samples).filter(isFree);
    const best = near.length > 0 ? nearestByTime(view, near) : peer;
    // What places tell is off: one that is measured is compared with one that is not by what they tell of both, too.
    const isQuicker =
      isMuchLess(rttMs(best), time) && isMuchLess(toldRttMs(best) ?? rttMs(best), toldRttMs(peer) ?? time);
    if (isQuicker) return chosen.with(i, best);
  }
  return chosen;
}

function isMuchLess(ms: number | undefined, thanMs: number): boolean {
  return ms !== undefined && ms + gainMs <= thanMs && ms * gainTimes <= thanMs;
}

function draw(
  view: PolicyView,
  isFree: (peer: NodeId) => boolean,
  samples: number,
  random: Random,
): NodeId | undefined {
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
