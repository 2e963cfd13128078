import { describe, expect, it } from 'vitest';
import { decodeAnnouncement, encodeAnnouncement } from '../../src/controller/apps/announcement.ts';
import { Table } from '../../src/controller/pipeline.ts';
import { decodeFrb, encodeFrb, floodEtherType } from '../../switch/flood/index.ts';
import { buildArp, linkHopLimit } from '../../switch/packet/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { openSeal } from './support/open-seal.ts';
import { type SentRecord, TestSwitch } from './support/test-switch.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const self = node(0x10);
const [a, b, c] = [node(0x40), node(0x80), node(0xc0)];
const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);
const hostTables = [Table.source, Table.destination, Table.local];
const broadcast = Uint8Array.of(255, 255, 255, 255, 255, 255);

function frame(dst: Uint8Array, src: Uint8Array, fill = 0): Uint8Array {
  const bytes = new Uint8Array(60).fill(fill, 14);
  bytes.set(dst, 0);
  bytes.set(src, 6);
  bytes.set([0x88, 0xb6], 12);
  return bytes;
}

function flood(root: NodeId, inner: Uint8Array, sequence = 1): Uint8Array {
  const frb = { hopLimit: 9, root, epoch: 1, sequence, arc: { start: self, end: root }, inner, part: 0, lastPart: 0 };
  return encodeFrb(frb, { mac: mac(0), etherType: floodEtherType });
}

/** What a switch says of its hosts in a flood. */
function claimsOf({ frame: frb }: SentRecord) {
  const decoded = decodeFrb(frb);
  if (typeof decoded === 'string') return decoded;
  return decodeAnnouncement(decoded.inner, switchIdOf(decoded.root))?.claims.map(({ mac, sequence }) => ({
    mac,
    sequence,
  }));
}

/** A switch with one leaf port and links to a and c. */
function linked() {
  const sw = new TestSwitch(self);
  const leaf = sw.addLeaf('tap0');
  const toA = sw.addPeer(a);
  const toC = sw.addPeer(c);
  sw.adjacency([a, c], [a, b, c]);
  sw.frames(leaf);
  return { sw, leaf, toA, toC };
}

