import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/controller/apps/directory-records.ts';
import { maxWaitingPerHost } from '../../src/controller/apps/unknown-unicast.ts';
import type { UnknownPolicy } from '../../src/controller/index.ts';
import { ArpOp, buildArp, buildNeighbourAdvertisement, buildNeighbourSolicitation } from '../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../tools/sim/network.ts';
import type { NodeId } from '../../topology/index.ts';

const nodes = 10;
const ip = (n: number) => 0x0a4d_0000 + n;
const ip6 = (n: number) => Uint8Array.of(0xfd, 0x77, ...new Array<number>(13).fill(0), n);

function unicast(to: Uint8Array, from: Uint8Array, count = 0): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([...to, ...from, 0x08, 0x00]);
  frame[50] = count;
  return frame;
}

/** Hosts that spoke once, and with their addresses; and one more node, whose host heard none of them. */
function withJoiner(policy: UnknownPolicy = 'directory') {
  const sim = new SimNetwork({ nodes, seed: 11, latencyMs: 20, settings: { unknownUnicast: policy } });
  sim.run(5_000);
  for (const [i, { mac, tap }] of sim.nodes.entries()) {
    tap.host.send([buildArp({ op: ArpOp.REQUEST, srcMac: mac, srcIp: ip(i + 1), dstIp: ip(i + 1) })]);
    const all = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1);
    const target = ip6(i + 1);
    tap.host.send([
      buildNeighbourAdvertisement({ srcMac: mac, dstMac: all, srcIp: target, dstIp: ip6(0), target, isRouter: false }),
    ]);
  }
  sim.run(3_000);
  const joiner = sim.join();
  sim.run(5_000);
  joiner.tap.host.send([buildArp({ op: ArpOp.REQUEST, srcMac: joiner.mac, srcIp: ip(99), dstIp: ip(99) })]);
  sim.run(2_000);
  expect(joiner.node.controller.hosts).toHaveLength(1);
  for (const { received } of sim.nodes) received.length = 0;
  const floods = () => sim.nodes.reduce((sum, { node }) => sum + node.flood.counters.originated, 0);
  return { sim, joiner, floods };
}

