import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/index.ts';
import { buildArp } from '../../switch/packet/index.ts';
import { SimNetwork, type SimNode } from '../../tools/sim/network.ts';
import { parseNodeId, seededRandom } from '../../topology/index.ts';

const nodes = 14;

/** A random tree, with half as many links more as it has nodes. */
function graph(random: () => number): Set<number>[] {
  const links = Array.from({ length: nodes }, () => new Set<number>());
  const link = (a: number, b: number) => {
    if (a === b) return;
    links[a]!.add(b);
    links[b]!.add(a);
  };
  for (let i = 1; i < nodes; i++) link(i, Math.floor(random() * i));
  for (let i = 0; i < nodes / 4; i++) link(Math.floor(random() * nodes), Math.floor(random() * nodes));
  return links;
}

function build(policy: 'social' | 'static', seed: number): SimNetwork {
  const random = seededRandom(seed);
  const identities = Array.from({ length: nodes }, () =>
    Identity.fromSeed(Uint8Array.from({ length: 32 }, () => random() * 256)),
  );
  const links = graph(random);
  const topology = (identity: Identity) => ({
    policy: {
      policy,
      peers: [...links[identities.indexOf(identity)]!].map((peer) => parseNodeId(identities[peer]!.nodeId)!),
    },
  });
  return new SimNetwork({ nodes, seed, latencyMs: 20, identities, topology });
}

function announce({ mac, tap }: SimNode): void {
  tap.host.send([buildArp({ op: 1, srcMac: mac, srcIp: 1, dstIp: 1 })]);
}

/** Pairs of nodes whose frames do not arrive just once. */
function missing(sim: SimNetwork): string[] {
  const alive = sim.alive;
  for (const node of alive) node.received.length = 0;
  for (const from of alive) {
    for (const to of alive) {
      const frame = new Uint8Array(60);
      frame.set([...to.mac, ...from.mac, 0x08, 0x00]);
      if (to !== from) from.tap.host.send([frame]);
    }
  }
  sim.run(2_000);
  return alive.flatMap((from) =>
    alive
      .filter((to) => {
        const got = to.received.filter(
          (frame) => Buffer.compare(frame.subarray(0, 12), Buffer.concat([to.mac, from.mac])) === 0,
        );
        return to !== from && got.length !== 1;
      })
      .map((to) => `${from.name} ${to.name}`),
  );
}

describe.each(['social', 'static'] as const)('nodes with links that their owners listed (%s)', (policy) => {
  it.each([1, 2])('reach each other by unicast after one flood of each, in a graph of any shape (seed %d)', (seed) => {
    const sim = build(policy, seed);
    sim.run(4_000);
    for (const node of sim.nodes) announce(node);
    // Away from a ring, floods are told of and asked for from node to node.
    sim.run(5_000);
    const floods = sim.nodes.map(({ node }) => node.flood.counters.originated);
    expect(missing(sim)).toEqual([]);
    // No frame was flooded for want of a way.
    expect(sim.nodes.map(({ node }) => node.flood.counters.originated)).toEqual(floods);
    expect(sim.nodes.reduce((sum, { node }) => sum + node.switch.bridge.counters.hopLimit, 0)).toBe(0);
  });
});

it('a node that started anew is found again after a flood of each', () => {
  const sim = build('static', 3);
  sim.run(4_000);
  for (const node of sim.nodes) announce(node);
  sim.run(1_000);
  sim.restart(sim.nodes[1]!);
  sim.run(4_000);
  for (const node of sim.nodes) announce(node);
  sim.run(5_000);
  expect(missing(sim)).toEqual([]);
});