describe('an overlay switch', () => {
  it('floods broadcast and unknown unicast of its hosts, and refuses nothing that its controller says', () => {
    const { sw, leaf, toA, toC } = linked();
    for (const [i, dst] of [broadcast, mac(9)].entries()) {
      const sent = frame(dst, mac(1));
      sw.fromLeaf(leaf, sent);
      for (const port of [toA, toC]) {
        const [record, ...more] = sw.records(port);
        expect(more).toEqual([]);
        expect(record?.destination).toBe(0n);
        expect(decodeFrb(record!.frame)).toMatchObject({ root: self, sequence: i + 1, inner: sent });
      }
      expect(sw.frames(leaf)).toEqual([]);
    }
    expect(sw.problems).toEqual([]);
  });

  it('learns from a flood where a host is, and sends to it by switch id along the ring', () => {
    const { sw, leaf, toA, toC } = linked();
    const request = buildArp({ op: 1, srcMac: mac(7), srcIp: 1, dstIp: 2 });
    sw.fromPeer(toA, a, 0n, flood(b, request));
    expect(sw.frames(leaf)).toEqual([request]);
    sw.records(toC);
    const reply = frame(mac(7), mac(1));
    sw.fromLeaf(leaf, reply);
    // b is nearer by c or by a? From 0x80 both are 0x40 away: the lower id is taken.
    const [sent, announced, ...more] = sw.records(toA);
    expect(sent).toEqual({
      destination: switchIdOf(b),
      source: switchIdOf(self),
      mark: 0,
      hopLimit: linkHopLimit,
      frame: reply,
    });
    // Nobody else saw this frame of a new host: its place is announced.
    expect(claimsOf(announced!)).toEqual([{ mac: mac(1), sequence: 0 }]);
    expect([more, sw.records(toC).map(claimsOf)]).toEqual([[], [[{ mac: mac(1), sequence: 0 }]]]);
    expect(sw.app.hosts.map(({ mac: m, location }) => [m, location])).toEqual([
      [mac(7), { kind: 'remote', switchId: switchIdOf(b) }],
      [mac(1), { kind: 'local', port: leaf }],
    ]);
  });

  it('learns from unicast too, and asks its controller once for each host', () => {
    const { sw, leaf, toA } = linked();
    for (let i = 0; i < 3; i++) sw.fromPeer(toA, b, self, frame(mac(1), mac(7), i));
    expect(sw.frames(leaf)).toHaveLength(3);
    expect(sw.app.counters).toMatchObject({ packetIns: 1, learned: 1 });
  });

  it('relays frames for others without learning or delivering them', () => {
    const { sw, leaf, toA, toC } = linked();
    const sent = frame(mac(1), mac(7));
    sw.fromPeer(toA, a, c, sent, 5);
    expect(sw.records(toC)).toEqual([
      { destination: switchIdOf(c), source: switchIdOf(a), mark: 0, hopLimit: 4, frame: sent },
    ]);
    expect(sw.frames(leaf)).toEqual([]);
    expect(sw.app.counters.packetIns).toBe(0);
  });

  it('drops frames that went too far, came back to where they began, or are for nobody', () => {
    const { sw, leaf, toA, toC } = linked();
    sw.fromPeer(toA, a, c, frame(mac(1), mac(7)), 1);
    sw.fromPeer(toA, self, self, frame(mac(1), mac(7)));
    sw.fromPeer(toA, a, node(0x77), frame(mac(1), mac(7)));
    expect([...sw.records(toC), ...sw.frames(leaf)]).toEqual([]);
    expect(sw.bridge.counters.hopLimit).toBe(1);
  });

  it('keeps reserved groups, group sources and forged floods of its hosts at home', () => {
    const { sw, leaf, toA, toC } = linked();
    sw.fromLeaf(leaf, frame(Uint8Array.of(0x01, 0x80, 0xc2, 0, 0, 0x0e), mac(1)));
    sw.fromLeaf(leaf, frame(broadcast, broadcast));
    sw.fromLeaf(leaf, flood(b, frame(broadcast, mac(3))));
    expect([...sw.records(toA), ...sw.records(toC), ...sw.frames(leaf)]).toEqual([]);
    expect(sw.app.hosts).toEqual([]);
  });

  it('follows a host that moves, remote to local and back', () => {
    const { sw, leaf, toA } = linked();
    const host = mac(7);
    sw.fromPeer(toA, b, self, frame(mac(1), host));
    sw.fromLeaf(leaf, frame(broadcast, host));
    sw.frames(leaf);
    sw.fromPeer(toA, b, self, frame(host, mac(8)));
    expect(sw.frames(leaf)).toHaveLength(1);
    sw.fromPeer(toA, b, self, frame(mac(1), host));
    // That was an old frame: whoever takes a host over from this switch says so.
    expect(sw.app.host(host)?.location.kind).toBe('local');
    const claim = { mac: host, vlan: 0, sequence: sw.app.host(host)!.sequence + 1, isObjection: false };
    sw.fromPeer(toA, a, 0n, flood(c, encodeAnnouncement(mac(0), { epoch: 1, count: 1 }, [claim], openSeal.sign)));
    expect(sw.app.host(host)?.location).toEqual({ kind: 'remote', switchId: switchIdOf(c) });
    expect(sw.app.counters).toMatchObject({ moved: 2, claimsContested: 1 });
    expect(sw.problems).toEqual([]);
  });

  it('forgets a silent host after 300 s, with all its rules', () => {
    const { sw, leaf } = linked();
    const before = hostTables.map((table) => sw.rules(table));
    sw.fromLeaf(leaf, frame(broadcast, mac(1)));
    expect(hostTables.map((table) => sw.rules(table))).toEqual(before.map((count) => count + 1));
    sw.tick(299_000);
    expect(sw.app.hosts).toHaveLength(1);
    sw.tick(2_000);
    expect(sw.app.hosts).toEqual([]);
    expect(hostTables.map((table) => sw.rules(table))).toEqual(before);
    expect(sw.app.counters.aged).toBe(1);
  });

  it('forgets the hosts of a switch that left and takes another way when a link is gone', () => {
    const { sw, leaf, toA, toC } = linked();
    sw.fromPeer(toA, b, self, frame(mac(1), mac(7)));
    sw.removePort(toA);
    sw.adjacency([c], [a, b, c]);
    sw.fromLeaf(leaf, frame(mac(7), mac(1)));
    expect(sw.records(toC)[0]?.destination).toBe(switchIdOf(b));
    sw.adjacency([c], [a, c]);
    expect(sw.app.hosts.map(({ location }) => location.kind)).toEqual(['local']);
    expect(sw.problems).toEqual([]);
  });

  it('bounds the hosts of one place', () => {
    const { sw, leaf } = linked();
    const host = (i: number) => Uint8Array.of(2, 0, 0, 9, i >> 8, i & 255);
    for (let i = 0; i < 1100; i++) sw.fromLeaf(leaf, frame(mac(9), host(i)));
    expect(sw.app.hosts).toHaveLength(1024);
    // Once is enough: for a while the controller does not hear of further ones, but of those at other places.
    expect(sw.app.counters).toMatchObject({ packetIns: 1025, tableFull: 1 });
    const other = sw.addLeaf('tap1');
    sw.fromLeaf(other, frame(broadcast, host(2000)));
    expect(sw.app.host(host(2000))?.location).toEqual({ kind: 'local', port: other });
    sw.tick(11_000);
    sw.fromLeaf(leaf, frame(mac(9), host(2001)));
    expect(sw.app.counters.tableFull).toBe(2);
  });
});
