import { describe, expect, it } from 'vitest';
import { type Action, FlowModCommand, NO_BUFFER, PortNo } from '../../../ofp/index.ts';
import { decodeFrb } from '../../../switch/flood/index.ts';
import { buildArp, linkHopLimit } from '../../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../../tools/sim/network.ts';
import { readFrame } from '../../../tools/sim/trace/frame-trace.ts';
import { distance, type NodeId, seededRandom, switchIdOf } from '../../../topology/index.ts';
import { TestSwitch } from '../../unit/support/test-switch.ts';

const request = (srcMac: Uint8Array, dstIp = 0x0a4d_0002) => buildArp({ op: 1, srcMac, srcIp: 0x0a4d_0001, dstIp });

function broadcastOf(node: SimNode, dstIp?: number): Uint8Array {
  const frame = request(node.mac, dstIp);
  node.tap.host.send([frame]);
  return frame;
}

/** Whether a frame of a flood carries this one. */
function isCopyOf(frame: Uint8Array, inner: Uint8Array): boolean {
  const content = readFrame(frame);
  return content.kind === 'data' && Buffer.compare(content.frb.inner, inner) === 0;
}

describe('4 two links to one peer, the new one made before the old one is broken', () => {
  const [self, peer, other] = [0x10n << 120n, 0x40n << 120n, 0x80n << 120n];

  it('bring a flood to the leaf port once, and take one copy to the peer', () => {
    const sw = new TestSwitch(self);
    const leaf = sw.addLeaf('tap0');
    const links = [sw.addPeer(peer), sw.addPeer(peer, 'peer-400000000f')];
    const toOther = sw.addPeer(other);
    sw.adjacency([peer, other]);
    const sent = request(Uint8Array.of(2, 0, 0, 0, 0, 9));
    sw.fromLeaf(leaf, sent);
    const copies = links.flatMap((port) => sw.records(port)).filter(({ frame }) => isCopyOf(frame, sent));
    expect(copies).toHaveLength(1);
    expect(decodeFrb(copies[0]!.frame)).toMatchObject({ root: self });
    sw.records(toOther);
    // The same flood of another switch, by both links: as when its sender changes over in the middle of it.
    const flooded = new TestSwitch(peer);
    const theirLeaf = flooded.addLeaf('tap0');
    const toSelf = flooded.addPeer(self);
    flooded.adjacency([self]);
    flooded.fromLeaf(theirLeaf, sent);
    const [record] = flooded.records(toSelf).filter(({ frame }) => isCopyOf(frame, sent));
    for (const link of links) sw.fromPeer(link, peer, 0n, record!.frame);
    expect(sw.frames(leaf)).toEqual([sent]);
    // The old link goes; floods go by the new one.
    sw.removePort(links[0]!);
    sw.fromLeaf(leaf, sent);
    const last = sw.records(links[1]!).filter(({ frame }) => isCopyOf(frame, sent));
    expect(last).toHaveLength(1);
  });
});

describe('5 whole nodes under faults', () => {
  const build = () => {
    const sim = new SimNetwork({ nodes: 8, seed: 5, latencyMs: 20 });
    sim.run(5_000);
    return sim;
  };
  const expectFloods = (sim: SimNetwork, roots: readonly SimNode[], patienceMs = 3_000) => {
    for (const [i, root] of roots.entries()) {
      for (const { received } of sim.nodes) received.length = 0;
      const frame = broadcastOf(root, 0x0a4d_0100 + i);
      sim.run(patienceMs);
      for (const node of sim.alive) {
        const got = node.received.filter((each) => Buffer.compare(each, frame) === 0);
        expect([node.name, got.length]).toEqual([node.name, node === root ? 0 : 1]);
      }
    }
  };

  it('frames lost, doubled and up to 200 ms late: a broadcast gets to each host once', () => {
    const sim = build();
    sim.faults = { loss: 0.05, duplicate: 0.05, jitterMs: 200 };
    expectFloods(sim, sim.nodes.slice(0, 2));
  });

  it('a node that stands still for 2 s gets the broadcasts of that time, each once', () => {
    const sim = build();
    const [sleeper, root] = sim.nodes;
    for (const { received } of sim.nodes) received.length = 0;
    sleeper!.clock.pause(600);
    const frames = [1, 2, 3].map((n) => {
      sim.run(100);
      return broadcastOf(root!, n);
    });
    expect(sleeper!.received).toEqual([]);
    sim.run(3_000);
    expect([...sleeper!.received].sort(Buffer.compare)).toEqual([...frames].sort(Buffer.compare));
  });

  it('a node that starts anew with the same id, and with its clock set forward, is heard and hears', () => {
    const sim = build();
    const victim = sim.nodes[3]!;
    expectFloods(sim, [victim], 1_000);
    victim.clock.jump(3_600_000);
    sim.restart(victim);
    sim.run(5_000);
    expectFloods(sim, [victim, sim.nodes[0]!], 2_000);
  });

  it('a node that starts anew with its clock set back by an hour is heard at once, and its host where it is', () => {
    const sim = build();
    const [victim, asker] = [sim.nodes[3]!, sim.nodes[6]!];
    expectFloods(sim, [victim], 1_000);
    victim.clock.jump(-3_600_000);
    sim.restart(victim);
    sim.run(2_000);
    expectFloods(sim, [victim, asker], 2_000);
    const answer = new Uint8Array(60).fill(7, 14);
    answer.set([...victim.mac, ...asker.mac, 0x08, 0]);
    asker.tap.host.send([answer]);
    sim.run(500);
    expect(sim.nodes.filter(({ received }) => received.some((each) => Buffer.compare(each, answer) === 0))).toEqual([
      victim,
    ]);
  });

  it('a clock that jumps under a running node changes nothing', () => {
    const sim = build();
    sim.nodes[2]!.clock.jump(-3_600_000);
    sim.nodes[5]!.clock.jump(3_600_000);
    expectFloods(sim, [sim.nodes[2]!, sim.nodes[5]!], 1_000);
  });
});

