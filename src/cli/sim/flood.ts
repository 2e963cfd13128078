import { Command, Option } from 'commander';
import { say } from '../output.ts';
import { formatPairs } from '../table.ts';
import { progressBar } from './progress.ts';
import { share, whole } from './values.ts';

interface FloodOptions {
  readonly nodes: number;
  readonly floods: number;
  readonly seed: number;
  readonly rule: 'ringlet' | 'ipop';
  readonly loss: number;
  readonly dead: number;
  readonly missing: number;
  readonly duplicate: number;
  readonly churn: number;
  readonly latency: number;
  readonly jitter: number;
  readonly atOnce: number;
  readonly json?: true;
}

const examples = `
Examples:
  ringlet sim flood --nodes 512 --loss 5%
  ringlet sim flood --nodes 128 --loss 1% --rule ipop      the published rule, for comparison
  ringlet sim flood --dead 5% --missing 10% --churn 10%/min --json`;

export function floodCommand(): Command {
  return new Command('flood')
    .description('Floods frames over many nodes with faults, and counts what became of them.')
    .option('--nodes <number>', 'how many, 2 to 10000', whole(2, 10_000), 128)
    .option('--floods <number>', 'how many, from random nodes, 40 ms apart', whole(1, 100_000), 200)
    .option('--at-once <number>', 'how many of them start at one instant', whole(1, 1000), 1)
    .option('--seed <number>', 'of all chance in the run', whole(0, 2 ** 32 - 1), 1)
    .option('--loss <share>', 'frames lost on each link, such as 5%', share, 0)
    .option('--duplicate <share>', 'frames that arrive twice', share, 0)
    .option('--dead <share>', 'nodes that are dead and not known to be', share, 0)
    .option('--missing <share>', 'links that are missing', share, 0)
    .option('--churn <share/min>', 'nodes that die, and as many that join, a minute', share, 0)
    .option('--latency <ms>', 'of a link, one way', whole(0, 10_000), 20)
    .option('--jitter <ms>', 'added to it at random', whole(0, 10_000), 10)
    .addOption(new Option('--rule <rule>', 'who floods').choices(['ringlet', 'ipop']).default('ringlet'))
    .option('--json', 'print the result for programs (FloodResult in tools/sim/flood/experiment.ts)')
    .addHelpText('after', examples)
    .action(runFlood);
}

async function runFlood({ json, latency, jitter, ...options }: FloodOptions): Promise<void> {
  const { runFloods } = await import('../../../tools/sim/index.ts');
  const result = runFloods({ ...options, latencyMs: latency, jitterMs: jitter }, progressBar(options.floods, 'floods'));
  if (json) {
    say(JSON.stringify({ ...options, latencyMs: latency, jitterMs: jitter, result }));
    return;
  }
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  const lines = formatPairs([
    ['complete', `${percent(result.complete)} of ${result.floods} floods reached every node that could be reached`],
    ['coverage', `${percent(result.coverage)} of nodes on average`],
    ['duplicates', `${result.duplicatesAtLeaves} deliveries beyond the first`],
    ['copies', `${result.copiesPerNode.toFixed(3)} payloads received for each node and flood`],
    [
      'IHAVE',
      `${result.ihavePerNode.toFixed(2)} for each node and flood, at ${result.meanDegree.toFixed(1)} neighbours`,
    ],
    ['IWANT', `${result.iwantPerNode.toFixed(3)} for each node and flood`],
    ['95 % of nodes', `${result.most.p50} ms (median flood), ${result.most.p99} ms (99th percentile)`],
    ['all nodes', `${result.all.p50} ms (median flood), ${result.all.p99} ms (99th percentile)`],
  ]);
  for (const line of lines) say(line);
}