const heard = ({ received }: SimNode) => received.map((frame) => frame[50]);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('unicast to a host that is not known', () => {
  it('waits for the directory, and arrives at that host alone, once and in order', () => {
    const { sim, joiner, floods } = withJoiner();
    const to = sim.nodes[3]!;
    const before = floods();
    const forwarded = () => sim.nodes.reduce((sum, { node }) => sum + node.topology.directory.counters.forwarded, 0);
    const forwardedBefore = forwarded();
    for (const i of numbers(20)) joiner.tap.host.send([unicast(to.mac, joiner.mac, i)]);
    sim.run(1_000);
    expect(heard(to)).toEqual(numbers(20));
    for (const other of sim.nodes) if (other !== to) expect(other.received).toEqual([]);
    expect(floods()).toBe(before);
    expect(joiner.node.controller.counters).toMatchObject({
      unknownFound: 20,
      directoryQuestions: 1,
      directoryHits: 1,
    });
    expect(forwarded() - forwardedBefore).toBeLessThanOrEqual(Math.log2(nodes));
    // Known from now on.
    joiner.tap.host.send([unicast(to.mac, joiner.mac, 20)]);
    sim.run(200);
    expect(heard(to)).toHaveLength(21);
    expect(joiner.node.controller.counters.unknownFound).toBe(20);
  });

  it('is flooded when the directory does not know it either, more of it than may wait at once', () => {
    const { sim, joiner } = withJoiner();
    const nobody = Uint8Array.of(2, 9, 9, 9, 9, 9);
    joiner.tap.host.send(numbers(100).map((i) => unicast(nobody, joiner.mac, i)));
    sim.run(2_000);
    for (const other of sim.nodes) {
      if (other !== joiner) expect(heard(other).sort((a, b) => a! - b!)).toEqual(numbers(100));
    }
    const { counters } = joiner.node.controller;
    expect(counters).toMatchObject({
      unknownFlooded: 100,
      unknownOverflow: 100 - maxWaitingPerHost,
      unknownDropped: 0,
    });
    // For a while, nobody is asked again.
    joiner.tap.host.send([unicast(nobody, joiner.mac, 100)]);
    sim.run(500);
    expect(joiner.node.controller.counters.directoryQuestions).toBe(1);
    expect(heard(sim.nodes[0]!)).toHaveLength(101);
  });

  it('finds hosts by their VLAN', () => {
    const { sim, joiner, floods } = withJoiner();
    const tagged = (to: Uint8Array, from: Uint8Array, vlan: number) => {
      const frame = new Uint8Array(64);
      frame.set([...to, ...from, 0x81, 0x00, vlan >> 8, vlan, 0x08, 0x00]);
      return frame;
    };
    const all = new Uint8Array(6).fill(255);
    const [one, two] = [sim.nodes[1]!, sim.nodes[2]!];
    // The same address in two VLANs, at two nodes; then a node that heard neither.
    for (const [node, vlan] of [
      [one, 7],
      [two, 8],
    ] as const)
      node.tap.host.send([tagged(all, one.mac, vlan)]);
    sim.run(3_000);
    const last = sim.join();
    sim.run(5_000);
    last.tap.host.send([tagged(all, last.mac, 7), tagged(all, last.mac, 8)]);
    sim.run(1_000);
    for (const { received } of sim.nodes) received.length = 0;
    const before = floods();
    last.tap.host.send([tagged(one.mac, last.mac, 7), tagged(one.mac, last.mac, 8)]);
    sim.run(1_000);
    expect([one, two].map(({ received }) => received.map((frame) => frame[15]))).toEqual([[7], [8]]);
    for (const other of sim.nodes) if (other !== one && other !== two) expect(other.received).toEqual([]);
    expect(floods()).toBe(before);
    expect(joiner.received).toEqual([]);
  });

  it('is dropped and counted where the configuration says so', () => {
    const { sim, joiner, floods } = withJoiner('drop');
    const before = floods();
    joiner.tap.host.send([unicast(Uint8Array.of(2, 9, 9, 9, 9, 9), joiner.mac)]);
    joiner.tap.host.send([unicast(sim.nodes[3]!.mac, joiner.mac)]);
    sim.run(1_000);
    expect(floods()).toBe(before);
    expect(joiner.node.controller.counters).toMatchObject({ unknownDropped: 1, unknownFound: 1 });
    expect(sim.nodes[3]!.received).toHaveLength(1);
  });

  it('is flooded at once where the configuration says that', () => {
    const { sim, joiner } = withJoiner('flood');
    joiner.tap.host.send([unicast(sim.nodes[3]!.mac, joiner.mac)]);
    sim.run(1_000);
    for (const other of sim.nodes) if (other !== joiner) expect(other.received).toHaveLength(1);
    expect(joiner.node.controller.counters.directoryPuts).toBeUndefined();
  });

  it('finds a host that moved, and one whose record was at a node that died', () => {
    const { sim, joiner, floods } = withJoiner();
    const [from, to] = [sim.nodes[1]!, sim.nodes[6]!];
    to.tap.host.send([buildArp({ op: ArpOp.REQUEST, srcMac: from.mac, srcIp: ip(2), dstIp: ip(2) })]);
    sim.run(3_000);
    const last = sim.join();
    sim.run(5_000);
    last.tap.host.send([buildArp({ op: ArpOp.REQUEST, srcMac: last.mac, srcIp: ip(98), dstIp: ip(98) })]);
    sim.run(1_000);
    for (const { received } of sim.nodes) received.length = 0;
    const before = floods();
    last.tap.host.send([unicast(from.mac, last.mac, 7)]);
    sim.run(1_000);
    expect(heard(to)).toEqual([7]);
    expect(from.received).toEqual([]);
    expect(floods()).toBe(before);
    // The node that keeps it is the first at or after the key.
    const wanted = sim.nodes[8]!;
    const key = keyOf(wanted.mac);
    const keeper = [...sim.nodes].sort((a, b) => (ahead(key, a.node.id) < ahead(key, b.node.id) ? -1 : 1))[0]!;
    const asker = keeper === joiner ? last : joiner;
    if (keeper !== wanted) sim.kill(keeper);
    sim.run(3_000);
    asker.tap.host.send([unicast(wanted.mac, asker.mac, 9)]);
    sim.run(1_000);
    expect(heard(wanted)).toContain(9);
    expect(asker.node.controller.counters.unknownFlooded).toBe(0);
  });
});

/** Clockwise. */
function ahead(key: NodeId, id: NodeId): bigint {
  return id >= key ? id - key : id - key + (1n << 128n);
}

describe('who has an address that is not known', () => {
  it.each(['IPv4', 'IPv6'] as const)('is answered from the directory, and nobody else hears of it (%s)', (family) => {
    const { sim, joiner, floods } = withJoiner();
    const before = floods();
    const wanted = sim.nodes[4]!;
    const question =
      family === 'IPv4'
        ? buildArp({ op: ArpOp.REQUEST, srcMac: joiner.mac, srcIp: ip(99), dstIp: ip(5) })
        : buildNeighbourSolicitation({ srcMac: joiner.mac, srcIp: ip6(99), target: ip6(5) });
    joiner.tap.host.send([question]);
    sim.run(1_000);
    expect(joiner.received).toHaveLength(1);
    expect(joiner.received[0]!.subarray(6, 12)).toEqual(wanted.mac);
    expect(floods()).toBe(before);
    for (const other of sim.nodes) if (other !== joiner) expect(other.received).toEqual([]);
    // And the frames that follow go straight there.
    joiner.tap.host.send([unicast(wanted.mac, joiner.mac, 1)]);
    sim.run(500);
    expect(heard(wanted)).toEqual([1]);
    expect(joiner.node.controller.counters.unknownFound).toBe(0);
  });

  it('is asked of everybody when the directory does not know', () => {
    const { sim, joiner, floods } = withJoiner();
    const before = floods();
    joiner.tap.host.send([buildArp({ op: ArpOp.REQUEST, srcMac: joiner.mac, srcIp: ip(99), dstIp: ip(77) })]);
    sim.run(1_000);
    expect(floods()).toBe(before + 1);
    for (const other of sim.nodes) if (other !== joiner) expect(other.received).toHaveLength(1);
  });
});