describe('6 a joiner', () => {
  it.each([1, 2, 3])('hears the first broadcast that is sent after its first link is up (seed %d)', (seed) => {
    const sim = new SimNetwork({ nodes: 12, seed, latencyMs: 20 });
    sim.run(5_000);
    const joiner = sim.join();
    const isLinked = () =>
      joiner.node.topology.neighbours.some((id) =>
        sim.nodes.some(({ node }) => node.id === id && node.topology.neighbours.includes(joiner.node.id)),
      );
    for (let ms = 0; !isLinked(); ms++) {
      expect(ms).toBeLessThan(5_000);
      sim.run(1);
    }
    const frame = broadcastOf(sim.nodes[0]!);
    sim.run(2_000);
    expect(joiner.received.filter((each) => Buffer.compare(each, frame) === 0)).toHaveLength(1);
  });
});

describe('10 no frame visits a switch twice in one mark', () => {
  const ids: NodeId[] = Array.from({ length: 14 }, (_, i) => (BigInt(i) << 124n) + BigInt(i * 7919 + 1) * 2n ** 64n);
  const frame = new Uint8Array(60).fill(6);

  /** Switches in a full mesh, each with a random view of who is linked and who is there. */
  function mesh(seed: number) {
    const random = seededRandom(seed);
    const some = (share: number, self: NodeId) => ids.filter((id) => id !== self && random() < share);
    const switches = new Map(ids.map((id) => [id, new TestSwitch(id)]));
    // Neighbours, and what is believed of theirs, are right or wrong.
    const ports = new Map(
      ids.map((id) => [
        id,
        new Map(ids.filter((peer) => peer !== id).map((peer) => [peer, switches.get(id)!.addPeer(peer)])),
      ]),
    );
    for (const [id, sw] of switches) {
      // What comes from a neighbour that was let go of is still heard.
      sw.adjacency(ids.filter((peer) => peer !== id));
      sw.adjacency(new Map(some(0.2, id).map((peer) => [peer, some(0.2, peer)])), {
        members: some(0.8, id),
        nodes: 15,
      });
    }
    return { switches, ports };
  }

  /** Where a frame for `target` goes from `start`, until it stops, and with which marks it leaves. */
  function wayOf({ switches, ports }: ReturnType<typeof mesh>, start: NodeId, target: NodeId) {
    const way = [{ at: start, mark: 0 }];
    // From the other side of the ring, where it does not go.
    const [opposite, beside] = [6, 7].map((steps) => ids[(ids.indexOf(start) + steps) % ids.length]!);
    let record = { at: start, from: (opposite === target ? beside : opposite)!, hopLimit: 64, mark: 0 };
    for (;;) {
      const sw = switches.get(record.at)!;
      const inPort = ports.get(record.at)!.get(record.from)!;
      sw.fromPeer(inPort, ids.find((id) => id !== record.at)!, target, frame, record.hopLimit, record.mark);
      const out = [...ports.get(record.at)!].flatMap(([peer, port]) =>
        sw.records(port).map(({ hopLimit, mark }) => ({ peer, hopLimit, mark })),
      );
      expect(out.length).toBeLessThanOrEqual(1);
      if (out.length === 0) return way;
      const { peer, hopLimit, mark } = out[0]!;
      way.push({ at: peer, mark });
      record = { at: peer, from: record.at, hopLimit, mark };
    }
  }

  it('whatever each switch believes about links and members, right or wrong', () => {
    let detours = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const net = mesh(seed);
      for (const start of ids.slice(0, 5)) {
        for (const target of ids.slice(6)) {
          const way = wayOf(net, start, target);
          expect(new Set(way.map(({ at, mark }) => `${at} ${mark}`)).size).toBe(way.length);
          // Nearer with every hop, then round in one direction.
          const plain = way.filter(({ mark }) => mark === 0).map(({ at }) => distance(at, target));
          expect(plain.every((steps, i) => i === 0 || steps <= plain[i - 1]!)).toBe(true);
          const detour = way.slice(plain.length).map(({ mark }) => mark);
          expect(new Set(detour).size).toBeLessThanOrEqual(1);
          detours += detour.length;
        }
      }
    }
    expect(detours).toBeGreaterThan(50);
  });

  it('and finds its way round a hole in the ring, for which it needs a mark', () => {
    const { switches, ports } = mesh(1);
    const hole = 4;
    const isLinked = (i: number, j: number) => (i - j + 14) % 14 === 1 && i !== hole;
    const peersOf = (i: number) => ids.filter((_, j) => isLinked(i, j) || isLinked(j, i));
    for (const [i, id] of ids.entries()) {
      const neighbours = new Map(peersOf(i).map((peer) => [peer, peersOf(ids.indexOf(peer))]));
      switches.get(id)!.adjacency(
        neighbours,
        ids.filter((other) => other !== id),
      );
    }
    for (const start of ids) {
      for (const target of ids) {
        if (start === target) continue;
        const way = wayOf({ switches, ports }, start, target);
        expect(way.at(-1)!.at).toBe(target);
        const isDetour = start === ids[hole - 1] && target === ids[hole];
        expect(way.some(({ mark }) => mark !== 0) || !isDetour).toBe(true);
      }
    }
  });

  it('and a loop that a stranger wrote into the tables ends with the hop limit', () => {
    const { switches, ports } = mesh(1);
    const [a, b, c] = [ids[0]!, ids[1]!, ids[2]!];
    const target = ids[9]!;
    for (const [at, next] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      const output: Action = { type: 'output', port: ports.get(at)!.get(next)!, maxLen: 0 };
      switches.get(at)!.bridge.changeFlows(
        {
          ...{ command: FlowModCommand.ADD, tableId: 3, priority: 999, cookie: 0n, cookieMask: 0n, flags: 0 },
          ...{ idleTimeout: 0, hardTimeout: 0, bufferId: NO_BUFFER, outPort: PortNo.ANY, outGroup: PortNo.ANY },
          match: [{ field: 'tunnel_id', value: switchIdOf(target) }],
          instructions: [{ type: 'applyActions', actions: [output] }],
        },
        0,
      );
    }
    expect(wayOf({ switches, ports }, a, target).length).toBeLessThanOrEqual(65);
  });
});

