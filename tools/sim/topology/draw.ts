import { drawChart } from '../draw/chart.ts';
import type { TopologyResult } from './experiment.ts';

/** What a result has for one curve, in ms or links. */
const panels: readonly {
  readonly title: string;
  readonly curves: Readonly<Record<string, (result: TopologyResult) => number>>;
}[] = [
  {
    title: 'A node joins: ms from its first link, the worst of ten',
    curves: {
      'in the ring': ({ join }) => join.ringMs,
      'hears floods': ({ join }) => join.floodMs,
      'all links up': ({ join }) => join.meshedMs,
    },
  },
  {
    title: 'Nodes die: ms until the ring is closed',
    curves: {
      one: ({ crash }) => crash[0]!.closedMs,
      'two neighbours': ({ crash }) => crash[1]!.closedMs,
      'one in ten': ({ crash }) => crash[2]!.closedMs,
    },
  },
  {
    title: 'Links on the way',
    curves: {
      unicast: ({ stretch }) => stretch.unicast,
      'shortest path': ({ stretch }) => stretch.shortest,
      flood: ({ stretch }) => stretch.floodDepth,
    },
  },
];

/** Curves over the number of nodes, as SVG; where all nodes joined at once, over time. */
export function drawTopologies(results: readonly TopologyResult[]): string {
  if (results.every(({ growth }) => growth.ways.length > 0)) return drawConvergence(results);
  return drawChart({
    title: 'Topology by number of nodes',
    xLabel: 'nodes',
    formatX: String,
    panels: panels.map(({ title, curves }) => ({
      title,
      atLeast: 0,
      series: Object.entries(curves).map(([name, of]) => ({
        name,
        points: results.map((result) => ({ x: result.nodes, y: of(result) })),
      })),
    })),
  });
}

function drawConvergence(results: readonly TopologyResult[]): string {
  const series = results.map(({ nodes, growth }) => ({
    name: `${nodes} nodes`,
    points: growth.ways.map(({ ms, share }) => ({ x: ms, y: 100 * share })),
  }));
  return drawChart({
    title: 'All nodes join at once',
    xLabel: 'ms since then',
    formatX: String,
    panels: [{ title: 'Pairs of nodes that have a way to each other, %', atLeast: 100, series }],
  });
}
