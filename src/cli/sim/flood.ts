import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { PlayedCase } from '../../../tools/sim/index.ts';
import { CliError, ExitCode } from '../errors.ts';
import { say } from '../output.ts';
import { reportFailure } from './flood-failure.ts';
import { addFloodOptions, type Plan, planOf, type RuleChoice } from './flood-options.ts';
import { describeCase, tableOfCases } from './flood-text.ts';
import { progressBar } from './progress.ts';
import type { Sweep } from './sweep.ts';

interface OutputOptions {
  readonly rule: RuleChoice;
  readonly json?: true;
  readonly svg?: string;
  readonly trace?: string;
}

const examples = `
One of the numbers may be a range FROM..TO/STEP, which is run through.

When a flood did not reach every node that it could, or came twice, the first such is told with the command that repeats it, and its
frames are written as a pcapng capture and a Mermaid sequence. If the rule was ours, the exit code is 1.

Examples:
  ringlet sim flood --nodes 512 --loss 5%
  ringlet sim flood --nodes 128 --loss 1% --rule both              beside the published rule
  ringlet sim flood --dead 5% --missing 10% --churn 10%/min --json
  ringlet sim flood --loss 0..10%/2% --rule both --svg loss.svg    a curve for each rule
  ringlet sim flood --nodes 64 --floods 1 --svg tree.svg           a ring with the flood's tree`;

export function floodCommand(): Command {
  const command = new Command('flood').description(
    'Floods frames over many nodes with faults, and counts what became of them.',
  );
  return addFloodOptions(command)
    .option(
      '--json',
      'print the results for programs: FloodExperiment with FloodResult, a list of them if there are several',
    )
    .option('--svg <file>', 'draw it: curves over a range, or else a ring with the tree of one flood')
    .option('--trace <folder>', 'where the frames of a failed flood go (default: a new folder for temporary files)')
    .addHelpText('after', examples)
    .action(runFlood);
}

async function runFlood({ rule, json, svg, trace, ...given }: OutputOptions & Record<string, unknown>): Promise<void> {
  const plan = planOf(given as Record<string, number | Sweep>, rule);
  const cases = await play(plan);
  print(cases, plan, json ?? false);
  if (svg !== undefined) await draw(svg, cases, plan);
  const broken = cases.find(({ failed }) => failed.length > 0);
  if (broken === undefined) return;
  for (const line of await reportFailure(broken, trace)) process.stderr.write(`${line}\n`);
  if (cases.some(({ experiment, failed }) => experiment.rule === 'ringlet' && failed.length > 0)) {
    process.exitCode = ExitCode.failed;
  }
}

async function play({ experiments }: Plan): Promise<PlayedCase[]> {
  const { playFloods } = await import('../../../tools/sim/index.ts');
  const total = experiments.reduce((sum, { floods }) => sum + floods, 0);
  const show = progressBar(total, 'floods');
  let before = 0;
  return experiments.map((experiment) => {
    const outcome = playFloods(experiment, (done) => show((before + done * experiment.floods) / total));
    before += experiment.floods;
    return { experiment, ...outcome };
  });
}

function print(cases: readonly PlayedCase[], { swept }: Plan, json: boolean): void {
  if (json) {
    const all = cases.map(({ experiment, result }) => ({ ...experiment, result }));
    say(JSON.stringify(all.length === 1 ? all[0] : all));
  } else {
    for (const line of cases.length === 1 ? describeCase(cases[0]!) : tableOfCases(cases, swept)) say(line);
  }
}

async function draw(file: string, cases: readonly PlayedCase[], { swept }: Plan): Promise<void> {
  const { curvesOf, treesOf } = await import('../../../tools/sim/index.ts');
  const axis = swept && {
    label: swept.name,
    valueOf: (experiment: PlayedCase['experiment']) => experiment[swept.key],
    format: swept.format,
  };
  try {
    await writeFile(file, axis === undefined ? treesOf(cases) : curvesOf(cases, axis));
  } catch (error) {
    throw new CliError('CLI_FILE', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}
