import { describe, expect, it } from 'vitest';
import { SimNetwork, type SimNode } from '../../tools/sim/index.ts';

const latencyMs = 20;
const second = 1_000;
const broadcast = new Uint8Array(6).fill(255);

/** A frame of `bytes`, with a number in it. */
function numbered(dst: Uint8Array, { tap }: SimNode, number: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  frame.set([...dst, ...tap.mac, 0x88, 0xb7]);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

const numberOf = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset).getUint32(14);

/** Nodes whose hosts know each other. */
function overlay(nodes: number): SimNetwork {
  const net = new SimNetwork({ nodes, seed: 5, latencyMs, demand: 'on-demand' });
  net.run(6 * second);
  for (const node of net.nodes) {
    node.tap.host.send([numbered(broadcast, node, 0, 60)]);
    net.run(100);
  }
  net.run(second);
  for (const { received } of net.nodes) received.length = 0;
  return net;
}

const linkOf = (from: SimNode, to: SimNode) => from.node.topology.links.find(({ peer }) => peer === to.node.id);
const isLinked = (from: SimNode, to: SimNode) => from.node.topology.neighbours.includes(to.node.id);
/** Links that this node makes for its traffic, and those that others make with it for theirs. */
const made = ({ node }: SimNode) => node.topology.links.filter(({ mine }) => mine === 'demand');
const taken = ({ node }: SimNode) =>
  node.topology.links.filter(({ mine, theirs }) => mine === undefined && theirs === 'demand');

describe('whole nodes whose hosts exchange a lot', () => {
  it('get a link and lose it after five idle minutes, and no frame is lost or comes twice', () => {
    const net = overlay(9);
    const [from, to] = net.nodes
      .flatMap((a) => net.nodes.map((b) => [a, b] as const))
      .find(([a, b]) => a !== b && !isLinked(a, b))!;
    let sent = 0;
    const pass = (seconds: number, perSecond: number, bytes: number) => {
      for (let i = 0; i < seconds * perSecond; i++) {
        from.tap.host.send([numbered(to.tap.mac, from, sent++, bytes)]);
        net.run(second / perSecond);
      }
    };
    pass(5, 200, 1_000);
    expect(linkOf(from, to)?.mine).toBe('demand');
    pass(290, 2, 60);
    expect(isLinked(from, to)).toBe(true);
    pass(20, 100, 60);
    expect(isLinked(from, to)).toBe(false);
    net.run(second);
    const numbers = to.received.map(numberOf);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, i) => i));
    // What was under way by the old way, one hop longer, when the first frame went by the new one.
    const late = numbers.filter((number, i) => numbers.slice(Math.max(0, i - 50), i).some((other) => other > number));
    expect(late.length).toBeLessThanOrEqual((200 * latencyMs) / second);
  });

  it('make eight links at most, and take no more than twice as many as a node has shortcuts', () => {
    // So many that more want a link with one of them than it takes.
    const nodes = 28;
    const net = overlay(nodes);
    const [popular, ...others] = net.nodes as [SimNode, ...SimNode[]];
    const talker = others[0]!;
    const burst = (to: SimNode, from: SimNode) => new Array(20).fill(numbered(to.tap.mac, from, 0, 1_300));
    for (let i = 0; i < 40; i++) {
      for (const other of others) other.tap.host.send(burst(popular, other));
      for (const to of net.nodes) if (to !== talker) talker.tap.host.send(burst(to, talker));
      net.run(second / 10);
    }
    net.run(3 * second);
    expect(made(talker).length).toBeGreaterThan(0);
    expect(made(talker).length).toBeLessThanOrEqual(8);
    expect(net.nodes.filter((to) => to !== talker && !isLinked(talker, to))).not.toEqual([]);
    expect(taken(popular).length).toBeGreaterThan(0);
    expect(taken(popular).length).toBeLessThanOrEqual(2 * Math.floor(Math.log2(nodes)));
    expect(popular.node.topology.counters.linksRefused).toBeGreaterThan(0);
  }, 60_000);
});
