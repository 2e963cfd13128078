import { describe, expect, it } from 'vitest';
import { encodeAnnouncement } from '../../../src/controller/apps/announcement.ts';
import { switchMac } from '../../../src/controller/apps/switch-addresses.ts';
import { announcementSeal } from '../../../src/node/announcement-seal.ts';
import { encodeFrb, floodEtherType } from '../../../switch/flood/index.ts';
import { ArpOp, buildArp, LinkEncoder } from '../../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../../tools/sim/network.ts';
import { switchIdOf } from '../../../topology/index.ts';

const broadcast = [255, 255, 255, 255, 255, 255];
const source = { mac: new Uint8Array(6), etherType: floodEtherType };
const fromForger = { hopLimit: 9, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 1, mark: 0 };

/** An Ethernet frame of 60 bytes with this behind its header. */
function frame(
  to: readonly number[] | Uint8Array,
  from: Uint8Array,
  etherType: number,
  payload: readonly number[],
): Uint8Array {
  const bytes = new Uint8Array(Math.max(60, 14 + payload.length));
  bytes.set([...to, ...from, etherType >> 8, etherType & 0xff, ...payload]);
  return bytes;
}

/** Header and some bytes: the number tells frames apart. */
const unicast = (to: Uint8Array, from: Uint8Array, number = 0) => frame(to, from, 0x0800, [0x45, 0, 0, 40, 0, number]);

function build(nodes = 6, seed = 3): SimNetwork {
  const sim = new SimNetwork({ nodes, seed, latencyMs: 20 });
  sim.run(5_000);
  return sim;
}

/** Names of the nodes whose hosts get the frame, once for each time. */
function whoGets(sim: SimNetwork, from: SimNode, sent: Uint8Array, ms = 1_000): string[] {
  for (const { received } of sim.nodes) received.length = 0;
  from.tap.host.send([sent]);
  sim.run(ms);
  return sim.nodes.flatMap(({ name, received }) =>
    received.filter((each) => Buffer.compare(each, sent) === 0).map(() => name),
  );
}

const gratuitous = (srcMac: Uint8Array, ip = 0x0a4d_0009) =>
  buildArp({ op: ArpOp.REQUEST, srcMac, srcIp: ip, dstIp: ip });

describe('7 a MAC that moves', () => {
  const roamer = Uint8Array.of(2, 0, 0, 0, 9, 9);

  it('from one switch to another and back is followed with its first frame from there', () => {
    const sim = build();
    const [a, b, c] = sim.nodes as [SimNode, SimNode, SimNode];
    for (const home of [a, c, a, c]) {
      home.tap.host.send([gratuitous(roamer)]);
      sim.run(500);
      // Hosts everywhere, those of its last home among them, find it where it is, and nowhere else.
      for (const [n, from] of [b, c, a].entries()) {
        if (from !== home) expect(whoGets(sim, from, unicast(roamer, from.mac, n))).toEqual([home.name]);
      }
      sim.run(10_000);
    }
  });

  it('to and fro all the time, or at two places at once, is damped and reported, and frames for it are never doubled', () => {
    const sim = build();
    const [a, b, c] = sim.nodes as [SimNode, SimNode, SimNode];
    for (let i = 0; i < 60; i++) {
      (i % 2 === 0 ? a : c).tap.host.send([gratuitous(roamer)]);
      sim.run(200);
      const places = i % 10 === 9 ? whoGets(sim, b, unicast(roamer, b.mac, i), 300) : [];
      expect(places.length).toBeLessThanOrEqual(1);
    }
    sim.run(3_000);
    expect(whoGets(sim, b, unicast(roamer, b.mac, 99))).toHaveLength(1);
    const damped = sim.nodes.filter(
      ({ node, clock }) => (node.controller.host(roamer)?.dampedUntil ?? 0) > clock.now(),
    );
    expect(damped.length).toBeGreaterThan(0);
  });
});

