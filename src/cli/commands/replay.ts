import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { CliError } from '../errors.ts';
import { say } from '../output.ts';
import { traceSummary } from '../trace-text.ts';

interface Options {
  readonly flows?: string;
  readonly ports: number;
  readonly inPort?: number;
  readonly json?: true;
}

const standardPorts = 4;
const mostPorts = 1000;

const examples = `
Examples:
  ringlet replay web.pcap                              through a switch that learns
  ringlet flows br0 > rules && ringlet replay web.pcapng --flows rules --ports 2`;

export function command(): Command {
  return new Command('replay')
    .summary('send a capture file through a bridge, and show what each frame hit')
    .description(
      'Reads pcap and pcapng. The frames go through a bridge that is made for it, in the time of the capture: nothing leaves ' +
        'this process. Frames of the first interface of a file come in at port 1, those of the second at port 2, and so on.',
    )
    .argument('<FILE>', 'the capture')
    .option('--flows <file>', 'rules, as ovs-ofctl reads and prints them; lines that begin with group are groups')
    .option('--ports <number>', 'how many ports the bridge has', portCount, standardPorts)
    .option('--in-port <number>', 'where all frames come in', portCount)
    .option('--json', 'for programs: a line of JSON for each frame')
    .addHelpText('after', examples)
    .action(replay);
}

async function replay(file: string, { flows, ports, inPort, json }: Options): Promise<void> {
  const { replayCapture } = await import('../../bridge/index.ts');
  const rules = flows === undefined ? undefined : readText(flows);
  let [frames, dropped] = [0, 0];
  for await (const frame of replayCapture(file, { rules, ports, inPort })) {
    const { number, seconds, inPort: port, trace } = frame;
    frames += 1;
    if (trace.outputs.length === 0 && trace.toController.length === 0) dropped += 1;
    if (json) say(JSON.stringify(frame));
    else say(`${number} ${seconds.toFixed(6)} p${port} ${trace.flow}: ${traceSummary(trace)}`);
  }
  if (!json) say(`${frames} frames, ${dropped} dropped`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError('CLI_FILE', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function portCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > mostPorts) throw new InvalidArgumentError(`It is not a number from 1 to ${mostPorts}.`);
  return count;
}
