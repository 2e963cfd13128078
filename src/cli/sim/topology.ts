import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { TopologyExperiment, TopologyResult } from '../../../tools/sim/index.ts';
import { CliError } from '../errors.ts';
import { say } from '../output.ts';
import { formatPairs } from '../table.ts';
import { progressBar } from './progress.ts';
import { whole } from './values.ts';

interface Options extends Omit<TopologyExperiment, 'nodes' | 'latencyMs' | 'isWorld' | 'spacingMs' | 'churnMinutes'> {
  readonly nodes: readonly number[];
  readonly latency: number;
  readonly world?: true;
  readonly spacing: number;
  readonly churn: number;
  readonly json?: true;
  readonly svg?: string;
}

const examples = `
Examples:
  ringlet sim topology --nodes 100
  ringlet sim topology --nodes 100 --policy chord --churn 0
  ringlet sim topology --nodes 10,30,100,300,1000 --churn 0 --svg topology.svg`;

export function topologyCommand(): Command {
  return new Command('topology')
    .description(
      'Grows an overlay, then joins, kills and divides nodes, and measures how its ring bears it: the topology managers of ' +
        'whole nodes, on links of their own.',
    )
    .option('--nodes <number,...>', 'how many, 2 to 2000; several for one run each', counts, [100])
    .option('--seed <number>', 'of all chance in the run', whole(0, 2 ** 32 - 1), 1)
    .addOption(
      new Option('--policy <name>', 'which links nodes want')
        .choices(['symphony', 'chord', 'all-to-all'])
        .default('symphony'),
    )
    .option('--latency <ms>', 'of a link, one way', whole(1, 10_000), 20)
    .option(
      '--world',
      'nodes live in five cities, and links are as long as that is far; --latency is of the courier alone',
    )
    .option(
      '--samples <number>',
      'nodes about a drawn point of which symphony links to the nearest by round-trip time',
      whole(1, 64),
      3,
    )
    .option(
      '--spacing <ms>',
      'between the joining of two nodes while the overlay grows; 0: all at once, and --svg draws how they find together',
      whole(0, 10_000),
      20,
    )
    .option('--contacts <number>', 'members that a node is told of when it joins', whole(1, 1_000), 20)
    .option('--churn <minutes>', 'of 30 joins a minute and lives of 300 s; 0: none', whole(0, 1_440), 10)
    .option('--json', 'print the results for programs (TopologyResult in tools/sim/topology/experiment.ts, a list)')
    .option('--svg <file>', 'draw curves over the numbers of nodes')
    .addHelpText('after', examples)
    .action(runTopologies);
}

async function runTopologies({
  nodes: sizes,
  latency,
  world,
  spacing,
  churn,
  json,
  svg,
  ...rest
}: Options): Promise<void> {
  const { drawTopologies, runTopology } = await import('../../../tools/sim/index.ts');
  const common = { ...rest, latencyMs: latency, isWorld: world ?? false, spacingMs: spacing, churnMinutes: churn };
  const results: TopologyResult[] = [];
  for (const nodes of sizes) {
    const result = runTopology({ ...common, nodes }, progressBar(8, 'steps'));
    results.push(result);
    if (!json) for (const line of describe(result)) say(line);
  }
  if (json) say(JSON.stringify(results));
  if (svg === undefined) return;
  try {
    await writeFile(svg, drawTopologies(results));
  } catch (error) {
    throw new CliError('CLI_FILE', `cannot write ${svg}: ${(error as Error).message}`, { cause: error });
  }
}

function describe(result: TopologyResult): string[] {
  const { growth, join, stretch, crash, leave, partition, churn } = result;
  return formatPairs([
    ['nodes', `${result.nodes}, ${stretch.degree.toFixed(1)} links each on average`],
    [
      'growth',
      `ring ${growth.ringMs} ms, all links ${growth.settledMs} ms after the last joined, ${growth.offersPerNode.toFixed(1)} offers a node`,
    ],
    ...waysLine(growth.ways),
    [
      'join',
      `first link after ${join.firstLinkMs.toFixed(0)} ms, and from it: in the ring ${join.ringMs.toFixed(0)} ms, hears floods ` +
        `${join.floodMs.toFixed(0)} ms, all links ${join.meshedMs.toFixed(0)} ms (the worst of ten)`,
    ],
    ...crash.map(({ nodes, detectedMs, closedMs, longestOutageMs }): [string, string] => [
      `crash of ${nodes}`,
      `detected ${detectedMs} ms, ring closed ${closedMs} ms, no pair without a way for longer than ${longestOutageMs} ms`,
    ]),
    [
      'leave',
      `${leave.lost} of ${leave.sent} frames lost, ${leave.floodsMissed} deliveries of floods missed, gone after ${leave.tookMs} ms`,
    ],
    ['partition', `two halves for ${partition.dividedMs / 1000} s, one ring ${partition.ringMs} ms after they meet`],
    [
      'stretch',
      `unicast ${stretch.unicast.toFixed(2)} links, shortest path ${stretch.shortest.toFixed(2)}: ${stretch.ratio.toFixed(3)}; ` +
        `floods ${stretch.floodDepth.toFixed(2)} deep; ${stretch.unreached} pairs without a way`,
    ],
    [
      'latency',
      `unicast ${stretch.unicastMs.toFixed(1)} ms one way, a link between the same two ${stretch.directMs.toFixed(1)} ms: ` +
        `${(stretch.unicastMs / stretch.directMs).toFixed(3)}`,
    ],
    ...churnLines(churn),
    ['memory', `${result.memoryMb.toFixed(2)} MB a node`],
    ['at rest', `${result.idleMessages.toFixed(1)} control messages a node and second`],
    ['', ''],
  ]).slice(0, -1);
}

function waysLine(ways: TopologyResult['growth']['ways']): [string, string][] {
  const [half, all] = [0.5, 1].map((share) => ways.find((at) => at.share >= share)?.ms);
  const tell = (ms: number | undefined) => (ms === undefined ? 'never' : `after ${ms} ms`);
  return ways.length === 0 ? [] : [['all at once', `half of the pairs have a way ${tell(half)}, all ${tell(all)}`]];
}

function churnLines(churn: TopologyResult['churn']): [string, string][] {
  return (churn ?? []).map(({ kind, minutes, messages, delivered }) => {
    const share = ((100 * delivered) / messages).toFixed(2);
    return [`churn, ${kind}`, `${share} % of ${messages} messages delivered in ${minutes} min`];
  });
}

function counts(text: string): number[] {
  const numbers = text.split(',').map(whole(2, 2_000));
  if (numbers.length > 20) throw new InvalidArgumentError('There are more than 20 of them.');
  return numbers;
}