describe('7 a MAC that is in two VLANs', () => {
  const twin = Uint8Array.of(2, 0, 0, 0, 7, 7);
  /** A frame with a tag before its type. */
  const tagged = (vlan: number, untagged: Uint8Array) => {
    const bytes = new Uint8Array(Math.max(60, untagged.length + 4));
    bytes.set(untagged.subarray(0, 12));
    bytes.set([0x81, 0, vlan >> 8, vlan & 0xff, ...untagged.subarray(12)], 12);
    return bytes;
  };

  it('is two hosts, each where it is: they are not mixed up, do not move each other, and answer for nobody else', () => {
    const sim = build();
    const [a, b, c, asker] = sim.nodes as [SimNode, SimNode, SimNode, SimNode];
    const homes = [
      { home: a, of: (frame: Uint8Array) => frame },
      { home: b, of: (frame: Uint8Array) => tagged(7, frame) },
      { home: c, of: (frame: Uint8Array) => tagged(4094, frame) },
    ];
    const ip = 0x0a4d_0063;
    for (let n = 0; n < 20; n++) {
      for (const { home, of } of homes) home.tap.host.send([of(gratuitous(twin, ip))]);
      sim.run(200);
      for (const { home, of } of homes) {
        if (n % 5 === 4) expect(whoGets(sim, asker, of(unicast(twin, asker.mac, n)))).toEqual([home.name]);
      }
    }
    // A tag with a priority only is none.
    expect(whoGets(sim, asker, tagged(0, unicast(twin, asker.mac, 99)))).toEqual([a.name]);
    for (const { node } of sim.nodes) {
      expect(node.controller.counters).toMatchObject({ macsDamped: 0, claimsContested: 0, moved: 0 });
    }
    // Who asks in a VLAN is not answered with what is known of another: all of its hosts get to hear the question.
    const question = (srcIp: number) => buildArp({ op: ArpOp.REQUEST, srcMac: asker.mac, srcIp, dstIp: ip }).slice();
    expect(whoGets(sim, asker, question(0x0a4d_0001))).toEqual([]);
    expect(whoGets(sim, asker, tagged(8, question(0x0a4d_0001)))).toHaveLength(5);
  });
});

describe('8 what hosts say to find each other', () => {
  const sim = build();
  const [a, b, c] = sim.nodes as [SimNode, SimNode, SimNode];
  const others = sim.nodes.filter((node) => node !== a).map(({ name }) => name);
  for (const [i, node] of sim.nodes.entries()) node.tap.host.send([gratuitous(node.mac, 0x0a4d_0001 + i)]);
  sim.run(2_000);
  const ipv6 = (to: number[], from: Uint8Array, type: number) => {
    // Next header 58, hop limit 255, from a link-local address; then ICMPv6.
    const source = [0xfe, 0x80, ...new Array<number>(13).fill(0), 7];
    const group = [0xff, 0x02, ...new Array<number>(13).fill(0), 1];
    return frame(to, from, 0x86dd, [
      0x60,
      0,
      0,
      0,
      0,
      24,
      58,
      255,
      ...source,
      ...group,
      type,
      0,
      0,
      0,
      ...new Array<number>(20).fill(0),
    ]);
  };
  const allNodes = [0x33, 0x33, 0, 0, 0, 1];

  it('a unicast ARP probe gets to the host that it is for', () => {
    const probe = buildArp({ op: ArpOp.REQUEST, srcMac: a.mac, srcIp: 0x0a4d_0001, dstMac: b.mac, dstIp: 0x0a4d_0002 });
    expect(whoGets(sim, a, probe)).toEqual([b.name]);
  });

  it('a unicast DHCP offer gets to the host that asked, which nobody had heard of before its broadcast', () => {
    const client = Uint8Array.of(2, 0, 0, 0, 8, 8);
    const udp = (to: readonly number[] | Uint8Array, from: Uint8Array, ports: readonly number[]) =>
      frame(to, from, 0x0800, [
        0x45,
        0,
        0,
        46,
        0,
        0,
        0,
        0,
        64,
        17,
        0,
        0,
        0,
        0,
        0,
        0,
        255,
        255,
        255,
        255,
        ...ports,
        0,
        26,
        0,
        0,
      ]);
    expect(whoGets(sim, a, udp(broadcast, client, [0, 68, 0, 67]))).toEqual(others);
    expect(whoGets(sim, c, udp(client, c.mac, [0, 67, 0, 68]))).toEqual([a.name]);
  });

  it('a gratuitous ARP gets to every host, once', () => {
    expect(whoGets(sim, a, gratuitous(a.mac, 0x0a4d_0001))).toEqual(others);
  });

  it.each<[string, number[], number]>([
    ['an advertisement of a router', allNodes, 134],
    ['an unsolicited neighbour advertisement', allNodes, 136],
    ['a solicitation that looks for a duplicate address', [0x33, 0x33, 0xff, 0, 0, 7], 135],
  ])('%s gets to every host, once', (_, to, type) => {
    expect(whoGets(sim, a, ipv6(to, a.mac, type))).toEqual(others);
  });

  it.each<[string, number[], number, number[]]>([
    ['spanning tree BPDU', [0x01, 0x80, 0xc2, 0, 0, 0], 0x0027, [0x42, 0x42, 3]],
    ['LLDP', [0x01, 0x80, 0xc2, 0, 0, 0x0e], 0x88cc, [2, 7, 4]],
    ['LACP', [0x01, 0x80, 0xc2, 0, 0, 0x02], 0x8809, [1, 1]],
  ])('%s never crosses', (_, to, etherType, payload) => {
    expect(whoGets(sim, a, frame(to, a.mac, etherType, payload))).toEqual([]);
  });

  it('frames of a multicast group get to its members, to everybody while nothing is known of it, and to nobody twice', () => {
    const fresh = build();
    const [source, member] = fresh.nodes as [SimNode, SimNode];
    const group = [0x01, 0x00, 0x5e, 0x01, 0x02, 0x03];
    // IGMPv2, RFC 2236: type, code, checksum over eight bytes, group 239.1.2.3; sent with the router alert option.
    const igmp = (type: number, to: readonly number[], ip: readonly number[]) => {
      const body = [type, 0, 0, 0, 239, 1, 2, 3];
      const sum = 0xffff - ((((type << 8) + (239 << 8) + 1 + (2 << 8) + 3) % 0xffff) & 0xffff);
      body[2] = sum >> 8;
      body[3] = sum & 0xff;
      return frame(to, member.mac, 0x0800, [
        0x46,
        0xc0,
        0,
        32,
        0,
        0,
        0,
        0,
        1,
        2,
        0,
        0,
        10,
        77,
        0,
        2,
        ...ip,
        0x94,
        4,
        0,
        0,
        ...body,
      ]);
    };
    const data = (n: number) =>
      frame(group, source.mac, 0x0800, [0x45, 0, 0, 40, 0, n, 0, 0, 16, 17, 0, 0, 10, 77, 0, 1, 239, 1, 2, 3]);
    // Nothing is known of the group: everybody gets it.
    expect(whoGets(fresh, source, data(1))).toHaveLength(5);
    member.tap.host.send([igmp(0x16, group, [239, 1, 2, 3])]);
    fresh.run(2_000);
    expect(whoGets(fresh, source, data(2))).toContain(member.name);
    member.tap.host.send([igmp(0x17, [0x01, 0x00, 0x5e, 0, 0, 2], [224, 0, 0, 2])]);
    fresh.run(20_000);
    // Whoever gets it now, nobody gets it twice.
    const last = whoGets(fresh, source, data(3));
    expect(new Set(last).size).toBe(last.length);
  });
});

