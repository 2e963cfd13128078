import { Command } from 'commander';
import { askBridge } from '../../bridge/client.ts';
import { runDirectory } from '../../node/client.ts';
import { say } from '../output.ts';

export function command(): Command {
  return new Command('del-port')
    .summary('take a port from a running bridge')
    .description(
      'Removes a port of a bridge that runs; its controllers are told. What the bridge had made goes with it.',
    )
    .argument('<BRIDGE>', 'its name')
    .argument('<PORT>', 'name or number')
    .addHelpText('after', '\nExample:\n  ringlet del-port br0 eth2')
    .action(async (bridge: string, wanted: string) => {
      const { port, name } = await askBridge(runDirectory(process.env), bridge, 'del-port', { port: wanted });
      say(`port ${port} (${name}) removed from ${bridge}`);
    });
}
