import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readGroupMessage } from '../../src/controller/apps/group-messages.ts';
import { buildIgmpQuery, buildMldQuery } from '../../src/controller/apps/group-queries.ts';
import { maxCopies } from '../../src/controller/apps/igmp-mld.ts';
import { maxMembershipsPerPlace } from '../../src/controller/apps/membership.ts';
import type { OverlaySettings } from '../../src/controller/index.ts';
import { decodeFrb, encodeFrb, floodEtherType } from '../../switch/flood/index.ts';
import { Packet } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import {
  igmpLeave,
  igmpQuery,
  igmpReport2,
  igmpReport3,
  linkLocal,
  mld,
  mldQuery,
  mldReport2,
  toGroup4,
} from './support/group-frames.ts';
import { TestSwitch } from './support/test-switch.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const self = node(0x10);
const [a, b, c] = [node(0x40), node(0x80), node(0xc0)];
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);
const group = [239, 1, 2, 3];
const anybody = [0, 0, 0, 0];
const router = [10, 0, 0, 254];

/** A switch with two leaf ports and links to a and c; b is behind one of them. */
function linked(settings: Partial<OverlaySettings> = {}) {
  const sw = new TestSwitch(self, settings);
  const [leaf, second] = [sw.addLeaf('tap0'), sw.addLeaf('tap1')];
  const peers = [sw.addPeer(a), sw.addPeer(c)];
  sw.adjacency([a, c], [a, b, c]);
  let sequence = 0;
  const flooded = (root: NodeId, inner: Uint8Array) => {
    sequence += 1;
    const frb = { hopLimit: 9, root, epoch: 1, sequence, arc: { start: self, end: root }, inner, part: 0, lastPart: 0 };
    sw.fromPeer(peers[0]!, a, 0n, encodeFrb(frb, { mac: mac(0), etherType: floodEtherType }));
  };
  /** Where a frame that was sent went: leaf ports by name, switches, or everywhere. */
  const ways = (frame: Uint8Array) => {
    const isIt = (other: Uint8Array) => Buffer.compare(other, frame) === 0;
    const records = peers.flatMap((port) => sw.records(port));
    const frbs = records.filter(({ destination }) => destination === 0n).map((record) => decodeFrb(record.frame));
    return [
      ...[leaf, second].flatMap((port, i) => (sw.frames(port).some(isIt) ? [`tap${i}`] : [])),
      ...records.filter((record) => isIt(record.frame)).map(({ destination }) => destination),
      ...(frbs.some((frb) => typeof frb !== 'string' && isIt(frb.inner)) ? ['all'] : []),
    ];
  };
  const sent = (frame = toGroup4(mac(1), group)) => {
    ways(frame);
    sw.fromLeaf(leaf, frame);
    return ways(frame);
  };
  /** Somebody asks, and everybody has had the time to answer. */
  const round = (...answers: (() => void)[]) => {
    flooded(c, igmpQuery(mac(9), anybody));
    for (const answer of answers) answer();
    sw.tick(21_000);
  };
  return { sw, leaf, second, peers, flooded, ways, sent, round };
}

const everywhere = ['tap1', 'all'];

