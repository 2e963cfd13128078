import { describe, expect, it } from 'vitest';
import { GroupNo } from '../../ofp/index.ts';
import { Table } from '../../src/controller/pipeline.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import { TestSwitch } from './support/test-switch.ts';

const node = (n: number): NodeId => BigInt(n) << 120n;
const self = node(0x10);
/** On one side of this node, in ring order, and one on the other side. */
const [a, b, c, far] = [node(0x20), node(0x30), node(0x40), node(0xc0)];
const source = node(0xa0);

/** UDP between two hosts elsewhere; the port of the sender tells flows apart. */
function udp(port: number, count = 0): Uint8Array {
  const frame = new Uint8Array(60);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17], 0);
  frame.set([10, 0, 0, 1, 10, 0, 0, 2, port >> 8, port & 0xff, 0, 80, 0, 26], 26);
  frame[50] = count;
  return frame;
}

/** A switch with links to a and b, both linked with c, and to the source. */
function relay(settings = {}) {
  const sw = new TestSwitch(self, settings);
  const [toA, toB, toSource] = [sw.addPeer(a), sw.addPeer(b), sw.addPeer(source)];
  const neighbours = new Map([
    [a, [c]],
    [b, [c]],
    [source, []],
  ]);
  sw.adjacency(neighbours, [a, b, c, source]);
  return { sw, toA, toB, toSource, neighbours };
}
const groupsOf = (sw: TestSwitch) => sw.bridge.groupDesc(GroupNo.ALL);

describe('flows for one switch', () => {
  it('share the equally good next hops, and each goes one way in its order', () => {
    const { sw, toA, toB, toSource } = relay();
    const byPort = new Map<number, Set<number>>();
    const counts: number[] = [];
    for (let count = 0; count < 3; count++) {
      for (let flow = 1; flow <= 200; flow++) sw.fromPeer(toSource, source, c, udp(flow, count));
      for (const port of [toA, toB]) {
        const records = sw.records(port);
        if (count === 0) counts.push(records.length);
        for (const { frame } of records) {
          const flow = frame[34]! * 256 + frame[35]!;
          byPort.set(flow, (byPort.get(flow) ?? new Set()).add(port));
          expect(frame[50]).toBe(count);
        }
      }
    }
    expect(byPort.size).toBe(200);
    expect([...byPort.values()].every((ports) => ports.size === 1)).toBe(true);
    for (const count of counts) expect(count).toBeGreaterThan(70);
    expect(sw.problems).toEqual([]);
  });

  it('go on by the other link at once when one goes down, before the controller says anything', () => {
    const { sw, toA, toB, toSource } = relay();
    sw.bridge.setLink(toA, false);
    for (let flow = 1; flow <= 50; flow++) sw.injectFromPeer(toSource, source, c, udp(flow));
    expect(sw.records(toB)).toHaveLength(50);
    expect(sw.records(toA)).toEqual([]);
  });

  it('have a spare next hop where only one is best', () => {
    const sw = new TestSwitch(self);
    const [toA, toB, toSource] = [sw.addPeer(a), sw.addPeer(b), sw.addPeer(source)];
    sw.adjacency(
      new Map([
        [a, []],
        [b, [c]],
        [source, []],
      ]),
      [a, b, c, source],
    );
    sw.injectFromPeer(toSource, source, c, udp(1));
    expect([sw.records(toA), sw.records(toB)].map((records) => records.length)).toEqual([0, 1]);
    sw.bridge.setLink(toB, false);
    sw.injectFromPeer(toSource, source, c, udp(1));
    expect([sw.records(toA), sw.records(toB)].map((records) => records.length)).toEqual([1, 0]);
  });

  it('go by one link where each link has a limit of its own', () => {
    const { sw, toA, toB, toSource } = relay({ links: { rate: 1_000, remark: 0 } });
    for (let flow = 1; flow <= 50; flow++) sw.fromPeer(toSource, source, c, udp(flow));
    expect([sw.records(toA), sw.records(toB)].map((records) => records.length).sort()).toEqual([0, 50]);
    expect(groupsOf(sw)).toEqual([]);
  });

  it('keep their groups over a new connection, and no group stays that nobody uses', () => {
    const { sw, toA, toSource, neighbours } = relay();
    const before = groupsOf(sw);
    expect(before.length).toBeGreaterThan(0);
    sw.reconnect(() => {});
    expect(groupsOf(sw).map(({ buckets }) => buckets)).toEqual(before.map(({ buckets }) => buckets));
    neighbours.delete(b);
    sw.adjacency(neighbours, [a, c, source]);
    sw.tick(50);
    const users = new Set(
      sw.bridge
        .flowStats(sw.now)
        .flatMap(({ instructions }) => JSON.stringify(instructions).match(/"groupId":\d+/g) ?? []),
    );
    expect(
      groupsOf(sw)
        .map(({ groupId }) => `"groupId":${groupId}`)
        .sort(),
    ).toEqual([...users].sort());
    sw.fromPeer(toSource, source, c, udp(1));
    expect(sw.records(toA)).toHaveLength(1);
    expect(sw.problems).toEqual([]);
  });
});

