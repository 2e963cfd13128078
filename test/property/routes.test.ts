import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReversePaths } from '../../switch/flood/index.ts';
import { linkHopLimit } from '../../switch/packet/index.ts';
import {
  arcContains,
  arcOf,
  clockwise,
  distance,
  maxNodeId,
  type NodeId,
  pickHop,
  type Random,
  type RouteMode,
  RouteTable,
  seededRandom,
  sortClockwise,
} from '../../topology/index.ts';

const nodeId = fc.bigInt({ min: 0n, max: maxNodeId });
const nodeIds = fc.uniqueArray(nodeId, { minLength: 2, maxLength: 40 });
/** Frames over corrupted views; `npm run fuzz:routes` sends a million. */
const frames = Number(process.env.FUZZ_FRAMES ?? 20_000);
const hopLimit = linkHopLimit;

type Views = Map<NodeId, Map<NodeId, NodeId[]>>;

/** Each node with its neighbours and what it believes of theirs. */
function viewsOf(links: ReadonlyMap<NodeId, ReadonlySet<NodeId>>): Views {
  return new Map([...links].map(([id, peers]) => [id, new Map([...peers].map((p) => [p, [...(links.get(p) ?? [])]]))]));
}

/** A ring with a few shortcuts, both ways. */
function ringWith(ids: readonly NodeId[], shortcuts: number, random: Random): Map<NodeId, Set<NodeId>> {
  const ring = sortClockwise(0n, ids);
  const links = new Map(ring.map((id) => [id, new Set<NodeId>()]));
  const link = (a: NodeId, b: NodeId) => {
    if (a === b) return;
    links.get(a)!.add(b);
    links.get(b)!.add(a);
  };
  for (const [i, id] of ring.entries()) {
    link(id, ring[(i + 1) % ring.length]!);
    for (let s = 0; s < shortcuts; s++) link(id, ring[Math.floor(random() * ring.length)]!);
  }
  return links;
}

interface Way {
  readonly visited: readonly (readonly [NodeId, RouteMode])[];
  readonly end: 'there' | 'stuck' | 'hop limit';
}

interface Choices {
  /** Where it gets stuck it goes on in one direction. */
  readonly mayDetour: boolean;
  /** Of two hops, and of ways to one target or to all in an arc around it. */
  readonly random?: Random;
}

/** A frame's way. */
function send(tables: ReadonlyMap<NodeId, RouteTable>, from: NodeId, target: NodeId, choices: Choices): Way {
  const { mayDetour, random = () => 1 } = choices;
  const visited: [NodeId, RouteMode][] = [[from, 'nearer']];
  for (let hops = 0; hops < hopLimit; hops++) {
    const [at, mode] = visited.at(-1)!;
    if (at === target) return { visited, end: 'there' };
    const table = tables.get(at)!;
    const arc = arcOf({ start: (target >> 124n) << 124n, bits: 4 });
    const isCoarse = mode !== 'learned' && random() < 0.3 && !arcContains(arc, at);
    const next = isCoarse ? table.routeAll(arc, mode) : table.route(target, mode);
    // As where the link to the best one is down.
    const hop = (random() < 0.2 ? next.spare : undefined) ?? pickHop(next.hops, hops);
    if (hop === undefined || (!mayDetour && next.mode !== 'nearer')) return { visited, end: 'stuck' };
    visited.push([hop, next.mode]);
  }
  return { visited, end: 'hop limit' };
}

/** Connected, with as many links more as half the nodes. */
function anyGraph(ids: readonly NodeId[], random: Random): Map<NodeId, Set<NodeId>> {
  const links = new Map(ids.map((id) => [id, new Set<NodeId>()]));
  const link = (a: NodeId, b: NodeId) => {
    if (a === b) return;
    links.get(a)!.add(b);
    links.get(b)!.add(a);
  };
  for (const [i, id] of ids.entries()) if (i > 0) link(id, ids[Math.floor(random() * i)]!);
  for (let i = 0; i < ids.length / 2; i++) link(ids[Math.floor(random() * ids.length)]!, ids[i]!);
  return links;
}

/** Floods over a graph, which reach each node by some neighbour that has them, or do not; and who learned what of them. */
class Floods {
  readonly #links: ReadonlyMap<NodeId, ReadonlySet<NodeId>>;
  readonly #random: Random;
  readonly #paths: Map<NodeId, ReversePaths>;
  /** Newest flood of each root that a node holds. */
  readonly #held: Map<NodeId, Map<NodeId, number>>;
  #sequence = 0;

