import { describe, expect, it } from 'vitest';
import type { OverlaySettings } from '../../src/controller/index.ts';
import { decodeFrb, encodeFrb, floodEtherType } from '../../switch/flood/index.ts';
import {
  ArpOp,
  buildArp,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  formatMac,
  put16,
} from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { udp4 } from './support/group-frames.ts';
import { TestSwitch } from './support/test-switch.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const self = node(0x10);
const [a, b] = [node(0x40), node(0x80)];
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);
const broadcast = new Uint8Array(6).fill(255);
const ip6 = (n: number) => Uint8Array.of(0xfd, ...new Array<number>(14).fill(0), n);

/** A switch with two leaf ports and a link to a, behind which is b; nothing that it did when it came up is in the way. */
function linked(settings: Partial<OverlaySettings> = {}) {
  const sw = new TestSwitch(self, settings);
  const [leaf, second] = [sw.addLeaf('tap0'), sw.addLeaf('tap1')];
  const toA = sw.addPeer(a);
  sw.adjacency([a], [a, b]);
  let sequence = 0;
  /** A flood of another switch. */
  const flooded = (root: NodeId, inner: Uint8Array) => {
    sequence += 1;
    const frb = { hopLimit: 9, root, epoch: 1, sequence, arc: { start: self, end: a }, inner, part: 0, lastPart: 0 };
    sw.fromPeer(toA, a, 0n, encodeFrb(frb, { mac: mac(0), etherType: floodEtherType }));
    sw.frames(toA);
  };
  /** What a leaf port got, and what was flooded or sent to other switches, since the last look. */
  const seen = () => {
    const records = sw.records(toA).map(({ destination, frame }) => {
      const frb = destination === 0n ? decodeFrb(frame) : undefined;
      return frb === undefined || typeof frb === 'string'
        ? { to: destination, frame }
        : { to: 'all', frame: frb.inner };
    });
    return { leaf: sw.frames(leaf), second: sw.frames(second), records };
  };
  return { sw, leaf, second, toA, flooded, seen };
}

const request = (from: number, dstIp: number, srcIp = from) =>
  buildArp({ op: ArpOp.REQUEST, srcMac: mac(from), srcIp, dstIp });
const all = (frame: Uint8Array) => ({ leaf: [], second: [frame], records: [{ to: 'all', frame }] });
const nothing = { leaf: [], second: [], records: [] };

