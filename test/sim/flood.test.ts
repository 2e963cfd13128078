import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildArp, ethernetHeaderLength, LinkEncoder } from '../../switch/packet/index.ts';
import { SimNetwork } from '../../tools/sim/network.ts';
import { sortClockwise } from '../../topology/index.ts';

const seed = 20;
const request = (srcMac: Uint8Array, dstIp = 0x0a4d0002) => buildArp({ op: 1, srcMac, srcIp: 0x0a4d0001, dstIp });

describe(`50 nodes in virtual time (seed ${seed})`, () => {
  const sim = new SimNetwork({ nodes: 50, seed, latencyMs: 20 });
  sim.run(10_000);

  it('form one ring with shortcuts, and let go of what nobody wants', () => {
    const ring = sortClockwise(
      0n,
      sim.nodes.map(({ node }) => node.id),
    );
    for (const { node } of sim.nodes) {
      const at = ring.indexOf(node.id);
      const wanted = new Map(node.topology.links.map((link) => [link.peer, link]));
      for (const steps of [1, 2])
        expect(wanted.get(ring[(at + steps) % 50]!)).toMatchObject({ state: 'up', mine: 'successor' });
      expect([...wanted.values()].some(({ mine, theirs }) => mine === 'long' || theirs === 'long')).toBe(true);
      for (const { mine, theirs } of wanted.values()) expect(mine ?? theirs).toBeDefined();
    }
  });

  it('hear a flood once each, with 49 copies in all', () => {
    const sent = () => sim.nodes.reduce((sum, { node }) => sum + node.flood.counters.copiesSent, 0);
    for (const root of [sim.nodes[0]!, sim.nodes[17]!]) {
      for (const { received } of sim.nodes) received.length = 0;
      const before = sent();
      const frame = request(root.tap.mac);
      root.tap.host.send([frame]);
      sim.run(1_000);
      expect(sent() - before).toBe(49);
      for (const other of sim.nodes) expect(other.received).toEqual(other === root ? [] : [frame]);
    }
  });

  it('answer along the ring: unicast to the host that flooded reaches it, and nobody else', () => {
    const [a, b] = [sim.nodes[0]!, sim.nodes[31]!];
    a.tap.host.send([request(a.tap.mac)]);
    sim.run(1_000);
    for (const { received } of sim.nodes) received.length = 0;
    const reply = buildArp({ op: 2, srcMac: b.tap.mac, srcIp: 0x0a4d0002, dstMac: a.tap.mac, dstIp: 0x0a4d0001 });
    expect(reply.length).toBeGreaterThan(ethernetHeaderLength);
    b.tap.host.send([reply]);
    sim.run(1_000);
    for (const node of sim.nodes) expect(node.received).toEqual(node === a ? [reply] : []);
  });

  it('close the ring after three nodes died without a word, and floods reach all others again', () => {
    const dead = [5, 6, 30].map((i) => sim.nodes[i]!);
    for (const node of dead) sim.kill(node);
    sim.run(5_000);
    const alive = sim.nodes.filter((node) => !dead.includes(node));
    for (const { received } of sim.nodes) received.length = 0;
    // For an address that nobody has been heard of: another would be answered at once.
    const frame = request(alive[0]!.tap.mac, 0x0a4d00fe);
    alive[0]!.tap.host.send([frame]);
    sim.run(1_000);
    for (const node of alive) expect(node.received).toEqual(node === alive[0] ? [] : [frame]);
  });
});

describe('a neighbour that sends nonsense', () => {
  it('is counted and logged, one line a second, and harms nobody', () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const sim = new SimNetwork({ nodes: 4, seed: 1, latencyMs: 5, log });
    sim.run(5_000);
    const [bad, ...others] = sim.nodes;
    const victim = bad!.node.topology.neighbours[0]!;
    const flood = buildArp({ op: 1, srcMac: bad!.tap.mac, srcIp: 1, dstIp: 2 });
    flood.set([0x88, 0xb5, 0x1f], 12);
    const encoder = new LinkEncoder();
    const fields = { mark: 0, hopLimit: 9, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 1 };
    for (let i = 0; i < 50; i++) {
      encoder.append(fields, flood);
      bad!.node.links.sendFrames(victim, [Uint8Array.of(1, 2, 3), ...encoder.take()]);
    }
    sim.run(1_500);
    const warnings = lines.map((line) => JSON.parse(line) as { msg: string; total: number });
    expect(warnings.map(({ msg, total }) => [msg, total])).toEqual([
      ['malformed frames from a neighbour', 50],
      ['malformed floods from neighbours', 50],
    ]);
    const target = others.find(({ node }) => node.id === victim)!;
    expect(target.node.switch.bridge.counters.linkMalformed).toBe(50);
    expect(target.node.topology.neighbours).toContain(bad!.node.id);
  });
});

describe('12 nodes', () => {
  const build = () => {
    const sim = new SimNetwork({ nodes: 12, seed: 3, latencyMs: 20 });
    sim.run(8_000);
    return sim;
  };
  const links = (sim: SimNetwork) => sim.nodes.map(({ node }) => node.topology.neighbours.sort());

  it('keep every link while the rendezvous is away, and when it comes back with an empty list', () => {
    const sim = build();
    const before = links(sim);
    sim.hub.stop();
    sim.run(30_000);
    expect(links(sim)).toEqual(before);
    sim.hub.restart();
    sim.run(30_000);
    expect(links(sim)).toEqual(before);
    for (const { node } of sim.nodes) expect(node.topology.members).toHaveLength(11);
  });

  it('mend the ring within a second when one of them leaves and says so', () => {
    const sim = build();
    const leaver = sim.nodes[4]!;
    void leaver.node.stop();
    sim.run(1_000);
    const left = sim.nodes.filter((node) => node !== leaver);
    const ring = sortClockwise(
      0n,
      left.map(({ node }) => node.id),
    );
    for (const { node } of left) {
      expect(node.topology.neighbours).toContain(ring[(ring.indexOf(node.id) + 1) % ring.length]);
      expect(node.topology.members).not.toContain(leaver.node.id);
    }
  });
});

describe('a simulation', () => {
  it('is the same in every run of one seed', () => {
    const run = () => {
      const sim = new SimNetwork({ nodes: 12, seed: 7, latencyMs: 20 });
      sim.run(3_000);
      sim.nodes[3]!.tap.host.send([request(sim.nodes[3]!.tap.mac)]);
      sim.run(500);
      return sim.nodes.map(({ node, received }) => [node.id, node.topology.links, node.flood.traces, received]);
    };
    expect(run()).toEqual(run());
  });
});
