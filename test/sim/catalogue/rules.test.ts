import { describe, expect, it } from 'vitest';
import { GroupNo } from '../../../ofp/index.ts';
import { encodeFrb, floodEtherType } from '../../../switch/flood/index.ts';
import { buildArp } from '../../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../../tools/sim/network.ts';
import { type NodeId, switchIdOf } from '../../../topology/index.ts';
import { TestSwitch } from '../../unit/support/test-switch.ts';

const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, 1, n);

function unicast(to: Uint8Array, from: Uint8Array, fill = 0): Uint8Array {
  const frame = new Uint8Array(60).fill(fill, 14);
  frame.set([...to, ...from, 0x08, 0x00]);
  return frame;
}

const text = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));

/** Each rule of a switch as text, without its counters and age, and with the buckets of its groups. */
function rulesOf({ node, clock }: SimNode): string[] {
  const groups = new Map(
    node.switch.bridge.groupDesc(GroupNo.ALL).map(({ groupId, buckets }) => [groupId, text(buckets)]),
  );
  return node.switch.bridge
    .flowStats(clock.now())
    .map(({ tableId, priority, cookie, match, instructions }) =>
      text({ tableId, priority, cookie, match, instructions }).replaceAll(
        /"groupId":(\d+)/g,
        (_, id) => `"buckets":${groups.get(Number(id))}`,
      ),
    );
}

describe('9 the flow table follows ports, links and members', () => {
  /** Nodes whose hosts all know each other. */
  function settled(): SimNetwork {
    const sim = new SimNetwork({ nodes: 10, seed: 2, latencyMs: 20 });
    sim.run(5_000);
    for (const [i, node] of sim.nodes.entries()) {
      node.tap.host.send([buildArp({ op: 1, srcMac: node.mac, srcIp: i + 1, dstIp: i + 1 })]);
      sim.run(200);
    }
    sim.run(1_000);
    return sim;
  }
  const outputTo = (port: number) => new RegExp(`"type":"output","port":${port}[,}]`);

  it('a port that is deleted takes just its rules along, and what went by it goes another way within a round trip', () => {
    const sim = settled();
    const node = sim.nodes[0]!;
    const peer = node.node.topology.neighbours[0]!;
    const port = node.node.switch.portOf(peer)!;
    const before = rulesOf(node);
    expect(before.some((rule) => outputTo(port).test(rule))).toBe(true);
    node.node.links.close(peer, 'for the test');
    node.node.switch.bridge.removePort(port);
    sim.run(40);
    const after = rulesOf(node);
    expect(after.filter((rule) => outputTo(port).test(rule))).toEqual([]);
    // What had nothing to do with the port is as it was.
    const kept = before.filter(
      (rule) => !rule.includes(`"port":${port}`) && !rule.includes(`"in_port","value":${port}`),
    );
    expect(kept.filter((rule) => !after.includes(rule))).toEqual([]);
  });

  it('no rule survives the withdrawal of the switch that it is about', async () => {
    const sim = settled();
    const leaver = sim.nodes[4]!;
    const id = switchIdOf(leaver.node.id);
    const about = (node: SimNode) => rulesOf(node).filter((rule) => rule.includes(`${id}n`));
    const others = sim.nodes.filter((node) => node !== leaver);
    expect(others.every((node) => about(node).length > 0)).toBe(true);
    void leaver.node.stop();
    // Its good-bye has steps, and between them its promises have to be kept.
    for (let i = 0; i < 60; i++) {
      sim.run(50);
      await Promise.resolve();
    }
    for (const node of others) expect([node.name, about(node)]).toEqual([node.name, []]);
  });

  it('a better way is taken within a round trip of its link', () => {
    const self: NodeId = 0x10n << 120n;
    const [near, far, target] = [0x18n << 120n, 0x60n << 120n, 0x61n << 120n];
    const sw = new TestSwitch(self);
    const [toNear, toFar] = [sw.addPeer(near), sw.addPeer(far)];
    sw.adjacency([near], [near, far, target]);
    const relayed = () => {
      sw.fromPeer(toNear, near, target, unicast(mac(1), mac(2)));
      return [toNear, toFar].map((port) => sw.records(port).length);
    };
    const first = relayed();
    sw.adjacency([near, far], [near, far, target]);
    expect(relayed()).toEqual([0, 1]);
    expect(first[1]).toBe(0);
  });
});

describe('15 a controller that connects anew while links are up', () => {
  const self: NodeId = 0x10n << 120n;
  const [a, c] = [0x40n << 120n, 0xc0n << 120n];

  it('interrupts nothing: every frame is forwarded once all the time, and the rules are the same after it', () => {
    const sw = new TestSwitch(self);
    const leaf = sw.addLeaf('tap0');
    const [toA, toC] = [sw.addPeer(a), sw.addPeer(c)];
    sw.adjacency([a, c]);
    sw.fromLeaf(leaf, unicast(mac(7), mac(1)));
    sw.fromPeer(toA, a, self, unicast(mac(1), mac(7)));
    for (const port of [leaf, toA, toC]) sw.frames(port);
    const rules = () =>
      sw.bridge
        .flowStats(sw.now)
        .map(({ tableId, priority, match, instructions }) => text({ tableId, priority, match, instructions }))
        .sort();
    const before = rules();
    let steps = 0;
    sw.reconnect(() => {
      steps += 1;
      // One to the host here, one of it to the switch of another, one that is on its way through, and a flood.
      const [inward, outward, through] = [
        unicast(mac(1), mac(7), steps),
        unicast(mac(7), mac(1), steps),
        unicast(mac(9), mac(8), steps),
      ];
      const frb = encodeFrb(
        {
          hopLimit: 9,
          root: a,
          epoch: 1,
          sequence: steps,
          arc: { start: a + 1n, end: a },
          inner: unicast(mac(255), mac(7), steps),
          part: 0,
          lastPart: 0,
        },
        { mac: mac(0), etherType: floodEtherType },
      );
      sw.injectFromPeer(toA, a, self, inward);
      sw.bridge.receive(leaf, [outward], sw.now);
      sw.injectFromPeer(toA, a, c, through);
      sw.injectFromPeer(toA, a, 0n, frb);
      expect(sw.frames(leaf).map((frame) => frame[14])).toEqual([steps, steps]);
      expect(sw.records(toA).filter(({ frame }) => Buffer.compare(frame, outward) === 0)).toHaveLength(1);
      const onward = sw.records(toC);
      expect(onward.filter(({ frame }) => Buffer.compare(frame, through) === 0)).toHaveLength(1);
    });
    expect(steps).toBeGreaterThan(4);
    expect(sw.problems).toEqual([]);
    expect(rules()).toEqual(before);
  });
});
