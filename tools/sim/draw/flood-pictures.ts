import { formatNodeId, type NodeId, sortClockwise } from '../../../topology/index.ts';
import type { FloodExperiment } from '../flood/experiment.ts';
import type { FloodOutcome } from '../flood/result.ts';
import { nodeNames } from '../trace/frame-trace.ts';
import { drawChart } from './chart.ts';
import { drawRings, type Ring } from './ring.ts';

export interface PlayedCase extends FloodOutcome {
  readonly experiment: FloodExperiment;
}

/** The parameter that differs between cases. */
export interface Axis {
  readonly label: string;
  readonly valueOf: (experiment: FloodExperiment) => number;
  readonly format: (value: number) => string;
}

/** What became of the floods, over one parameter: a curve for each rule. */
export function curvesOf(cases: readonly PlayedCase[], axis: Axis): string {
  const rules = [...new Set(cases.map(({ experiment }) => experiment.rule))];
  const panel = (title: string, atLeast: number, of: (played: PlayedCase) => number) => ({
    title,
    atLeast,
    series: rules.map((name) => ({
      name,
      points: cases
        .filter(({ experiment }) => experiment.rule === name)
        .map((played) => ({ x: axis.valueOf(played.experiment), y: of(played) })),
    })),
  });
  const { nodes, floods } = cases[0]!.experiment;
  return drawChart({
    title: axis.label === 'nodes' ? `${floods} floods` : `${floods} floods over ${nodes} nodes`,
    xLabel: axis.label,
    formatX: axis.format,
    panels: [
      panel('floods that reached every node, %', 100, ({ result }) => 100 * result.complete),
      panel('nodes reached, %', 100, ({ result }) => 100 * result.coverage),
      panel('time to all nodes of complete floods, 99th percentile, ms', 100, ({ result }) => result.all.p99),
      panel('payloads received for each node and flood', 1, ({ result }) => result.copiesPerNode),
    ],
  });
}

/** The tree of one flood, for each case: the first that failed, or else the first. */
export function treesOf(cases: readonly PlayedCase[]): string {
  const { nodes } = cases[0]!.experiment;
  return drawRings(`One flood over ${nodes} nodes`, cases.map(treeOf));
}

function treeOf({ experiment, first, failed }: PlayedCase): Ring {
  const flood = failed[0] ?? first;
  const { root, expected, arrivals } = flood;
  const ids = sortClockwise(0n, new Set<NodeId>([root, ...flood.members]));
  const indexOf = new Map(ids.map((id, i) => [id, i]));
  const nameOf = nodeNames(ids);
  const nodes = ids.map((id) => {
    const arrival = arrivals.get(id);
    const parent = arrival && indexOf.get(arrival.from);
    return {
      name: nameOf(id),
      depth: id === root ? 0 : arrival?.depth,
      parent,
      isDead: id !== root && !expected.has(id) && arrival === undefined,
    };
  });
  const got = [...expected].filter((id) => arrivals.has(id)).length;
  const caption =
    `from ${formatNodeId(root).slice(0, 10)}: ${got} of ${expected.size} nodes reached, ` +
    `${flood.depth} links deep, ${Math.round(flood.timeTo(1))} ms`;
  return { title: `${experiment.rule}, flood ${flood.number + 1} of ${experiment.floods}`, caption, nodes };
}