describe('frames of a group', () => {
  it('are flooded until it is known who listens, then go to those switches and ports once each', () => {
    const { sw, second, flooded, sent, round } = linked();
    const join = () => flooded(b, igmpReport2(mac(7), group));
    join();
    // Nobody asks: whoever joined before this switch was there is not known.
    expect(sent()).toEqual(everywhere);
    round(join);
    expect(sent()).toEqual([switchIdOf(b)]);
    sw.fromLeaf(second, igmpReport3(mac(3), 'toExclude', group));
    expect(sent()).toEqual(['tap1', switchIdOf(b)]);
    flooded(a, igmpReport3(mac(8), 'allow', group, [[10, 0, 0, 3]]));
    expect(sent()).toEqual(['tap1', switchIdOf(b), switchIdOf(a)]);
    expect(sent(toGroup4(mac(1), [239, 9, 9, 9]))).toEqual(everywhere);
    expect(sw.app.prunedGroups).toBe(1);
    expect(sw.problems).toEqual([]);
  });

  it('that come from other switches are shown to members only', () => {
    const { sw, second, flooded, ways, round } = linked();
    const frame = toGroup4(mac(7), group);
    flooded(b, frame);
    expect(ways(frame)).toContain('tap0');
    round(() => sw.fromLeaf(second, igmpReport2(mac(3), group)));
    ways(frame);
    flooded(b, Uint8Array.of(...frame));
    expect(ways(frame).filter((way) => typeof way === 'string' && way.startsWith('tap'))).toEqual(['tap1']);
  });

  it('stay at home when the members do', () => {
    const { sw, second, sent, round } = linked();
    round(() => sw.fromLeaf(second, igmpReport2(mac(3), group)));
    expect(sent()).toEqual(['tap1']);
  });

  it('also go to a switch that came since everybody was asked, until it is asked too', () => {
    const { sw, flooded, sent, round } = linked();
    const join = () => flooded(b, igmpReport2(mac(7), group));
    round(join);
    const late = node(0xd0);
    sw.adjacency([a, c], [a, b, c, late]);
    expect(sent()).toEqual([switchIdOf(b), switchIdOf(late)]);
    round(join);
    expect(sent()).toEqual([switchIdOf(b)]);
    sw.adjacency([a, c], [a, c]);
    expect(sent()).toEqual(everywhere);
  });

  it('take new ways when links change', () => {
    const { sw, leaf, peers, flooded, round } = linked();
    round(() => flooded(b, igmpReport2(mac(7), group)));
    sw.removePort(peers[0]!);
    sw.adjacency([c], [a, b, c]);
    const frame = toGroup4(mac(1), group);
    sw.records(peers[1]!);
    sw.fromLeaf(leaf, frame);
    // The second one is a flood: no other switch saw this frame of a new host.
    expect(sw.records(peers[1]!)).toMatchObject([{ destination: switchIdOf(b), frame }, { destination: 0n }]);
    expect(sw.problems).toEqual([]);
  });

  it(`are flooded again when more than ${maxCopies} switches listen`, () => {
    const { sw, flooded, sent, round } = linked();
    const many = Array.from({ length: maxCopies + 1 }, (_, i) => node(0x41 + i));
    sw.adjacency([a, c], [a, b, c, ...many]);
    round(() => {
      for (const id of many.slice(1)) flooded(id, igmpReport2(mac(7), group));
    });
    expect(sent()).toHaveLength(maxCopies);
    flooded(many[0]!, igmpReport2(mac(7), group));
    expect(sent()).toEqual(everywhere);
  });

  it('are flooded again when nobody asks any more, and at once when a report found no room', () => {
    const { sw, second, flooded, sent, round } = linked();
    const join = () => flooded(b, igmpReport2(mac(7), group));
    round(join);
    sw.tick(230_000);
    join();
    expect(sent()).toEqual([switchIdOf(b)]);
    sw.tick(5_000);
    expect(sent()).toEqual(everywhere);
    round(join);
    expect(sent()).toEqual([switchIdOf(b)]);
    for (let i = 0; i <= maxMembershipsPerPlace; i++) {
      sw.tick(2);
      sw.fromLeaf(second, igmpReport3(mac(3), 'isExclude', [239, 2, i >> 8, i & 255]));
    }
    expect(sw.app.counters.membershipsRefused).toBe(1);
    sw.tick(1_000);
    expect(sent()).toEqual(everywhere);
  });

  it('stop for a member that leaves, unless another one answers for its place', () => {
    for (const anotherOne of [false, true]) {
      const { sw, second, flooded, sent, round } = linked();
      round(
        () => sw.fromLeaf(second, igmpReport2(mac(3), group)),
        () => flooded(b, igmpReport2(mac(7), group)),
      );
      sw.fromLeaf(second, igmpLeave(mac(3), group));
      sw.tick(1_000);
      expect(sent()).toEqual(['tap1', switchIdOf(b)]);
      flooded(c, igmpQuery(mac(9), router, group));
      if (anotherOne) sw.fromLeaf(second, igmpReport2(mac(4), group));
      sw.tick(5_000);
      // Who asked has an address of its own: a router, which gets everything.
      const rest = [switchIdOf(b), switchIdOf(c)];
      expect(sent()).toEqual(anotherOne ? ['tap1', ...rest] : rest);
    }
  });

  it('of the link itself are flooded whoever reported them', () => {
    const { flooded, sent, round } = linked();
    round(() => flooded(b, igmpReport2(mac(7), [224, 0, 0, 251])));
    expect(sent(toGroup4(mac(1), [224, 0, 0, 251]))).toEqual(everywhere);
  });

  it('over IPv6 go by MLD', () => {
    const { sw, leaf, flooded, sent } = linked();
    const group6 = [0xff, 0x15, ...new Array<number>(13).fill(0), 9];
    const data = mld(mac(1), linkLocal(1), group6, [200, 0, 0, 0, 1, 2, 3, 4]);
    flooded(c, mldQuery(mac(9)));
    flooded(b, mldReport2(mac(7), 'isExclude', group6));
    sw.tick(21_000);
    expect(sent(data)).toEqual([switchIdOf(b), switchIdOf(c)]);
    flooded(b, mldReport2(mac(7), 'toInclude', group6));
    sw.tick(6_000);
    expect(sent(data)).toEqual(everywhere);
    expect(sw.app.counters).toMatchObject({ groupReports: 2, groupQueries: 1 });
    sw.fromLeaf(leaf, mldReport2(mac(1), 'isExclude', [0xff, 2, ...new Array<number>(13).fill(0), 9]));
    expect(sw.problems).toEqual([]);
  });

  it('are flooded where snooping is off', () => {
    const { flooded, sent, round } = linked({ multicastSnooping: false });
    round(() => flooded(b, igmpReport2(mac(7), group)));
    expect(sent()).toEqual(everywhere);
  });
});