describe('14 a frame from one side of a ring of 300 nodes without shortcuts to the other', () => {
  it('gets there, link by link, before its hop limit ends', () => {
    const ids: NodeId[] = Array.from({ length: 300 }, (_, i) => (BigInt(i) << 128n) / 300n + (5n << 64n));
    const at = (i: number) => ids[(i + 300) % 300]!;
    const target = at(150);
    const ports = ids.map((id, i) => {
      const sw = new TestSwitch(id);
      const leaf = sw.addLeaf('tap0');
      const [back, on] = [sw.addPeer(at(i - 1)), sw.addPeer(at(i + 1))];
      const neighbours = [i - 1, i + 1].map((n) => [at(n), [at(n - 1), at(n + 1)]] as const);
      sw.adjacency(
        new Map(neighbours),
        [at(0), target].filter((member) => member !== id),
      );
      return { sw, leaf, back, on };
    });
    const frame = new Uint8Array(60).fill(6);
    let hopLimit = linkHopLimit;
    for (let i = 1; i < 150; i++) {
      const { sw, back, on } = ports[i]!;
      sw.fromPeer(back, at(0), target, frame, hopLimit);
      const sent = sw.records(on);
      expect(sent).toMatchObject([{ hopLimit: hopLimit - 1, mark: 0, frame }]);
      hopLimit -= 1;
    }
    const last = ports[150]!;
    last.sw.fromPeer(last.back, at(0), target, frame, hopLimit);
    expect(last.sw.frames(last.leaf)).toEqual([frame]);
  });
});
