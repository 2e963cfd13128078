import { describe, expect, it } from 'vitest';
import { parseNodeConfig } from '../../../src/node/index.ts';
import { decodeFrb, encodeFrb, FloodEngine, type Frb, floodEtherType } from '../../../switch/flood/index.ts';
import { FloodNetwork, faultless } from '../../../tools/sim/flood/network.ts';
import { type FloodExperiment, ordinaryExperiment, playFloods } from '../../../tools/sim/index.ts';
import { type FloodGraph, type FloodOnOptions, floodOn } from '../../../tools/sim/library.ts';
import {
  type Arc,
  advance,
  arcContains,
  clockwise,
  formatNodeId,
  maxNodeId,
  type NodeId,
  parseNodeId,
  ringWithout,
  seededRandom,
  splitArc,
} from '../../../topology/index.ts';

type Edges = readonly (readonly [NodeId, NodeId])[];

/** Everybody got every flood once, and it ended. */
function expectWhole(graph: FloodGraph, options?: FloodOnOptions) {
  const report = floodOn(graph, options);
  expect(report.floods.map(({ missed, repeated }) => [missed, repeated])).toEqual(report.floods.map(() => [[], []]));
  expect(report.quietAfterMs).toBeDefined();
  return report;
}

const ringOf = (ids: readonly NodeId[]): Edges => {
  const sorted = [...ids].sort((a, b) => (a < b ? -1 : 1));
  return sorted.flatMap((id, i) => (ids.length > 1 ? [[id, sorted[(i + 1) % ids.length]!] as const] : []));
};
const spread = (n: number): NodeId[] => Array.from({ length: n }, (_, i) => (BigInt(i) << 128n) / BigInt(n) + 3n);

describe('1 rings of one, two and three; ids 0 and 2^128 - 1; ids that differ in the last bit; one spelling of an id', () => {
  const ids = [0n, 1n, 1n << 127n, (1n << 127n) + 1n, maxNodeId - 1n, maxNodeId];
  const rings = ids.flatMap((a, i) => [
    [a],
    ...ids.slice(i + 1).flatMap((b, j) => [[a, b], ...ids.slice(i + j + 2).map((c) => [a, b, c])]),
  ]);

  it(`every one of ${rings.length} such rings gets a flood of each node once, by n - 1 copies`, () => {
    for (const ring of rings) {
      for (const root of ring) {
        const { copies, pulls } = expectWhole({ edges: ringOf(ring), nodes: ring }, { roots: [root] });
        expect([copies, pulls]).toEqual([ring.length - 1, 0]);
      }
    }
  });

  const id = 0xabcdef_00000000_00000000_00000001n;
  const text = formatNodeId(id);
  const dashed = text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const noIds = [text.slice(2), `0x${text}`, ` ${text}`, `${text}0`, text.replace('a', 'g'), ''];

  it('an id in a configuration is the same in capitals and with dashes, and what is none is refused', () => {
    const peersOf = (...peers: string[]) =>
      parseNodeConfig({ name: 'a', rendezvous: 'ws://127.0.0.1:1', policy: 'social', peers }).peers;
    expect(peersOf(text, text.toUpperCase(), dashed, dashed.toUpperCase())).toEqual([id, id, id, id]);
    for (const wrong of noIds) expect(() => peersOf(wrong)).toThrow('peers.0: a node id: 32 hex digits');
  });

  it('nodes spell an id in one way to each other, and take no other', () => {
    expect(parseNodeId(text)).toBe(id);
    for (const other of [text.toUpperCase(), dashed, ...noIds]) expect(parseNodeId(other)).toBeUndefined();
  });
});