describe('who has an IPv4 address', () => {
  it('is asked of everybody while it is not known, and answered here once it is, by no one else', () => {
    const { sw, leaf, flooded, seen } = linked();
    const question = request(1, 0x0a00_0007, 0x0a00_0001);
    sw.fromLeaf(leaf, question);
    expect(seen()).toEqual(all(question));
    flooded(b, request(7, 0x0a00_0099, 0x0a00_0007));
    seen();
    sw.fromLeaf(leaf, question);
    const answer = { op: ArpOp.REPLY, srcMac: mac(7), srcIp: 0x0a00_0007, dstMac: mac(1), dstIp: 0x0a00_0001 } as const;
    expect(seen()).toEqual({ ...nothing, leaf: [buildArp(answer)] });
    expect(sw.app.counters).toMatchObject({ arpAnswered: 1, questionsFlooded: 1 });
    expect(sw.problems).toEqual([]);
  });

  it.each([
    ['a probe for a duplicate', request(1, 7, 0)],
    ['an announcement', request(1, 7, 7)],
    ['a question of the owner itself', request(7, 7, 9)],
  ])('%s is for all to hear', (_, frame) => {
    const { sw, leaf, flooded, seen } = linked();
    flooded(b, request(7, 0x0a00_0099, 0x0a00_0007));
    frame.set([0x0a, 0, 0], 38);
    if (frame[31] === 7) frame.set([0x0a, 0, 0], 28);
    seen();
    sw.fromLeaf(leaf, frame);
    const { records, second } = seen();
    expect(records[0]).toEqual({ to: 'all', frame });
    expect(second).toEqual([frame]);
    expect(sw.app.counters.arpAnswered).toBe(0);
  });

  it('is not answered for a host whose switch is gone, that aged, or that is on the same side', () => {
    const { sw, leaf, second, flooded, seen } = linked();
    const teach = () => flooded(b, request(7, 0x0a00_0099, 0x0a00_0007));
    const isAnswered = () => {
      seen();
      sw.fromLeaf(leaf, request(1, 0x0a00_0007, 0x0a00_0001));
      return seen().leaf.length === 1;
    };
    teach();
    expect(isAnswered()).toBe(true);
    sw.adjacency([a], [a]);
    expect(isAnswered()).toBe(false);
    sw.adjacency([a], [a, b]);
    teach();
    expect(isAnswered()).toBe(true);
    sw.tick(301_000);
    expect(isAnswered()).toBe(false);
    sw.fromLeaf(second, request(7, 0x0a00_0099, 0x0a00_0007));
    expect(isAnswered()).toBe(true);
    sw.fromLeaf(leaf, request(7, 0x0a00_0099, 0x0a00_0007));
    expect(isAnswered()).toBe(false);
  });

  it('is learned from who has it, not from who speaks for another, and the last word counts', () => {
    const { sw, leaf, flooded, seen } = linked();
    const forged = request(7, 0x0a00_0099, 0x0a00_0007);
    forged.set(mac(8), 6);
    flooded(b, forged);
    seen();
    sw.fromLeaf(leaf, request(1, 0x0a00_0007, 0x0a00_0001));
    expect(seen().leaf).toEqual([]);
    flooded(b, request(7, 0x0a00_0099, 0x0a00_0007));
    flooded(a, request(9, 0x0a00_0007, 0x0a00_0007));
    seen();
    sw.fromLeaf(leaf, request(1, 0x0a00_0007, 0x0a00_0001));
    expect(formatMac(seen().leaf[0]!.subarray(6))).toBe(formatMac(mac(9)));
  });

  it('is left to the hosts where the proxy is off, and between VLANs', () => {
    const off = linked({ arpNdProxy: false });
    const question = request(1, 0x0a00_0007, 0x0a00_0001);
    const on = linked();
    const tagged = Uint8Array.of(...question.subarray(0, 12), 0x81, 0, 0, 5, ...question.subarray(12));
    for (const { lab, frame } of [
      { lab: off, frame: question },
      { lab: on, frame: tagged },
    ]) {
      lab.flooded(b, request(7, 0x0a00_0099, 0x0a00_0007));
      lab.seen();
      lab.sw.fromLeaf(lab.leaf, frame);
      expect(lab.seen()).toEqual(all(frame));
    }
  });

  it('is known of a client of DHCP from the answer of its server', () => {
    const { sw, leaf, second, flooded, seen } = linked();
    const ack = (type: number) => {
      const data = new Uint8Array(300);
      data.set([2, 1, 6]);
      data.set([10, 0, 0, 7], 16);
      data.set(mac(7), 28);
      data.set([0x63, 0x82, 0x53, 0x63, 0, 12, 2, 65, 66, 53, 1, type, 255], 236);
      return udp4(mac(7), mac(3), [10, 0, 0, 7], [67, 68], data);
    };
    flooded(b, udp4(broadcast, mac(7), [255, 255, 255, 255], [68, 67]));
    for (const [type, isKnown] of [
      [2, false],
      [5, true],
    ] as const) {
      sw.fromLeaf(second, ack(type));
      seen();
      sw.fromLeaf(leaf, request(1, 0x0a00_0007, 0x0a00_0001));
      expect(seen().leaf).toHaveLength(isKnown ? 1 : 0);
    }
  });
});

