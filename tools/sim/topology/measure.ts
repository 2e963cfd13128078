import { linkHopLimit } from '../../../switch/packet/index.ts';
import {
  type NodeId,
  pickHop,
  type Random,
  type Route,
  type RouteMode,
  ringWithout,
  sortClockwise,
  splitArc,
} from '../../../topology/index.ts';
import type { SimTopology, TopologyNetwork } from './network.ts';

const hopLimit = linkHopLimit;

/** Nodes that have no link with their successor of this moment, or do not know that it is. */
export function gaps(net: TopologyNetwork): number {
  const ring = sortClockwise(
    0n,
    net.alive.map(({ id }) => id),
  );
  const isOpen = (id: NodeId, i: number) => {
    const next = ring[(i + 1) % ring.length]!;
    if (next === id) return false;
    const isKnown = net.nodes.get(id)!.topology.members[0] === next;
    return !(isKnown && net.isLinked(id, next) && net.isLinked(next, id));
  };
  return ring.filter(isOpen).length;
}

/** Whether a node has links with those next to it on both sides. */
export function isInRing(net: TopologyNetwork, id: NodeId): boolean {
  const ring = sortClockwise(
    id,
    net.alive.map((node) => node.id),
  );
  return [ring[1], ring.at(-1)].every((peer) => peer === undefined || peer === id || net.isLinked(peer, id));
}

/** Links from `from` to `to`; undefined when a frame gets stuck, or lost at a node that is gone. */
export function hopsBetween(net: TopologyNetwork, from: NodeId, to: NodeId): number | undefined {
  const way = wayBetween(net, from, to);
  return way && way.length - 1;
}

/** The nodes that a frame passes, both ends among them. */
export function wayBetween(net: TopologyNetwork, from: NodeId, to: NodeId): readonly NodeId[] | undefined {
  const way = [from];
  let [at, mode]: [NodeId, RouteMode] = [from, 'nearer'];
  while (way.length <= hopLimit) {
    if (at === to) return way;
    const next = net.nodes.get(at)!.topology.routes.route(to, mode);
    const hop = hopNow(net, at, next);
    if (hop === undefined || !net.carries(at, hop)) return undefined;
    [at, mode] = [hop, next.mode];
    way.push(hop);
  }
  return undefined;
}

/** As a switch does it: the next hop of a flow, the spare one where none answers, and one that does not when there is no other. */
function hopNow(net: TopologyNetwork, at: NodeId, { hops, spare }: Route): NodeId | undefined {
  const answers = (peer: NodeId) => !net.isLate(at, peer);
  const other = spare !== undefined && answers(spare) ? spare : undefined;
  return pickHop(hops.filter(answers), 0) ?? other ?? pickHop(hops, 0);
}

/** Depth at which each node gets a flood of `root` by the arcs alone, without repair. */
export function floodDepths(net: TopologyNetwork, root: NodeId): Map<NodeId, number> {
  const depths = new Map([[root, 0]]);
  const queue = [{ at: root, arc: ringWithout(root), depth: 0 }];
  for (const { at, arc, depth } of queue) {
    for (const share of splitArc(at, arc, net.nodes.get(at)!.topology.neighbours).shares) {
      if (!net.carries(at, share.peer) || depths.has(share.peer)) continue;
      depths.set(share.peer, depth + 1);
      queue.push({ at: share.peer, arc: share.arc, depth: depth + 1 });
    }
  }
  return depths;
}

/** Least number of links from `from` to each node. */
export function distancesFrom(net: TopologyNetwork, from: NodeId): Map<NodeId, number> {
  const distances = new Map([[from, 0]]);
  for (const [at, distance] of distances) {
    for (const peer of net.nodes.get(at)!.topology.neighbours) {
      if (!distances.has(peer) && net.carries(at, peer)) distances.set(peer, distance + 1);
    }
  }
  return distances;
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

/** Pairs of nodes that live, of two different ones each. */
export function randomPairs(nodes: readonly SimTopology[], count: number, random: Random): [NodeId, NodeId][] {
  return Array.from({ length: count }, () => {
    const from = pick(nodes, random).id;
    let to = from;
    while (to === from) to = pick(nodes, random).id;
    return [from, to];
  });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