describe('reports', () => {
  it('go to other switches and to who asks, and to no other host: it would not report itself', () => {
    const { sw, leaf, second, flooded, ways } = linked();
    const report = igmpReport2(mac(1), group);
    sw.fromLeaf(leaf, report);
    expect(ways(report)).toEqual(['all']);
    const theirs = igmpReport2(mac(7), group);
    flooded(b, theirs);
    expect(ways(theirs).filter((way) => typeof way === 'string' && way.startsWith('tap'))).toEqual([]);
    const query = igmpQuery(mac(9), router);
    sw.fromLeaf(second, query);
    expect(ways(query)).toEqual(['tap0', 'all']);
    sw.fromLeaf(leaf, report);
    expect(ways(report)).toEqual(['tap1', 'all']);
  });

  it('that are damaged teach nothing', () => {
    const { sw, flooded, sent, round } = linked();
    round(() => {
      const report = igmpReport2(mac(7), group);
      for (let at = 38; at < report.length; at++) flooded(b, report.with(at, report[at]! ^ 0x10));
    });
    expect(sent()).toEqual(everywhere);
    expect(sw.app.counters.groupMessagesIgnored).toBe(8);
  });
});

describe('a querier', () => {
  const queries = (sw: TestSwitch, port: number) =>
    sw.frames(port).filter((frame) => frame[14] === 0x46 || (frame[12] === 0x86 && frame[62] === 130)).length;

  it('asks when it starts and every 125 s, and not while a lower switch or a router does', () => {
    const { sw, leaf, flooded } = linked({ multicastQuerier: true });
    expect(queries(sw, leaf)).toBe(2);
    const asked = (ms: number) => {
      sw.tick(ms);
      return queries(sw, leaf);
    };
    // It began to ask when it had a port, and got others since.
    const second = 50 + 31_250 - sw.now;
    expect([asked(second - 1), asked(1), asked(124_999), asked(1)]).toEqual([0, 2, 0, 2]);
    flooded(c, buildIgmpQuery(mac(9)));
    sw.frames(leaf);
    expect(asked(125_000)).toBe(2);
    sw.frames(leaf);
    flooded(node(1), buildIgmpQuery(mac(9)));
    sw.frames(leaf);
    expect([asked(254_999), asked(1)]).toEqual([0, 2]);
    flooded(c, igmpQuery(mac(9), router));
    sw.frames(leaf);
    expect([asked(254_999), asked(1)]).toEqual([0, 2]);
  });

  it('is a switch that wants no frames', () => {
    const { sw, flooded, sent } = linked({ multicastQuerier: true });
    sw.tick(31_250);
    flooded(b, igmpReport2(mac(7), group));
    sw.tick(21_000);
    expect(sent()).toEqual([switchIdOf(b)]);
  });

  it('writes what the reader takes for a general query', () => {
    for (const [frame, family] of [
      [buildIgmpQuery(mac(1)), 'ipv4'],
      [buildMldQuery(mac(1), Uint8Array.from(linkLocal(1))), 'ipv6'],
    ] as const) {
      const packet = new Packet();
      packet.load(frame);
      expect(readGroupMessage(packet)).toMatchObject({ family, kind: 'query', isGeneral: true, maxResponseMs: 10_000 });
    }
  });
});

describe('the reader of group messages', () => {
  it('bears anything', () => {
    const frames = [
      igmpReport3(mac(1), 'allow', group, [router]),
      mldReport2(mac(1), 'block', linkLocal(3)),
      mldQuery(mac(1)),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(120), fc.nat(255), fc.nat(120), (frame, at, value, length) => {
        const packet = new Packet();
        packet.load(frame.map((byte, i) => (i === at ? value : byte)).subarray(0, Math.max(14, length)));
        if (packet.etherType === 0x0800 || packet.etherType === 0x86dd) readGroupMessage(packet);
      }),
      { numRuns: 5_000 },
    );
  });
});