describe('who has an IPv6 address', () => {
  const solicit = (from: number, target: number, srcIp = ip6(from)) =>
    buildNeighbourSolicitation({ srcMac: mac(from), srcIp, target: ip6(target) });
  const advertise = (isRouter: boolean) => {
    const addresses = { srcIp: ip6(7), dstIp: ip6(1), target: ip6(7) };
    return buildNeighbourAdvertisement({ srcMac: mac(7), dstMac: mac(1), isRouter, ...addresses });
  };

  it.each([false, true])('is answered as its owner answered, router (%s) or not', (isRouter) => {
    const { sw, leaf, toA, flooded, seen } = linked();
    sw.fromLeaf(leaf, solicit(1, 7));
    expect(seen()).toEqual(all(solicit(1, 7)));
    sw.fromPeer(toA, b, self, advertise(isRouter));
    expect(seen().leaf).toEqual([advertise(isRouter)]);
    // A second question; and that the owner asks something itself, changes nothing.
    flooded(b, solicit(7, 9));
    seen();
    sw.fromLeaf(leaf, solicit(1, 7));
    expect(seen()).toEqual({ ...nothing, leaf: [advertise(isRouter)] });
    expect(sw.app.counters.ndAnswered).toBe(1);
  });

  it('is not answered to who looks for a duplicate, nor from what a question alone says', () => {
    const { sw, leaf, toA, flooded, seen } = linked();
    flooded(b, solicit(7, 9));
    seen();
    sw.fromLeaf(leaf, solicit(1, 7));
    expect(seen()).toEqual(all(solicit(1, 7)));
    sw.fromPeer(toA, b, self, advertise(false));
    seen();
    const probe = solicit(1, 7, new Uint8Array(16));
    sw.fromLeaf(leaf, probe);
    expect(seen()).toEqual(all(probe));
  });

  it('is not learned from what is damaged, crossed a router, or speaks of an address that many share', () => {
    const spoil = [
      (frame: Uint8Array) => frame.with(80, frame[80]! ^ 1),
      (frame: Uint8Array) => frame.with(21, 254),
      (frame: Uint8Array) => {
        const shared = frame.with(58, 0x40);
        put16(shared, 56, ((frame[56]! << 8) | frame[57]!) + 0x2000);
        return shared;
      },
    ];
    for (const change of spoil) {
      const { sw, leaf, toA, seen } = linked();
      sw.fromPeer(toA, b, self, change(advertise(false)));
      seen();
      sw.fromLeaf(leaf, solicit(1, 7));
      expect(seen()).toEqual(all(solicit(1, 7)));
    }
  });
});

describe('a link with a limit', () => {
  const toRemote = (dscp = 0) => {
    const bytes = new Uint8Array(1000);
    bytes.set([...mac(7), ...mac(1), 0x08, 0, 0x45, dscp << 2]);
    bytes.set([0x03, 0xda], 16);
    bytes.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
    return bytes;
  };
  const remote = (links: { rate: number; remark: number }) => {
    const { sw, leaf, toA } = linked({ links });
    sw.fromPeer(toA, b, self, Uint8Array.of(...mac(1), ...mac(7), 0x88, 0xb7, ...new Array<number>(46).fill(0)));
    sw.fromLeaf(leaf, toRemote());
    sw.tick(1_000);
    sw.records(toA);
    const burst = (dscp = 0) => {
      for (let i = 0; i < 100; i++) sw.fromLeaf(leaf, toRemote(dscp));
      return sw.records(toA).map(({ frame }) => frame[15]! >> 2);
    };
    return { sw, toA, burst };
  };

  it('carries what its rate allows, and the rest is dropped', () => {
    const { sw, burst } = remote({ rate: 800, remark: 0 });
    // A tenth of a second's worth: 10 kB.
    expect(burst()).toHaveLength(10);
    sw.tick(50);
    expect(burst()).toHaveLength(5);
    expect(sw.bridge.counters.meterDrops).toBe(185);
    expect(sw.problems).toEqual([]);
  });

  it('raises the drop precedence of what exceeds the other rate', () => {
    const af11 = 0b001010;
    const { burst } = remote({ rate: 0, remark: 800 });
    const marks = burst(af11);
    expect(marks).toHaveLength(100);
    expect(marks.filter((dscp) => dscp === af11)).toHaveLength(10);
    expect(marks.filter((dscp) => dscp === af11 + 2)).toHaveLength(90);
  });

  it('has its meter while it is there', () => {
    const { sw, toA } = remote({ rate: 800, remark: 0 });
    const meters = () => sw.bridge.meterConfig(0xffff_ffff).map(({ meterId }) => meterId);
    expect(meters()).toContain(toA * 4);
    sw.removePort(toA);
    sw.adjacency([], [a, b]);
    expect(meters()).not.toContain(toA * 4);
    expect(sw.problems).toEqual([]);
  });
});

