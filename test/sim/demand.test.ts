import { describe, expect, it } from 'vitest';
import { randomIds } from '../../tools/sim/flood/links.ts';
import { hopsBetween } from '../../tools/sim/topology/measure.ts';
import { TopologyNetwork } from '../../tools/sim/topology/network.ts';
import { type NodeId, seededRandom, symphony } from '../../topology/index.ts';

const second = 1_000;

function overlay(nodes: number) {
  const random = seededRandom(3);
  const net = new TopologyNetwork({ policy: symphony(), random, latencyMs: 20, contacts: 20, demand: 'on-demand' });
  for (const id of randomIds(nodes, random)) {
    net.join(id);
    net.run(20);
  }
  net.run(6_000);
  return net;
}

/** Two nodes that have no link with each other. */
function strangers(net: TopologyNetwork): [NodeId, NodeId] {
  const [from] = net.alive;
  const to = net.alive.find(({ id }) => id !== from!.id && !net.isLinked(from!.id, id))!;
  return [from!.id, to.id];
}

describe('two nodes that exchange a lot', () => {
  it('get a link, and lose it after five idle minutes, without a frame lost on the way', () => {
    const net = overlay(16);
    const [from, to] = strangers(net);
    const lost: number[] = [];
    const pass = (seconds: number, bytes: number) => {
      for (let i = 0; i < seconds * 10; i++) {
        if (i % 10 === 0) net.nodes.get(from)!.topology.sent(to, bytes);
        net.run(second / 10);
        for (const [a, b] of [
          [from, to],
          [to, from],
        ] as const) {
          if (hopsBetween(net, a, b) === undefined) lost.push(net.clock.now());
        }
      }
    };
    expect(hopsBetween(net, from, to)).toBeGreaterThan(1);
    pass(10, 1_000_000);
    expect(hopsBetween(net, from, to)).toBe(1);
    expect(net.nodes.get(from)!.topology.links.find(({ peer }) => peer === to)?.mine).toBe('demand');
    pass(290, 0);
    expect(net.isLinked(from, to)).toBe(true);
    pass(30, 0);
    expect(net.isLinked(from, to)).toBe(false);
    expect(lost).toEqual([]);
  });

  it('are refused by a node that has as many such links as it can bear', () => {
    const net = overlay(40);
    const popular = net.alive[0]!.id;
    for (let i = 0; i < 10; i++) {
      for (const { id, topology } of net.alive) if (id !== popular) topology.sent(popular, 1_000_000);
      net.run(second);
    }
    net.run(3_000);
    const { links, counters } = net.nodes.get(popular)!.topology;
    expect(links.filter(({ mine, theirs }) => mine === undefined && theirs === 'demand').length).toBeLessThanOrEqual(
      10,
    );
    expect(counters.linksRefused).toBeGreaterThan(0);
  });
});
