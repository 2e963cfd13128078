import type { Policy, PolicyView, WantedEdge } from '../policy.ts';
import { seededRandom } from '../random.ts';
import { clockwise, type NodeId, sortClockwise } from '../ring.ts';

export interface SymphonyOptions {
  readonly successors: number;
  readonly longLinks: number;
}

const maxDraws = 16;

/**
 * Symphony (Manku, Bawa, Raghavan 2003): the next nodes clockwise, and long links whose length is drawn from the
 * harmonic distribution over the id space, with the natural logarithm. A long link that exists is kept.
 */
export function symphony(options: SymphonyOptions): Policy {
  return (view) => {
    const ring = sortClockwise(view.self, view.members);
    const successors = ring.slice(0, successorCount(options.successors, ring.length + 1));
    const predecessor = ring.at(-1);
    const ringLinks = new Set(predecessor === undefined ? successors : [...successors, predecessor]);
    return [
      ...successors.map((peer): WantedEdge => ({ peer, kind: 'successor' })),
      ...longLinks(view, ring, ringLinks, options.longLinks).map((peer): WantedEdge => ({ peer, kind: 'long' })),
    ];
  };
}

/**
 * A second successor in a ring of a few nodes makes it a mesh and leaves nothing to the long links. So links along the
 * ring, in and out, go to half of the other nodes at most, and to one successor at least.
 */
function successorCount(wanted: number, nodes: number): number {
  return Math.max(1, Math.min(wanted, Math.floor((nodes - 1) / 4)));
}

function longLinks(view: PolicyView, ring: readonly NodeId[], ringLinks: ReadonlySet<NodeId>, count: number): NodeId[] {
  const chosen = ring.filter((peer) => view.links.get(peer) === 'long' && !ringLinks.has(peer)).slice(0, count);
  const free = new Set(ring.filter((peer) => !ringLinks.has(peer) && !view.links.has(peer)));
  const random = seededRandom(view.seed);
  while (chosen.length < count && free.size > 0) {
    const peer = draw(view.self, ring, free, random);
    free.delete(peer);
    chosen.push(peer);
  }
  return chosen;
}

/** `ring` is in clockwise order from `self`. */
function draw(self: NodeId, ring: readonly NodeId[], free: ReadonlySet<NodeId>, random: () => number): NodeId {
  const nodes = ring.length + 1;
  for (let i = 0; i < maxDraws; i++) {
    const share = Math.exp(Math.log(nodes) * (random() - 1));
    const manager = firstAtOrAfter(self, ring, BigInt(Math.floor(share * 2 ** 53)) << 75n);
    if (manager !== undefined && free.has(manager)) return manager;
  }
  return [...free][Math.floor(random() * free.size)]!;
}

/** The first node that is at least `steps` clockwise of `self`; undefined where that is `self` again. */
function firstAtOrAfter(self: NodeId, ring: readonly NodeId[], steps: bigint): NodeId | undefined {
  let [low, high] = [0, ring.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (clockwise(self, ring[middle]!) < steps) low = middle + 1;
    else high = middle;
  }
  return ring[low];
}
