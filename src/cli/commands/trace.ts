import { Command } from 'commander';
import { askBridge } from '../../bridge/client.ts';
import { runDirectory } from '../../node/client.ts';
import { say } from '../output.ts';
import { traceLines } from '../trace-text.ts';

const examples = `
Examples:
  ringlet trace br0 in_port=1,tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_dst=80
  ringlet trace br0 in_port=eth1 ffffffffffff0200000000010806000108000604...`;

export function command(): Command {
  return new Command('trace')
    .summary('what a running bridge would do with a frame')
    .description("Shows a frame's way through the tables of a bridge. Nothing is sent, counted or learned.")
    .argument('<BRIDGE>', 'its name')
    .argument('<FLOW>', 'in_port and fields of the frame, as ovs-ofctl writes a match')
    .argument('[FRAME]', 'the bytes of the frame in hexadecimal, instead of one made of the fields')
    .option('--json', 'for programs')
    .addHelpText('after', examples)
    .action(async (bridge: string, flow: string, frame: string | undefined, options: { readonly json?: true }) => {
      const trace = await askBridge(runDirectory(process.env), bridge, 'trace', { flow, frame: frame ?? '' });
      if (options.json) say(JSON.stringify(trace, null, 2));
      else for (const line of traceLines(trace)) say(line);
    });
}