describe('2 every arc of every node with every set of peers, on rings of up to 8', () => {
  // A place for each node and one between each two, so that arcs begin and end at nodes and in gaps.
  const step = 1n << 124n;
  const ring = Array.from({ length: 8 }, (_, i) => BigInt(2 * i) * step);
  const places = Array.from({ length: 16 }, (_, i) => BigInt(i) * step);
  const length = (arc: Arc) => clockwise(arc.start, arc.end);

  /** The parts make up the whole but for `own`, and no two of them overlap. */
  function isPartition(whole: Arc, parts: readonly Arc[], own: bigint): boolean {
    const stretches = parts.map((part) => ({ from: clockwise(whole.start, part.start), size: length(part) }));
    stretches.sort((a, b) => (a.from < b.from ? -1 : 1));
    let [end, sum] = [0n, own];
    for (const { from, size } of stretches) {
      if (from < end) return false;
      end = from + size;
      sum += size;
    }
    return sum === length(whole) && end <= length(whole);
  }

  it.each(ring.map((self, i) => [i, self] as const))(
    'node %d: child arcs are disjoint, inside mine, and all of it but me',
    (_, self) => {
      const wrong: string[] = [];
      for (let mask = 0; mask < 256; mask++) {
        const peers = ring.filter((id, i) => id !== self && (mask >> i) & 1);
        const arcs = [
          ringWithout(self),
          ...places.flatMap((start) => places.map((end) => ({ start, end })).filter((arc) => arcContains(arc, self))),
        ];
        for (const [i, arc] of arcs.entries()) {
          const { shares, orphans } = splitArc(self, arc, peers);
          const isRight =
            isPartition(arc, [...shares.map((share) => share.arc), ...orphans], i === 0 ? 0n : 1n) &&
            shares.every((share) => arcContains(share.arc, share.peer) && !arcContains(share.arc, self)) &&
            // What has no peer in it is nobody's child.
            !orphans.some((orphan) => peers.some((peer) => arcContains(orphan, peer))) &&
            shares.length === peers.filter((peer) => arcContains(arc, peer)).length;
          if (!isRight) wrong.push(`peers ${mask.toString(2)}, arc ${arc.start / step} to ${arc.end / step}`);
        }
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe('3 graphs that are no ring', () => {
  const ids = spread(16);
  const ring = ringOf(ids);
  const without = (...gone: number[]): Edges => [
    ...ring.filter((_, i) => !gone.includes(i)),
    ...ids.map((id, i) => [id, ids[(i * 5 + 3) % 16]!] as const).filter(([a, b]) => a !== b),
  ];
  const clique = (members: readonly NodeId[]): Edges =>
    members.flatMap((a, i) => members.slice(i + 1).map((b) => [a, b] as const));
  const halves = [ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)] as const;

  it.each<[string, Edges]>([
    ['the successor link of node 4 is missing', without(4)],
    ['its predecessor link is missing', without(3)],
    ['both are missing', without(3, 4)],
    ['a pendant node hangs on one link', [...ring, [ids[9]!, ids[9]! + 12345n]]],
    ['a star', ids.slice(1).map((id) => [ids[0]!, id] as const)],
    ['a path in the order of the ring', ring.slice(0, -1)],
    ['a path across the ring', ids.slice(1).map((_, i) => [ids[(i * 7) % 16]!, ids[((i + 1) * 7) % 16]!] as const)],
    ['two cliques joined by one link', [...clique(halves[0]), ...clique(halves[1]), [halves[0][2]!, halves[1][5]!]]],
  ])('%s: each node gets a flood of each node once, also when frames are lost', (_, edges) => {
    const roots = [...new Set(edges.flat())];
    expectWhole({ edges }, { roots, spacingMs: 3_000 });
    for (const seed of [1, 2, 3]) {
      expectWhole({ edges }, { roots, faults: { loss: 0.05, duplicate: 0.05, jitterMs: 100, reorder: 0.1 }, seed });
    }
  });
});

describe('4 a receiver that is not ready yet when its neighbour is', () => {
  it.each([20, 100, 450, 1_000, 3_000])('for %d ms: its leaf ports get the flood once it is, and once', (ms) => {
    const [a, b, c] = spread(3) as [NodeId, NodeId, NodeId];
    const got: [NodeId, number][] = [];
    const net = new FloodNetwork({
      links: new Map([
        [a, new Set([b])],
        [b, new Set([a, c])],
        [c, new Set([b])],
      ]),
      rule: (self, epoch) => new FloodEngine({ self, epoch }),
      faults: faultless,
      random: seededRandom(1),
      delivered: ({ at, now }) => got.push([at, now]),
    });
    net.rules.get(b)!.setPeers([]);
    net.flood(a, new Uint8Array(60));
    net.run(ms);
    expect(got).toEqual([]);
    net.relink([b]);
    net.run(20_000);
    expect(got.map(([at]) => at)).toEqual([b, c]);
  });
});

describe('5 faults, one at a time', () => {
  it.each<[string, Partial<FloodExperiment>]>([
    ['0.1 % loss', { loss: 0.001 }],
    ['1 % loss', { loss: 0.01 }],
    ['5 % loss', { loss: 0.05 }],
    ['one frame of ten twice', { duplicate: 0.1 }],
    ['one frame of five up to 200 ms late', { reorder: 0.2 }],
    ['nodes that stand still for 2 s', { pause: 10 }],
    ['nodes killed', { kill: 3 }],
    ['nodes that start anew with the same id', { restart: 10 }],
    ['half of the nodes cut off for 1 s', { partitionMs: 1_000 }],
  ])('%s: every flood gets to every node once', (_, faults) => {
    const { result, failed } = playFloods({ ...ordinaryExperiment, nodes: 32, floods: 60, ...faults }, () => {});
    expect(failed).toEqual([]);
    expect(result).toMatchObject({ complete: 1, duplicatesAtLeaves: 0 });
  });
});

describe('5 a node whose clock was set back while it was away', () => {
  it('is told by its neighbours, and heard again at once, and never twice', () => {
    const ids = spread(8);
    const links = new Map(ids.map((id, i) => [id, new Set([ids[(i + 1) % 8]!, ids[(i + 7) % 8]!])]));
    const got: NodeId[] = [];
    const net = new FloodNetwork({
      links,
      rule: (self, epoch) => new FloodEngine({ self, epoch }),
      faults: faultless,
      random: seededRandom(1),
      delivered: ({ at }) => got.push(at),
    });
    const root = ids[0]!;
    const flood = () => {
      got.length = 0;
      net.flood(root, new Uint8Array(60));
      net.run(5_000);
      return got.toSorted((a, b) => (a < b ? -1 : 1));
    };
    const others = ids.slice(1);
    expect(flood()).toEqual(others);
    for (let i = 1; i <= 3; i++) {
      // As soon as they have links to it again, its neighbours know better.
      net.add(root, -3_600_000 * i);
      net.run(100);
      expect(flood()).toEqual(others);
    }
    // A flood before their answer is lost; it is an answer to that, too.
    net.add(root, -36_000_000);
    expect(flood()).toEqual([]);
    expect(flood()).toEqual(others);
  });
});

describe('11 forged floods are counted drops: no crash, no copies, no delivery', () => {
  const self = 5n << 120n;
  const [peer, other] = [9n << 120n, 200n << 120n];
  const source = { mac: new Uint8Array(6), etherType: floodEtherType };
  const honest: Frb = {
    ...{ hopLimit: 9, root: peer, epoch: 7, sequence: 70, arc: { start: advance(peer, 1n), end: peer } },
    inner: new Uint8Array(60),
    part: 0,
    lastPart: 0,
  };
  const engine = () => {
    const made = new FloodEngine({ self, epoch: 1 });
    made.setPeers([peer, other]);
    return made;
  };
  const dropsOf = (made: FloodEngine) => Object.values(made.counters.dropped).reduce((sum, count) => sum + count, 0);

  it.each<[string, Partial<Frb>, number?]>([
    ['with this switch as its root', { root: self }],
    ['with hop limit 0', { hopLimit: 0 }],
    ['with an arc that this switch is not in', { arc: { start: peer, end: other } }],
    ['again: a replayed sequence', {}, 1],
    ['with a sequence from long ago', { sequence: 70 }, 5_000],
    ['with an older epoch', { epoch: 6 }, 1],
  ])('%s', (_, forged, ahead) => {
    const made = engine();
    if (ahead !== undefined) {
      expect(made.receive(peer, encodeFrb(honest, source), 0).inner).toBeDefined();
      if (ahead > 1) made.receive(peer, encodeFrb({ ...honest, sequence: honest.sequence + ahead }, source), 0);
    }
    const before = dropsOf(made);
    expect(made.receive(peer, encodeFrb({ ...honest, ...forged }, source), 1)).toEqual({ copies: [] });
    expect(dropsOf(made)).toBe(before + 1);
  });

  it('from a node that is no neighbour', () => {
    const made = engine();
    expect(made.receive(77n, encodeFrb(honest, source), 0)).toEqual({ copies: [] });
    expect(dropsOf(made)).toBe(1);
  });

  it('of every version and type that there is not', () => {
    const frame = encodeFrb(honest, source);
    const known = frame[14]!;
    for (let value = 0; value < 256; value++) {
      // Other types of this version are not floods.
      if (value >> 4 === known >> 4 && (value & 0xf) <= 4) continue;
      const made = engine();
      const forged = frame.slice();
      forged[14] = value;
      expect(made.receive(peer, forged, 0)).toEqual({ copies: [] });
      expect(dropsOf(made)).toBe(1);
    }
  });

  it('cut short at every length', () => {
    const frame = encodeFrb(honest, source);
    const shortest = frame.length - honest.inner.length + 14;
    for (let length = 14; length < shortest; length++) {
      const made = engine();
      expect(made.receive(peer, frame.subarray(0, length), 0)).toEqual({ copies: [] });
      expect(dropsOf(made)).toBe(1);
    }
  });

  it('with random bits turned over: nothing throws, and what goes out is no more than the neighbours', () => {
    const random = seededRandom(5);
    for (let i = 0; i < 5_000; i++) {
      const made = engine();
      const frame = encodeFrb(honest, source).slice(0, 14 + Math.floor(random() * 140));
      for (let n = 0; n < 4; n++) {
        const at = 14 + Math.floor(random() * (frame.length - 14));
        if (at < frame.length) frame[at] = frame[at]! ^ (1 << Math.floor(random() * 8));
      }
      const { copies } = made.receive(peer, frame, 0);
      expect(copies.length).toBeLessThanOrEqual(2);
      for (const { to, frb } of copies) {
        expect([peer, other]).toContain(to);
        expect(typeof decodeFrb(frb)).toBe('object');
      }
    }
  });
});

describe('14 a ring of 300 nodes without shortcuts', () => {
  it('is flooded all around, once to each', () => {
    const ids = spread(300);
    const { floods } = expectWhole({ edges: ringOf(ids) });
    expect(floods[0]!.heard.size).toBe(299);
  });

  it('as a path is flooded from end to end, 299 links deep, also when frames are lost', () => {
    const edges = ringOf(spread(300)).slice(0, -1);
    for (const loss of [0, 0.01]) {
      const { floods } = expectWhole({ edges }, { faults: { loss } });
      expect(floods[0]!.heard.get(edges.at(-1)![1])!.depth).toBe(299);
    }
  });
});
