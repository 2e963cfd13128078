import type { TopologyResult } from './experiment.ts';
import { distancesFrom, floodDepths, mean, pick, randomPairs, wayBetween } from './measure.ts';
import type { Stage } from './stage.ts';

export function measureStretch(stage: Stage): TopologyResult['stretch'] {
  const { net, random } = stage;
  const sources = Array.from({ length: Math.min(40, net.alive.length) }, () => pick(net.alive, random).id);
  const [unicast, shortest, depths]: [number[], number[], number[]] = [[], [], []];
  const [ways, links]: [number[], number[]] = [[], []];
  let unreached = 0;
  for (const source of sources) {
    const distances = distancesFrom(net, source);
    for (const [from, to] of randomPairs(net.alive, 50, random).map(([, to]) => [source, to] as const)) {
      if (from === to) continue;
      const way = wayBetween(net, from, to);
      if (way === undefined) {
        unreached += 1;
        continue;
      }
      unicast.push(way.length - 1);
      shortest.push(distances.get(to)!);
      ways.push(way.slice(1).reduce((sum, id, i) => sum + net.latency(way[i]!, id), 0));
      links.push(net.latency(from, to));
    }
    depths.push(...[...floodDepths(net, source).values()].filter((depth) => depth > 0));
  }
  const degree = mean(net.alive.map(({ ends }) => ends.size));
  const ratio = mean(unicast) / mean(shortest);
  return {
    ...{ degree, unicast: mean(unicast), shortest: mean(shortest), ratio, floodDepth: mean(depths), unreached },
    ...{ unicastMs: mean(ways), directMs: mean(links) },
  };
}
