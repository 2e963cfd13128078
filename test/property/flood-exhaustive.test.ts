import { describe, expect, it } from 'vitest';
import { floodOn } from '../../tools/sim/library.ts';
import { seededRandom } from '../../topology/index.ts';
import { edgesOf, type Graph, labelledGraphs, unlabelledGraphs } from './support/graphs.ts';

/**
 * Nodes stand at equal distances on the ring, and the engine sees nothing but distances: turning the ring changes nothing. So
 * floods from one place on all graphs whose nodes have names are the floods from all places.
 */
const placesOf = (n: number) => Array.from({ length: n }, (_, i) => (BigInt(i) * 2n ** 128n) / BigInt(n) + 5n);

const connected = [1, 1, 4, 38, 728, 26_704, 1_866_256];
const kinds = [1, 1, 2, 6, 21, 112, 853];
/** `FLOOD_GRAPHS=3/8`: of the graphs on seven nodes that have names, the third of eight parts (npm run exhaust:floods). */
const [part, parts] = (process.env.FLOOD_GRAPHS ?? '').split('/').map(Number);

/** Nothing, if the flood ended and every other node got it exactly once, without loss by n - 1 copies; else what failed. */
function faultOf(graph: Graph, places: readonly bigint[], root: bigint, loss: number, seed: number): string[] {
  const edges = edgesOf(graph).map(([a, b]) => [places[a]!, places[b]!] as const);
  const report = floodOn({ edges, nodes: [places[0]!] }, { roots: [root], faults: { loss }, seed });
  const [flood] = report.floods;
  const isRight =
    flood!.heard.size === graph.length - 1 &&
    flood!.missed.length + flood!.repeated.length === 0 &&
    report.quietAfterMs !== undefined &&
    (loss > 0 || report.copies === graph.length - 1);
  return isRight ? [] : [`root ${root}, loss ${loss}, seed ${seed}, edges ${JSON.stringify(edgesOf(graph))}`];
}

describe('a flood on every connected graph', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'of %d nodes, wherever they stand on the ring: each gets it once, with n - 1 copies',
    (n) => {
      const places = placesOf(n);
      let count = 0;
      const wrong: string[] = [];
      for (const graph of labelledGraphs(n)) {
        count += 1;
        wrong.push(...faultOf(graph, places, places[0]!, 0, count));
        if (n < 6) wrong.push(...faultOf(graph, places, places[0]!, 0.1, count));
      }
      expect(wrong).toEqual([]);
      expect(count).toBe(connected[n - 1]);
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7])(
    'of %d nodes up to names, from every root, with every tenth frame lost for every second one',
    (n) => {
      const graphs = unlabelledGraphs(n);
      expect(graphs).toHaveLength(kinds[n - 1]!);
      const wrong = graphs.flatMap((graph, seed) => {
        const places = shuffled(placesOf(n), seed);
        return places.flatMap((root, i) => faultOf(graph, places, root, i % 2 === 0 ? 0 : 0.1, seed));
      });
      expect(wrong).toEqual([]);
    },
  );

  if (part !== undefined && parts !== undefined) {
    it(`of 7 nodes, wherever they stand on the ring, part ${part} of ${parts}`, { timeout: 3_600_000 }, () => {
      const places = placesOf(7);
      const wrong: string[] = [];
      let count = 0;
      for (const graph of labelledGraphs(7, part - 1, parts)) {
        count += 1;
        wrong.push(...faultOf(graph, places, places[0]!, 0, count));
      }
      console.log(`${count} of ${connected[6]} graphs`);
      expect(wrong).toEqual([]);
      expect(count).toBeGreaterThan(0);
    });
  }
});

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  return list
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