describe('a storm', () => {
  const storm = { broadcast: 20, multicast: 10, unknownUnicast: 5 };
  const frame = (dst: Uint8Array, type = [0x88, 0xb7]) =>
    Uint8Array.of(...dst, ...mac(1), ...type, ...new Array<number>(46).fill(0));
  const kinds = [
    ['broadcast', frame(broadcast), 20],
    ['ARP', request(1, 0x0a00_0099, 0x0a00_0001), 20],
    ['multicast', frame(Uint8Array.of(1, 0, 0x5e, 1, 2, 3)), 10],
    ['unknown unicast', frame(mac(99)), 5],
  ] as const;

  it.each(kinds)('of %s is cut to what a leaf port may send', (_, sent, rate) => {
    const { sw, leaf, second, seen } = linked({ storm });
    for (let i = 0; i < 100; i++) sw.fromLeaf(leaf, sent);
    const others = () => seen().second.length;
    expect(others()).toBe(rate);
    sw.tick(1_000);
    for (let i = 0; i < 100; i++) sw.fromLeaf(leaf, sent);
    expect(others()).toBe(rate);
    sw.fromLeaf(second, sent);
    expect(seen().leaf).toHaveLength(1);
    expect(sw.bridge.counters.meterDrops).toBe(200 - 2 * rate);
    expect(sw.problems).toEqual([]);
  });

  it("does not touch unicast to known hosts, and is nobody's business where the limits are 0", () => {
    const { sw, leaf, second, seen } = linked({ storm });
    sw.fromLeaf(second, Uint8Array.of(...broadcast, ...mac(99), 0x88, 0xb7, ...new Array<number>(46).fill(0)));
    seen();
    for (let i = 0; i < 100; i++) sw.fromLeaf(leaf, frame(mac(99)));
    expect(seen().second).toHaveLength(100);
    const free = linked({ storm: { broadcast: 0, multicast: 0, unknownUnicast: 0 } });
    for (const [, sent] of kinds) {
      for (let i = 0; i < 100; i++) free.sw.fromLeaf(free.leaf, sent);
      expect(free.seen().second).toHaveLength(100);
    }
    expect(free.sw.problems).toEqual([]);
  });

  it('has a meter only while its port is there', () => {
    const { sw, leaf } = linked({ storm });
    const meters = () => sw.bridge.meterConfig(0xffff_ffff).length;
    expect(meters()).toBe(6);
    sw.removePort(leaf);
    expect(meters()).toBe(3);
    expect(sw.problems).toEqual([]);
  });
});

describe('a fence', () => {
  const offer = udp4(mac(9), mac(3), [10, 0, 0, 7], [67, 68]);
  const discover = udp4(broadcast, mac(1), [255, 255, 255, 255], [68, 67]);

  it('keeps both sides of DHCP at home, and lets nothing of it in, broadcast or not', () => {
    const { sw, leaf, toA, flooded, seen } = linked({ fence: ['dhcp'] });
    for (const frame of [discover, offer]) {
      sw.fromLeaf(leaf, frame);
      const { second, records } = seen();
      expect(second).toEqual([frame]);
      expect(records.filter(({ frame: sent }) => sent.length === frame.length)).toEqual([]);
      flooded(b, frame);
      sw.fromPeer(toA, b, self, frame);
      expect(seen().leaf).toEqual([]);
    }
    const other = udp4(broadcast, mac(1), [255, 255, 255, 255], [68, 69]);
    sw.fromLeaf(leaf, other);
    expect(seen().records.map(({ to }) => to)).toEqual(['all']);
    expect(sw.problems).toEqual([]);
  });

  it('is not there unless it was asked for, and does not hold up what others relay', () => {
    const open = linked();
    open.sw.fromLeaf(open.leaf, discover);
    expect(open.seen()).toEqual(all(discover));
    const { sw, toA, seen } = linked({ fence: ['dhcp'] });
    const toC = sw.addPeer(node(0xc0));
    sw.adjacency([a, node(0xc0)], [a, b, node(0xc0)]);
    sw.fromPeer(toA, a, node(0xc0), offer);
    expect(sw.records(toC)).toMatchObject([{ destination: switchIdOf(node(0xc0)), frame: offer }]);
    expect(seen()).toEqual(nothing);
  });
});

describe('a frame that says it entered the overlay nowhere', () => {
  it('ends here: it would be taken for one of this switch', () => {
    const { sw, toA, seen } = linked();
    sw.fromPeer(toA, 0n, self, request(7, 0x0a00_0099, 0x0a00_0007));
    expect(seen()).toEqual(nothing);
    expect(sw.app.hosts).toEqual([]);
  });
});