describe('11 an announcement forged in the name of another switch', () => {
  it('moves no host: it is counted by those that hear it, and told where it should have come from', () => {
    const sim = build();
    const [forger, ...others] = sim.nodes as [SimNode, ...SimNode[]];
    const named = others.find(({ node }) => forger.node.topology.neighbours.includes(node.id))!;
    const [home, asker] = others.filter((node) => node !== named) as [SimNode, SimNode];
    home.tap.host.send([gratuitous(home.mac)]);
    sim.run(1_000);
    const { links, topology } = forger.node;
    const { sign } = announcementSeal(forger.identity, 'sim');
    for (let n = 1; n <= 20; n++) {
      const epoch = Math.floor(sim.clock.wallTime());
      const claims = [{ mac: home.mac, vlan: 0, sequence: n, isObjection: false }];
      const inner = encodeAnnouncement(switchMac(switchIdOf(named.node.id)), { epoch, count: n }, claims, sign);
      for (const to of topology.neighbours) {
        const flood = { root: named.node.id, epoch, sequence: n, hopLimit: 9, arc: { start: to, end: to } };
        const encoder = new LinkEncoder();
        encoder.append(fromForger, encodeFrb({ ...flood, inner, part: 0, lastPart: 0 }, source));
        links.sendFrames(to, encoder.take());
      }
      sim.run(100);
      expect(whoGets(sim, asker, unicast(home.mac, asker.mac, n))).toEqual([home.name]);
    }
    expect(asker.node.controller.counters.announcementsForged).toBe(20);
    expect(named.node.flood.counters.dropped['in-our-name']).toBe(20);
    // What the node that was named has to say is heard all the same.
    expect(whoGets(sim, named, gratuitous(named.mac))).toHaveLength(5);
  });
});

describe('12 a broadcast storm of one leaf port', () => {
  it('is cut at its switch: others hear no more than its limit, and a conversation of theirs loses nothing', () => {
    const sim = build();
    const [storm, a, b] = sim.nodes as [SimNode, SimNode, SimNode];
    for (const node of [a, b]) {
      node.tap.host.send([gratuitous(node.mac)]);
      sim.run(500);
    }
    for (const { received } of sim.nodes) received.length = 0;
    const spoken: Uint8Array[] = [];
    // 20,000 frames a second for 1.5 seconds, beside 40 a second from a to b.
    for (let i = 0; i < 60; i++) {
      storm.tap.host.send(
        Array.from({ length: 500 }, (_, n) => frame(broadcast, storm.mac, 0x0800, [0x45, i, n >> 8, n & 0xff])),
      );
      spoken.push(unicast(b.mac, a.mac, i));
      a.tap.host.send([spoken.at(-1)!]);
      sim.run(25);
    }
    sim.run(10_000);
    const heard = sim.nodes.map(({ received }) => received.filter((each) => each[0] === 255).length);
    // 500 a second, and a burst of as many.
    for (const count of heard.slice(1)) expect(count).toBeLessThanOrEqual(500 * 2.5 + 50);
    expect(Math.min(...heard.slice(1))).toBeGreaterThan(500);
    const got = b.received.filter((each) => Buffer.compare(each.subarray(6, 12), a.mac) === 0);
    expect(got).toEqual(spoken);
  });
});
