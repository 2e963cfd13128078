import { describe, expect, it } from 'vitest';
import { randomIds, symphonyLinks } from '../../tools/sim/flood/links.ts';
import { mean } from '../../tools/sim/topology/measure.ts';
import { type NodeId, pickHop, RouteTable, ringWithout, seededRandom, splitArc } from '../../topology/index.ts';

const nodes = 1_024;
const random = seededRandom(1);
const links = symphonyLinks(randomIds(nodes, random), random);
const ids = [...links.keys()];
const tables = new Map(
  [...links].map(([id, peers]) => [
    id,
    new RouteTable(id, new Map([...peers].map((peer) => [peer, [...links.get(peer)!]]))),
  ]),
);
const sources = Array.from({ length: 30 }, () => ids[Math.floor(random() * nodes)]!);

function distances(from: NodeId): Map<NodeId, number> {
  const found = new Map([[from, 0]]);
  for (const [at, distance] of found)
    for (const peer of links.get(at)!) if (!found.has(peer)) found.set(peer, distance + 1);
  return found;
}

function hops(from: NodeId, to: NodeId): number {
  let at = from;
  let count = 0;
  for (; at !== to; count++) at = pickHop(tables.get(at)!.next(to), count)!;
  return count;
}

function floodDepths(root: NodeId): number[] {
  const depths: number[] = [];
  const queue = [{ at: root, arc: ringWithout(root), depth: 0 }];
  for (const { at, arc, depth } of queue) {
    for (const share of splitArc(at, arc, links.get(at)!).shares) {
      depths.push(depth + 1);
      queue.push({ at: share.peer, arc: share.arc, depth: depth + 1 });
    }
  }
  return depths;
}

describe(`ways among ${nodes} nodes, all links as wanted`, () => {
  it('are within a quarter of the shortest on average', () => {
    const pairs = sources.flatMap((from) => {
      const shortest = distances(from);
      return Array.from({ length: 40 }, () => ids[Math.floor(random() * nodes)]!)
        .filter((to) => to !== from)
        .map((to) => ({ way: hops(from, to), shortest: shortest.get(to)! }));
    });
    const [way, shortest] = [mean(pairs.map((pair) => pair.way)), mean(pairs.map((pair) => pair.shortest))];
    console.info(`unicast ${way.toFixed(2)} links, shortest ${shortest.toFixed(2)}: ${(way / shortest).toFixed(3)}`);
    expect(way / shortest).toBeLessThan(1.25);
  });

  it('of floods are five links at most on average', () => {
    const depths = sources.map(floodDepths);
    console.info(`floods ${mean(depths.flat()).toFixed(2)} links deep, ${Math.max(...depths.flat())} at most`);
    for (const reached of depths) expect(reached).toHaveLength(nodes - 1);
    expect(mean(depths.flat())).toBeLessThanOrEqual(5);
  });
});
