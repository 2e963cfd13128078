import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeAnnouncement } from '../../src/controller/apps/announcement.ts';
import { encodeFrb, floodEtherType } from '../../switch/flood/index.ts';
import { buildArp, buildNeighbourAdvertisement, buildNeighbourSolicitation } from '../../switch/packet/index.ts';
import type { NodeId } from '../../topology/index.ts';
import { igmpQuery, igmpReport2, igmpReport3, mldQuery, mldReport2, udp4 } from '../unit/support/group-frames.ts';
import { openSeal } from '../unit/support/open-seal.ts';
import { TestSwitch } from '../unit/support/test-switch.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);
const ip6 = (n: number) => Uint8Array.of(0xfd, ...new Array<number>(14).fill(0), n);
const [self, a, b] = [node(0x10), node(0x40), node(0x80)];
const dhcp = new Uint8Array(260);
dhcp.set([2, 1, 6]);
dhcp.set([0x63, 0x82, 0x53, 0x63, 12, 1, 0, 53, 1, 5, 255], 236);
const claims = [{ mac: mac(5), vlan: 0, sequence: 3, isObjection: false }];
const group6 = [0xff, 0x15, ...new Array<number>(14).fill(1)];

const seeds: readonly Uint8Array[] = [
  buildArp({ op: 1, srcMac: mac(1), srcIp: 0x0a000001, dstIp: 0x0a000002 }),
  buildArp({ op: 2, srcMac: mac(2), srcIp: 0x0a000002, dstMac: mac(1), dstIp: 0x0a000001 }),
  buildNeighbourSolicitation({ srcMac: mac(1), srcIp: ip6(1), target: ip6(2) }),
  buildNeighbourAdvertisement({ srcMac: mac(2), dstMac: mac(1), srcIp: ip6(2), dstIp: ip6(1), target: ip6(2) }),
  udp4(mac(1), mac(3), [10, 0, 0, 1], [67, 68], dhcp),
  igmpQuery(mac(9), [10, 0, 0, 9]),
  igmpReport2(mac(1), [239, 1, 1, 1]),
  igmpReport3(mac(1), 'allow', [239, 1, 1, 1], [[10, 0, 0, 9]]),
  mldQuery(mac(9)),
  mldReport2(mac(1), 'toInclude', group6),
  encodeAnnouncement(mac(9), { epoch: 1, count: 1 }, claims, openSeal.sign),
];

const frame = fc
  .record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }),
    length: fc.oneof(fc.constant(1000), fc.integer({ min: 14, max: 120 })),
  })
  .map(({ seed, changes, length }) => {
    const bytes = seed.slice(0, length);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes;
  });
const event = fc.record({ way: fc.constantFrom('leaf', 'flood', 'unicast'), frame, ms: fc.nat(30_000) });

describe('the controller of an overlay switch', () => {
  it('takes damaged frames of every protocol it reads from anywhere, and says nothing that its switch refuses', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 30 }), (events) => {
        const sw = new TestSwitch(self, { multicastQuerier: true, fence: ['dhcpv6', 'ra'] });
        const leaf = sw.addLeaf('tap0');
        const toA = sw.addPeer(a);
        sw.adjacency([a], [a, b]);
        for (const [i, { way, frame: bytes, ms }] of events.entries()) {
          const arc = { start: self, end: a };
          if (way === 'leaf') sw.fromLeaf(leaf, bytes);
          else if (way === 'unicast') sw.fromPeer(toA, b, self, bytes);
          else {
            const frb = { hopLimit: 9, root: b, epoch: 1, sequence: i + 1, part: 0, lastPart: 0, arc, inner: bytes };
            sw.fromPeer(toA, a, 0n, encodeFrb(frb, { mac: mac(0), etherType: floodEtherType }));
          }
          sw.tick(ms);
        }
        expect(sw.problems).toEqual([]);
        expect(sw.app.hosts.length).toBeLessThanOrEqual(events.length + 1);
      }),
      { numRuns: 100 },
    );
  });
});
