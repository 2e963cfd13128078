import { expect, it } from 'vitest';
import { randomIds } from '../../tools/sim/flood/links.ts';
import { mean, randomPairs, wayBetween } from '../../tools/sim/topology/measure.ts';
import { TopologyNetwork } from '../../tools/sim/topology/network.ts';
import { worldLatency } from '../../tools/sim/topology/world.ts';
import { seededRandom, symphony } from '../../topology/index.ts';

/** Mean latency of ways among nodes that live in five cities, after they have found out where. */
function wayMs(samples: number): number {
  const random = seededRandom(1);
  const linkMs = worldLatency(seededRandom(2));
  const net = new TopologyNetwork({ policy: symphony({ samples }), random, latencyMs: 20, contacts: 20, linkMs });
  for (const id of randomIds(40, random)) {
    net.join(id);
    net.run(20);
  }
  net.run(100_000);
  const ways = randomPairs(net.alive, 1_000, seededRandom(3)).map(([from, to]) => wayBetween(net, from, to)!);
  return mean(ways.map((way) => way.slice(1).reduce((sum, id, i) => sum + linkMs(way[i]!, id), 0)));
}

it('ways get shorter in time when shortcuts go to the nearest of three by where nodes say they are', () => {
  const [any, nearest] = [wayMs(1), wayMs(3)];
  console.info(
    `mean latency of a way: ${any.toFixed(1)} ms with any, ${nearest.toFixed(1)} ms with the nearest of three`,
  );
  expect(nearest).toBeLessThan(0.9 * any);
});
