import { type Logger, pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildArp, formatMac } from '../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../tools/sim/network.ts';
import { switchIdOf } from '../../topology/index.ts';
import { igmpReport3, toGroup4 } from '../unit/support/group-frames.ts';

const seed = 11;
const nodes = 8;
const arpOf = ({ tap }: SimNode, srcIp: number, dstIp: number) => buildArp({ op: 1, srcMac: tap.mac, srcIp, dstIp });
const ipOf = (i: number) => 0x0a4d_0001 + i;
const plain = (dst: Uint8Array, src: Uint8Array, mark: number) =>
  Uint8Array.of(...dst, ...src, 0x88, 0xb7, mark, ...new Array<number>(45).fill(0));

function settled(settings = {}, log?: Logger) {
  const sim = new SimNetwork({ nodes, seed, latencyMs: 20, settings, ...(log && { log }) });
  sim.run(6_000);
  const hear = () => {
    for (const { received } of sim.nodes) received.length = 0;
  };
  const copies = () => sim.nodes.reduce((sum, { node }) => sum + node.flood.counters.copiesSent, 0);
  return { sim, hear, copies };
}

describe(`${nodes} nodes in virtual time (seed ${seed})`, () => {
  it('answer ARP where it is asked: a second question of anybody floods nothing', () => {
    const { sim, hear, copies } = settled();
    for (const [i, node] of sim.nodes.entries()) {
      node.tap.host.send([arpOf(node, ipOf(i), ipOf(99))]);
      sim.run(500);
    }
    hear();
    const before = copies();
    for (const [i, node] of sim.nodes.entries()) {
      node.tap.host.send([arpOf(node, ipOf(i), ipOf((i + 3) % nodes))]);
    }
    sim.run(1_000);
    expect(copies()).toBe(before);
    for (const [i, { received, tap }] of sim.nodes.entries()) {
      const owner = sim.nodes[(i + 3) % nodes]!.tap.mac;
      expect(received).toEqual([
        buildArp({ op: 2, srcMac: owner, srcIp: ipOf((i + 3) % nodes), dstMac: tap.mac, dstIp: ipOf(i) }),
      ]);
    }
  });

  it('follow a host that moves without a word but one frame to one other', () => {
    const { sim, hear } = settled();
    const host = Uint8Array.of(2, 9, 9, 9, 9, 9);
    const [first, second, third] = [sim.nodes[2]!, sim.nodes[6]!, sim.nodes[4]!];
    first.tap.host.send([plain(new Uint8Array(6).fill(255), host, 0)]);
    for (const { tap } of sim.nodes) tap.host.send([plain(new Uint8Array(6).fill(255), tap.mac, 0)]);
    sim.run(1_000);
    for (const [turn, place] of [second, third, first, second].entries()) {
      place.tap.host.send([plain(sim.nodes[0]!.tap.mac, host, turn)]);
      sim.run(1_000);
      hear();
      for (const node of sim.nodes) if (node !== place) node.tap.host.send([plain(host, node.tap.mac, 50 + turn)]);
      sim.run(1_000);
      expect(place.received).toHaveLength(nodes - 1);
      for (const node of sim.nodes) {
        if (node !== place) expect(node.received).toEqual([]);
        const known = node.node.controller.host(host)!;
        expect(known.sequence).toBe(turn + 1);
        if (node !== place) expect(known.location).toEqual({ kind: 'remote', switchId: switchIdOf(place.node.id) });
      }
    }
  });

  it('pin an address that two hosts use to one of them, and say so in their logs', () => {
    const warnings: string[] = [];
    const { sim } = settled({}, pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) }));
    const host = Uint8Array.of(2, 9, 9, 9, 9, 9);
    const users = [sim.nodes[3]!, sim.nodes[6]!];
    for (let i = 0; i < 60; i++) {
      users[i % 2]!.tap.host.send([plain(new Uint8Array(6).fill(255), host, i)]);
      sim.run(200);
    }
    const low = users.map(({ node }) => switchIdOf(node.id)).sort((x, y) => (x < y ? -1 : 1))[0]!;
    for (const { node } of sim.nodes) {
      const { location } = node.controller.host(host)!;
      expect(location.kind === 'local' ? switchIdOf(node.id) : location.switchId).toBe(low);
    }
    const lines = warnings.map((line) => JSON.parse(line) as { msg: string; mac: string });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ msg: 'mac claimed by two places', mac: formatMac(host) });
  });

  it('send multicast to the members alone, each frame once, and to all when the querier is gone', () => {
    const { sim, hear, copies } = settled({ multicastQuerier: true });
    const group = [239, 7, 7, 7];
    const members = [1, 4, 6].map((i) => sim.nodes[i]!);
    const report = (node: SimNode) => node.tap.host.send([igmpReport3(node.tap.mac, 'isExclude', group)]);
    const sendAll = (sender: SimNode) => {
      hear();
      const before = copies();
      for (let i = 0; i < 10; i++) sender.tap.host.send([Uint8Array.of(...toGroup4(sender.tap.mac, group), i)]);
      sim.run(1_000);
      return copies() - before;
    };
    // Queries come at the start, after 31 s, and then every 125 s.
    sim.run(25_000);
    for (const node of members) report(node);
    sim.run(25_000);
    const [sender] = sim.nodes;
    sender!.tap.host.send([plain(new Uint8Array(6).fill(255), sender!.tap.mac, 0)]);
    sim.run(1_000);
    expect(sendAll(sender!)).toBe(0);
    for (const node of sim.nodes) expect(node.received).toHaveLength(members.includes(node) ? 10 : 0);
    // A member may send, too, and does not hear itself.
    expect(sendAll(members[0]!)).toBe(0);
    for (const node of sim.nodes) {
      expect(node.received).toHaveLength(node !== members[0] && members.includes(node) ? 10 : 0);
    }
    // Memberships that nobody confirms run out, and then too little is known to leave anybody out.
    sim.run(270_000);
    expect(sendAll(sender!)).toBe(10 * (nodes - 1));
    for (const node of sim.nodes) expect(node.received).toHaveLength(node === sender ? 0 : 10);
  });

  it('bear a storm of one host: no other hears more of it than is allowed, and their unicast goes on', () => {
    const { sim, hear } = settled({ storm: { broadcast: 50, multicast: 50, unknownUnicast: 50 } });
    const [bad, from, to] = [sim.nodes[0]!, sim.nodes[2]!, sim.nodes[5]!];
    for (const { tap } of [from, to]) tap.host.send([plain(new Uint8Array(6).fill(255), tap.mac, 0)]);
    sim.run(1_000);
    hear();
    for (let ms = 0; ms < 2_000; ms += 10) {
      const burst = Array.from({ length: 100 }, (_, i) => plain(new Uint8Array(6).fill(255), bad.tap.mac, i));
      bad.tap.host.send(burst);
      if (ms % 100 === 0) from.tap.host.send([plain(to.tap.mac, from.tap.mac, 99)]);
      sim.run(10);
    }
    sim.run(1_000);
    expect(to.received.filter(({ 14: mark }) => mark === 99)).toHaveLength(20);
    for (const { received } of sim.nodes.slice(1)) {
      const heard = received.filter((frame) => frame[0] === 255).length;
      expect(heard).toBeGreaterThanOrEqual(100);
      expect(heard).toBeLessThanOrEqual(50 * 2 + 50);
    }
    expect(bad.node.switch.bridge.counters.meterDrops).toBeGreaterThan(19_000);
  });
});
