import { Command } from 'commander';
import { askBridge } from '../../bridge/client.ts';
import { runDirectory } from '../../node/client.ts';
import { say } from '../output.ts';

export function command(): Command {
  return new Command('add-port')
    .summary('give a running bridge another port')
    .description(
      'Adds a port to a bridge that runs; its controllers are told. Ports are written as with ringlet bridge.',
    )
    .argument('<BRIDGE>', 'its name')
    .argument('<PORT>', '[NUMBER@][NAME=]tap:NAME, eth:NAME, unix:PATH or punix:PATH')
    .addHelpText('after', '\nExample:\n  ringlet add-port br0 3@eth:eth2')
    .action(async (bridge: string, spec: string) => {
      const { port, name } = await askBridge(runDirectory(process.env), bridge, 'add-port', { spec });
      say(`port ${port} (${name}) added to ${bridge}`);
    });
}
