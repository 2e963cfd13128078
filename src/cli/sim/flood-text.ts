import type { FloodExperiment, FloodResult } from '../../../tools/sim/index.ts';
import { type Column, formatPairs, formatTable } from '../table.ts';
import type { Swept } from './flood-options.ts';

export interface FloodCase {
  readonly experiment: FloodExperiment;
  readonly result: FloodResult;
}

/** One case, explained. */
export function describeCase({ result }: FloodCase): string[] {
  return formatPairs([
    ['complete', `${percent(result.complete)} of ${result.floods} floods reached every node that could be reached`],
    ['coverage', `${percent(result.coverage)} of nodes on average`],
    ['duplicates', `${result.duplicatesAtLeaves} deliveries beyond the first`],
    ['copies', `${result.copiesPerNode.toFixed(3)} payloads received for each node and flood`],
    [
      'repair',
      `${result.ihavePerNode.toFixed(2)} IHAVE and ${result.iwantPerNode.toFixed(3)} IWANT for each node and flood, ` +
        `in ${result.repairFramesPerNode.toFixed(2)} frames, at ${result.meanDegree.toFixed(1)} neighbours`,
    ],
    ['depth', `${result.depth.p50} links (median flood), ${result.depth.p99} links (99th percentile)`],
    ['95 % of nodes', `${ms(result.most.p50)} (median flood), ${ms(result.most.p99)} (99th percentile)`],
    ['all nodes', `${ms(result.all.p50)} (median flood), ${ms(result.all.p99)} (99th percentile)`],
  ]);
}

/** Several cases below each other. */
export function tableOfCases(cases: readonly FloodCase[], swept: Swept | undefined): string[] {
  const varied: Column<FloodCase>[] =
    swept === undefined
      ? []
      : [
          {
            title: swept.name.toUpperCase(),
            align: 'right',
            of: ({ experiment }) => swept.format(experiment[swept.key]),
          },
        ];
  const right = (title: string, of: (result: FloodResult) => string): Column<FloodCase> => ({
    title,
    align: 'right',
    of: ({ result }) => of(result),
  });
  return formatTable(
    [
      ...varied,
      { title: 'RULE', of: ({ experiment }) => experiment.rule },
      right('COMPLETE', ({ complete }) => percent(complete)),
      right('COVERAGE', ({ coverage }) => percent(coverage)),
      right('TWICE', ({ duplicatesAtLeaves }) => String(duplicatesAtLeaves)),
      right('COPIES', ({ copiesPerNode }) => copiesPerNode.toFixed(3)),
      right('IHAVE', ({ ihavePerNode }) => ihavePerNode.toFixed(1)),
      right('IWANT', ({ iwantPerNode }) => iwantPerNode.toFixed(3)),
      right('DEPTH', ({ depth }) => `${depth.p50}/${depth.p99}`),
      right('95 %', ({ most }) => `${ms(most.p50)}/${ms(most.p99)}`),
      right('ALL', ({ all }) => `${ms(all.p50)}/${ms(all.p99)}`),
    ],
    cases,
  );
}

function percent(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

/** A dash where no flood was complete. */
function ms(value: number): string {
  return Number.isNaN(value) ? '-' : `${value} ms`;
}
