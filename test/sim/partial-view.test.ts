import { describe, expect, it } from 'vitest';
import { switchIdBits } from '../../src/controller/pipeline.ts';
import { type Way, waysFrom } from '../../src/controller/routes.ts';
import { buildArp } from '../../switch/packet/index.ts';
import { randomIds, symphonyLinks } from '../../tools/sim/flood/links.ts';
import { SimNetwork } from '../../tools/sim/network.ts';
import { mean } from '../../tools/sim/topology/measure.ts';
import { type NodeId, seededRandom, sortClockwise, switchIdOf } from '../../topology/index.ts';

describe('1,200 nodes that know 128 others each', () => {
  const nodes = 1_200;
  const random = seededRandom(3);
  const ids = sortClockwise(0n, randomIds(nodes, random));
  const links = symphonyLinks(ids, random);
  const anyone = () => ids[Math.floor(random() * nodes)]!;

  /** Sixteen on either side, neighbours, and others at random. */
  function viewOf(id: NodeId): NodeId[] {
    const at = ids.indexOf(id);
    const near = Array.from({ length: 33 }, (_, i) => ids[(at + i - 16 + nodes) % nodes]!);
    const known = new Set([...near, ...links.get(id)!]);
    while (known.size <= 128) known.add(anyone());
    known.delete(id);
    return [...known];
  }

  interface At {
    readonly ways: readonly Way[];
    readonly peers: readonly NodeId[];
  }
  const tables = new Map<NodeId, At>();
  function tableOf(id: NodeId): At {
    const known = tables.get(id);
    if (known !== undefined) return known;
    const peers = [...links.get(id)!];
    const neighbours = new Map(peers.map((peer) => [peer, [...links.get(peer)!]]));
    const ports = new Map(peers.map((peer, port) => [switchIdOf(peer), port]));
    const ways = waysFrom({ self: id, neighbours, ports, members: viewOf(id), nodes, learned: undefined });
    const table = { ways: ways.sort((a, b) => b.bits - a.bits), peers };
    tables.set(id, table);
    return table;
  }

  it('find each other, whether they know of each other or not', () => {
    const hops = { known: [] as number[], unknown: [] as number[] };
    for (let pair = 0; pair < 150; pair++) {
      const [from, to] = [anyone(), anyone()];
      const target = switchIdOf(to);
      const isKnown = tableOf(from).ways.some((way) => way.target === target && way.bits === switchIdBits);
      let at = from;
      let count = 0;
      for (let mark = 0; at !== to; count++) {
        expect(count).toBeLessThan(20);
        const { ways, peers } = tableOf(at);
        const way = ways.find((each) => {
          const rest = BigInt(switchIdBits - each.bits);
          return each.mark === mark && each.target >> rest === target >> rest;
        });
        at = peers[way!.ports[0]!]!;
        mark = way!.nextMark;
        expect(mark).toBe(0);
      }
      hops[isKnown ? 'known' : 'unknown'].push(count);
    }
    const rules = mean([...tables.values()].map(({ ways }) => ways.length));
    console.info(
      `links on the way: ${mean(hops.known).toFixed(2)} to known, ${mean(hops.unknown).toFixed(2)} to unknown nodes; ` +
        `${rules.toFixed(0)} rules a node`,
    );
    expect(hops.unknown.length).toBeGreaterThan(100);
    expect(mean(hops.unknown)).toBeLessThan(6);
    expect(rules).toBeLessThan(1_200);
  }, 60_000);
});

describe('48 whole nodes that know 34 others each', () => {
  it('carry unicast between all that were heard of', () => {
    const sim = new SimNetwork({ nodes: 48, seed: 5, latencyMs: 20, topology: () => ({ capacity: 34 }) });
    sim.run(3_500);
    for (const { mac, tap } of sim.nodes) tap.host.send([buildArp({ op: 1, srcMac: mac, srcIp: 1, dstIp: 1 })]);
    sim.run(1_500);
    const sizes = sim.nodes.map(({ node }) => node.topology.members.length);
    expect(Math.max(...sizes)).toBeLessThan(sim.nodes.length - 2);
    expect(mean(sizes)).toBeLessThan(sim.nodes.length - 6);
    for (const { received } of sim.nodes) received.length = 0;
    const senders = sim.nodes.filter((_, i) => i % 8 === 0);
    for (const from of senders) {
      for (const to of sim.nodes) {
        if (to === from) continue;
        const frame = new Uint8Array(60);
        frame.set([...to.mac, ...from.mac, 0x08, 0x00]);
        from.tap.host.send([frame]);
      }
    }
    sim.run(1_500);
    const missing = sim.nodes.flatMap(({ mac, received }) => {
      const mine = received.filter((frame) => Buffer.compare(frame.subarray(0, 6), mac) === 0);
      const wanted = senders.filter((each) => Buffer.compare(each.mac, mac) !== 0);
      return wanted.filter(
        (each) => mine.filter((frame) => Buffer.compare(frame.subarray(6, 12), each.mac) === 0).length !== 1,
      );
    });
    expect(missing.length).toBe(0);
    const floods = sim.nodes.map(({ node }) => node.flood.counters.originated);
    expect(Math.max(...floods)).toBeLessThan(12);
  }, 120_000);
});