  constructor(links: ReadonlyMap<NodeId, ReadonlySet<NodeId>>, random: Random) {
    this.#links = links;
    this.#random = random;
    this.#paths = new Map([...links.keys()].map((id) => [id, new ReversePaths()]));
    this.#held = new Map([...links.keys()].map((id) => [id, new Map()]));
  }

  /** `loss`: of copies, for good. */
  flood(root: NodeId, loss: number): void {
    this.#sequence += 1;
    const holders = [root];
    const copies = (from: NodeId) => [...this.#links.get(from)!].map((to) => ({ from, to }));
    for (const under = copies(root); under.length > 0; ) {
      const [{ from, to }] = under.splice(Math.floor(this.#random() * under.length), 1) as [
        { from: NodeId; to: NodeId },
      ];
      if (holders.includes(to) || this.#random() < loss) continue;
      holders.push(to);
      this.#accept(to, root, this.#sequence, from);
      under.push(...copies(to));
    }
  }

  /** A node that knows nothing any more asks its neighbours for all floods that they hold. */
  restart(id: NodeId): void {
    this.#paths.set(id, new ReversePaths());
    this.#held.set(id, new Map());
    for (const peer of this.#links.get(id)!) this.#paths.get(peer)!.lost(id);
    for (const peer of this.#links.get(id)!) {
      for (const [root, sequence] of this.#held.get(peer)!) if (root !== id) this.#accept(id, root, sequence, peer);
    }
  }

  #accept(at: NodeId, root: NodeId, sequence: number, from: NodeId): void {
    const held = this.#held.get(at)!;
    this.#paths.get(at)!.accepted({ root, epoch: 1, sequence }, from, 0);
    held.set(root, Math.max(sequence, held.get(root) ?? 0));
  }

  tables(target: NodeId): Map<NodeId, RouteTable> {
    return new Map(
      [...this.#links].map(([id, peers]) => {
        const via = this.#paths.get(id)!.via(target);
        const learned = new Map(via === undefined ? [] : [[target, via]]);
        return [id, new RouteTable(id, new Map([...peers].map((peer) => [peer, []])), learned)];
      }),
    );
  }
}

const tablesOf = (views: Views) => new Map([...views].map(([id, view]) => [id, new RouteTable(id, view)]));

describe('next hops', () => {
  it('are strictly nearer, and lead to or next to the nearest that a neighbour or its neighbours come', () => {
    fc.assert(
      fc.property(nodeIds, nodeId, fc.nat(), (ids, target, seed) => {
        const views = viewsOf(ringWith(ids, 2, seededRandom(seed)));
        for (const [self, view] of views) {
          const hops = new RouteTable(self, view).next(target);
          const nearer = [...view.keys()].filter((peer) => distance(peer, target) < distance(self, target));
          expect(hops.length > 0).toBe(nearer.length > 0);
          const reach = (peer: NodeId) =>
            [peer, ...view.get(peer)!.filter((id) => id !== self)]
              .map((id) => distance(id, target))
              .sort((a, b) => (a < b ? -1 : 1))[0]!;
          for (const hop of hops) {
            expect(nearer).toContain(hop);
            for (const peer of nearer) expect(reach(hop) <= reach(peer)).toBe(true);
          }
        }
      }),
    );
  });

  it('reach every node of a whole ring', () => {
    fc.assert(
      fc.property(nodeIds, fc.nat(3), fc.nat(), (ids, shortcuts, seed) => {
        const tables = tablesOf(viewsOf(ringWith(ids, shortcuts, seededRandom(seed))));
        for (const from of ids)
          for (const to of ids) expect(send(tables, from, to, { mayDetour: false }).end).toBe('there');
      }),
      { numRuns: 30 },
    );
  });

  it('are the same for all frames of a flow, and all of several equals are used', () => {
    const hops = [1n, 2n, 3n];
    expect(pickHop(hops, 7)).toBe(pickHop(hops, 7));
    expect(new Set(Array.from({ length: 9 }, (_, flow) => pickHop(hops, flow)))).toEqual(new Set(hops));
    expect(pickHop([], 7)).toBeUndefined();
    // Two neighbours have a link with the target: one is as good as the other.
    const table = new RouteTable(
      0n,
      new Map([
        [10n, [40n]],
        [20n, [40n]],
        [30n, [31n]],
      ]),
    );
    expect(table.next(40n)).toEqual([10n, 20n]);
  });
});

describe('a stuck frame', () => {
  it('goes round the other way and arrives where the ring has one hole', () => {
    fc.assert(
      fc.property(fc.uniqueArray(nodeId, { minLength: 3, maxLength: 30 }), fc.nat(), (ids, hole) => {
        const ring = sortClockwise(0n, ids);
        const links = ringWith(ids, 0, () => 0);
        const [a, b] = [ring[hole % ring.length]!, ring[(hole + 1) % ring.length]!];
        links.get(a)!.delete(b);
        links.get(b)!.delete(a);
        const tables = tablesOf(viewsOf(links));
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          const way = send(tables, from, to, { mayDetour: true });
          expect(way.end).toBe('there');
          expect(way.visited.length).toBeLessThanOrEqual(ring.length + 1);
        }
      }),
    );
  });
});

describe('no frame goes in a loop', () => {
  it(`in ${frames} frames over randomly corrupted views`, () => {
    const random = seededRandom(1);
    const perView = 200;
    const ends = { there: 0, stuck: 0, 'hop limit': 0 };
    for (let sent = 0; sent < frames; ) {
      const ids = Array.from(
        { length: 2 + Math.floor(random() * 60) },
        () => BigInt(Math.floor(random() * 2 ** 53)) << 75n,
      );
      const tables = tablesOf(corrupted(viewsOf(ringWith([...new Set(ids)], 2, random)), random));
      const known = [...tables.keys()];
      for (let i = 0; i < perView && sent < frames; i++, sent++) {
        const from = known[Math.floor(random() * known.length)]!;
        const target = known[Math.floor(random() * known.length)]!;
        const { visited, end } = send(tables, from, target, { mayDetour: true, random });
        ends[end] += 1;
        // No node twice in one mode, and no way back from a detour: a frame ends after twice as many hops as there are nodes.
        expect(new Set(visited.map(([id, mode]) => `${id} ${mode}`)).size).toBe(visited.length);
        expect(new Set(visited.map(([, mode]) => mode)).size).toBeLessThanOrEqual(2);
      }
    }
    expect(ends.there).toBeGreaterThan(frames / 2);
    expect(ends.stuck).toBeGreaterThan(0);
  }, 600_000);

  /** Some links known at one end only, some neighbours' neighbours made up or of yesterday, some nodes dumb. */
  function corrupted(views: Views, random: Random): Views {
    const ids = [...views.keys()];
    const anyone = () => ids[Math.floor(random() * ids.length)]!;
    for (const [id, view] of views) {
      for (const peer of [...view.keys()]) {
        const fate = random();
        if (fate < 0.1) view.delete(peer);
        else if (fate < 0.3) view.set(peer, [anyone(), anyone(), BigInt(Math.floor(random() * 2 ** 53)) << 75n]);
        else if (fate < 0.4) view.set(peer, []);
      }
      if (random() < 0.2) view.set(anyone(), [anyone()]);
      view.delete(id);
    }
    return views;
  }

  it(`in ${frames} frames over graphs of any shape, back the way that floods came`, () => {
    const random = seededRandom(2);
    const perGraph = 400;
    const ends = { there: 0, stuck: 0, 'hop limit': 0 };
    for (let sent = 0; sent < frames; ) {
      const ids = Array.from({ length: 3 + Math.floor(random() * 30) }, (_, i) => BigInt(i * 7 + 1) << 110n);
      const floods = new Floods(anyGraph(ids, random), random);
      for (let i = 0; i < perGraph && sent < frames; i++, sent++) {
        const [from, target] = [ids[Math.floor(random() * ids.length)]!, ids[Math.floor(random() * ids.length)]!];
        if (random() < 0.3) floods.flood(target, 0.2 * random());
        if (random() < 0.02) floods.restart(ids[Math.floor(random() * ids.length)]!);
        const { visited, end } = send(floods.tables(target), from, target, { mayDetour: true, random });
        ends[end] += 1;
        expect(new Set(visited.map(([id, mode]) => `${id} ${mode}`)).size).toBe(visited.length);
      }
    }
    expect(ends.there).toBeGreaterThan(frames / 2);
    expect(ends.stuck).toBeGreaterThan(0);
    expect(ends['hop limit']).toBe(0);
  }, 600_000);

  it('in either direction: the way that is left shrinks', () => {
    fc.assert(
      fc.property(nodeIds, nodeId, nodeId, (ids, self, target) => {
        // What is for the node itself goes nowhere.
        fc.pre(self !== target);
        const table = new RouteTable(self, new Map(ids.map((id) => [id, []])));
        for (const hop of table.nextInDirection(target, 'clockwise')) {
          expect(clockwise(hop, target)).toBeLessThan(clockwise(self, target));
        }
        for (const hop of table.nextInDirection(target, 'anticlockwise')) {
          expect(clockwise(target, hop)).toBeLessThan(clockwise(target, self));
        }
      }),
    );
  });
});
