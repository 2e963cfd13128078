/**
 * The table of docs/benchmarks/floods.md, row by row: ours under faults at three sizes, and the published rule beside it.
 *
 *   node dist/tools/sim/flood/table.js [NODES...] [WORD...]     only rows of these sizes, with one of these words in them
 */
import { type FloodExperiment, ordinaryExperiment } from './experiment.ts';
import { type FloodResult, runFloods } from './result.ts';

const sizes = [128, 512, 1024];
const floods = { ringlet: 2000, ipop: 200 } as const;

const faults: readonly (readonly [string, Partial<FloodExperiment>])[] = [
  ['none', {}],
  ['loss 1 %', { loss: 0.01 }],
  ['loss 5 %', { loss: 0.05 }],
  ['dead 5 %', { dead: 0.05 }],
  ['missing 10 %', { missing: 0.1 }],
  ['churn 10 %/min', { churn: 0.1 }],
  ['late 10 %', { reorder: 0.1 }],
  ['half of each', { loss: 0.025, dead: 0.025, missing: 0.05, churn: 0.05 }],
  [
    'half of each, 100 at once, 2 % late',
    { loss: 0.025, dead: 0.025, missing: 0.05, churn: 0.05, atOnce: 100, reorder: 0.02 },
  ],
];

const header = [
  '| nodes | faults | rule | floods | complete | coverage | copies per node | IHAVE / neighbours | pulls per node | 95 % of nodes, ms | all nodes, ms |',
  '|---|---|---|---|---|---|---|---|---|---|---|',
];

function row(experiment: FloodExperiment, name: string, result: FloodResult): string {
  const { complete, coverage, copiesPerNode, ihavePerNode, iwantPerNode, meanDegree, most, all } = result;
  const percent = (share: number, digits: number) => `${(100 * share).toFixed(digits)} %`;
  const times = ({ p50, p99 }: typeof most) => (Number.isNaN(p50) ? '- / -' : `${p50} / ${p99}`);
  const cells = [
    experiment.nodes,
    name,
    experiment.rule,
    result.floods,
    percent(complete, 2),
    percent(coverage, 2),
    copiesPerNode.toFixed(3),
    `${ihavePerNode.toFixed(1)} / ${meanDegree.toFixed(1)}`,
    iwantPerNode.toFixed(4),
    times(most),
    times(all),
  ];
  return `| ${cells.join(' | ')} |`;
}

const words = process.argv.slice(2);
const wantedSizes = words.filter((word) => /^\d+$/.test(word)).map(Number);
const wantedWords = words.filter((word) => !/^\d+$/.test(word));

for (const line of header) console.log(line);
for (const nodes of wantedSizes.length > 0 ? wantedSizes : sizes) {
  for (const [name, fault] of faults) {
    for (const rule of ['ringlet', 'ipop'] as const) {
      if (wantedWords.length > 0 && !wantedWords.some((word) => `${name} ${rule}`.includes(word))) continue;
      const experiment = { ...ordinaryExperiment, ...fault, nodes, rule, floods: floods[rule] };
      console.log(row(experiment, name, runFloods(experiment)));
    }
  }
}