describe('a frame that no neighbour is nearer for', () => {
  /** For b, with links to source and far only. */
  function stuck() {
    const sw = new TestSwitch(self);
    const [toSource, toFar] = [sw.addPeer(source), sw.addPeer(far)];
    sw.adjacency([source, far], [source, far, b]);
    return { sw, toSource, toFar };
  }

  it('goes round the other way with a mark, and keeps to that way', () => {
    const { sw, toSource, toFar } = stuck();
    sw.fromPeer(toFar, far, b, udp(1));
    expect(sw.records(toSource)).toMatchObject([{ mark: 3, destination: switchIdOf(b), source: switchIdOf(far) }]);
    expect(sw.records(toFar)).toEqual([]);
    sw.fromPeer(toFar, far, b, udp(1), 9, 3);
    expect(sw.records(toSource)).toMatchObject([{ mark: 3, hopLimit: 8 }]);
    // The other direction leads nowhere from here.
    sw.fromPeer(toFar, far, b, udp(1), 9, 2);
    expect([...sw.records(toSource), ...sw.records(toFar)]).toEqual([]);
  });

  it('may go back where it came from, once', () => {
    const { sw, toSource } = stuck();
    sw.fromPeer(toSource, source, b, udp(1));
    expect(sw.records(toSource)).toMatchObject([{ mark: 3 }]);
    sw.fromPeer(toSource, source, b, udp(1), 9, 3);
    expect(sw.records(toSource)).toEqual([]);
  });

  it('is delivered in any mark by whoever it is for, and by its neighbours', () => {
    const { sw, toSource, toFar } = stuck();
    const leaf = sw.addLeaf('tap0');
    for (const mark of [0, 2, 3]) {
      sw.fromPeer(toFar, far, self, udp(1), 9, mark);
      expect(sw.frames(leaf)).toHaveLength(1);
      sw.fromPeer(toFar, far, source, udp(1), 9, mark);
      expect(sw.records(toSource)).toHaveLength(1);
    }
  });
});

describe('a switch that is not among those known', () => {
  it('is looked for among them, nearer with every hop', () => {
    const sw = new TestSwitch(self);
    const [toA, toFar] = [sw.addPeer(a), sw.addPeer(far)];
    sw.adjacency([a, far], { members: [a, far], nodes: 1_000 });
    const stranger = node(0xb5) + (7n << 64n);
    sw.fromPeer(toA, a, stranger, udp(1));
    expect(sw.records(toFar)).toMatchObject([{ mark: 0, destination: switchIdOf(stranger) }]);
    expect(sw.rules(Table.transit)).toBeLessThan(500);
    sw.adjacency([a, far], { members: [a, far] });
    sw.fromPeer(toA, a, stranger, udp(1));
    expect(sw.records(toFar)).toEqual([]);
  });
});
