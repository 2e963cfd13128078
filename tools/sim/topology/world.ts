import type { NodeId, Random } from '../../../topology/index.ts';

/** Five cities on a map, in ms of light in fibre, one way. */
const cities = [
  { x: 0, y: 0 },
  { x: 12, y: 8 },
  { x: 45, y: 5 },
  { x: 78, y: -10 },
  { x: -70, y: 30 },
];
const cityMs = 4;
/** Way out of a node's own access. */
const accessMs = { least: 1, most: 8 };

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly access: number;
}

/** Latencies, one way in ms, between nodes that live in or about one of five cities, drawn when a node is first asked for. */
export function worldLatency(random: Random): (a: NodeId, b: NodeId) => number {
  const spots = new Map<NodeId, Spot>();
  const spotOf = (id: NodeId) => {
    const known = spots.get(id);
    if (known !== undefined) return known;
    const { x, y } = cities[Math.floor(random() * cities.length)]!;
    const access = accessMs.least + random() * (accessMs.most - accessMs.least);
    const spot = { x: x + (random() - 0.5) * cityMs, y: y + (random() - 0.5) * cityMs, access };
    spots.set(id, spot);
    return spot;
  };
  return (a, b) => {
    const [from, to] = [spotOf(a), spotOf(b)];
    return Math.hypot(from.x - to.x, from.y - to.y) + from.access + to.access;
  };
}
