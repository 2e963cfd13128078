import { Command, InvalidArgumentError } from 'commander';
import { Interrupted } from '../errors.ts';
import { untilToldToEnd } from '../lifetime.ts';
import { logLevelOption } from '../log-level.ts';
import { say, sayError } from '../output.ts';

interface Options {
  readonly nodes: number;
  readonly once?: true;
  readonly json?: true;
  readonly kill?: string;
  readonly logLevel: string;
}

const standardNodes = 5;
const limits = { least: 2, most: 64 };

const examples = `
Examples:
  ringlet lab                          five nodes, until Ctrl-C
  ringlet lab --nodes 8 --once         exit code 0 when every pair of hosts answered
  ringlet lab --nodes 8 --kill n3      how long the others need to heal`;

export function command(): Command {
  return new Command('lab')
    .summary('a network of nodes on this machine, shown at work')
    .description(
      'Runs nodes, each a process in a network namespace of its own, lets them form a ring, sends echoes between all hosts ' +
        'and shows what came of it. Without root: the same nodes in one process, with in-memory TAPs.',
    )
    .option('--nodes <number>', `how many, ${limits.least} to ${limits.most}`, nodeCount, standardNodes)
    .option('--once', 'print the report and end; the exit code is 1 when a pair did not answer')
    .option('--json', 'print the report for programs (LabReport in tools/lab/report.ts)')
    .option('--kill <node>', 'then kill -9 the process of this node, such as n3, and measure how the others heal')
    .addOption(logLevelOption('warn'))
    .addHelpText('after', examples)
    .action(lab);
}

async function lab({ nodes, once, json, kill, logLevel }: Options): Promise<void> {
  const { ending, hurry } = untilToldToEnd();
  const { runLab } = await import('../../../tools/lab/index.ts');
  const { makeLogger } = await import('../logger.ts');
  process.exitCode = await runLab({
    nodes,
    once: once ?? false,
    json: json ?? false,
    ...(kill === undefined ? {} : { kill }),
    logLevel,
    log: makeLogger(logLevel),
    program: [process.execPath, process.argv[1]!],
    environment: process.env,
    ending,
    hurry,
    print: say,
    progress: sayError,
  });
  if (ending.aborted && !(ending.reason instanceof Interrupted)) throw ending.reason;
}

function nodeCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < limits.least || count > limits.most) {
    throw new InvalidArgumentError(`It is not a number from ${limits.least} to ${limits.most}.`);
  }
  return count;
}
