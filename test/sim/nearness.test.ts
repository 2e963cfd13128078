import { expect, it } from 'vitest';
import { randomIds } from '../../tools/sim/flood/links.ts';
import { mean, randomPairs, wayBetween } from '../../tools/sim/topology/measure.ts';
import { TopologyNetwork } from '../../tools/sim/topology/network.ts';
import { worldLatency } from '../../tools/sim/topology/world.ts';
import { seededRandom, symphony } from '../../topology/index.ts';

/** Mean latency of ways among nodes that live in five cities, after they have found out where; and offers from then on. */
function overlay(samples: number): { readonly wayMs: number; readonly offers: number } {
  const random = seededRandom(1);
  const linkMs = worldLatency(seededRandom(2));
  const net = new TopologyNetwork({ policy: symphony({ samples }), random, latencyMs: 20, contacts: 20, linkMs });
  for (const id of randomIds(40, random)) {
    net.join(id);
    net.run(20);
  }
  net.run(100_000);
  const ways = randomPairs(net.alive, 1_000, seededRandom(3)).map(([from, to]) => wayBetween(net, from, to)!);
  const wayMs = mean(ways.map((way) => way.slice(1).reduce((sum, id, i) => sum + linkMs(way[i]!, id), 0)));
  const before = net.sent.offers;
  net.run(20_000);
  return { wayMs, offers: net.sent.offers - before };
}

it('ways get shorter in time when shortcuts go to the nearest of three by where nodes say they are', () => {
  const [any, nearest] = [overlay(1), overlay(3)];
  console.info(
    `mean latency of a way: ${any.wayMs.toFixed(1)} ms with any, ${nearest.wayMs.toFixed(1)} ms with the nearest of three`,
  );
  expect(nearest.wayMs).toBeLessThan(0.9 * any.wayMs);
  // Shortcuts come to rest.
  expect(any.offers).toBe(0);
  expect(nearest.offers).toBeLessThan(8);
});
