import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Demand, type NodeId } from '../../topology/index.ts';

const second = 1_000;
const much = 1_000_000;

/** Sends as much to each peer in every second of `seconds`, and tells what is wanted after them. */
function run(demand: Demand, from: number, seconds: number, bytes: ReadonlyMap<NodeId, number>): NodeId[] {
  for (let i = 0; i < seconds; i++) {
    for (const [peer, count] of bytes) demand.sent(peer, count);
    demand.tick(from + i * second);
  }
  return demand.wanted;
}

describe('links on demand', () => {
  it('come with steady traffic, not with a burst', () => {
    const demand = new Demand('on-demand');
    expect(run(demand, 0, 1, new Map([[1n, 200_000]]))).toEqual([]);
    expect(run(demand, second, 30, new Map())).toEqual([]);
    expect(run(demand, 40 * second, 10, new Map([[1n, 200_000]]))).toEqual([1n]);
  });

  it('go when they were idle for five minutes, and stay while traffic hovers about the threshold', () => {
    const demand = new Demand('on-demand');
    run(demand, 0, 10, new Map([[1n, much]]));
    expect(run(demand, 10 * second, 600, new Map([[1n, 40_000]]))).toEqual([1n]);
    expect(run(demand, 610 * second, 299, new Map())).toEqual([1n]);
    expect(run(demand, 909 * second, 20, new Map())).toEqual([]);
  });

  it('are made for any traffic when proactive, and for none when off', () => {
    expect(run(new Demand('proactive'), 0, 3, new Map([[1n, 60]]))).toEqual([1n]);
    expect(run(new Demand('off'), 0, 100, new Map([[1n, much]]))).toEqual([]);
  });

  it('are eight at most, and one gives way only to a peer with twice its traffic', () => {
    const peers = new Map(Array.from({ length: 9 }, (_, i): [NodeId, number] => [BigInt(i), much + i]));
    const demand = new Demand('on-demand');
    expect(run(demand, 0, 60, peers)).toHaveLength(8);
    const left = [...peers.keys()].find((peer) => !demand.wanted.includes(peer))!;
    expect(run(demand, 60 * second, 60, new Map([...peers, [left, 3 * much]]))).toContain(left);
    expect(demand.wanted).toHaveLength(8);
  });

  it('never flap: with any steady rates, what is wanted stops changing', () => {
    const rates = fc.array(fc.nat(5 * much), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rates, (bytes) => {
        const demand = new Demand('on-demand');
        const peers = new Map(bytes.map((count, i): [NodeId, number] => [BigInt(i), count]));
        run(demand, 0, 400, peers);
        for (let i = 400; i < 500; i++) {
          for (const [peer, count] of peers) demand.sent(peer, count);
          expect(demand.tick(i * second)).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });
});
