import { Command } from 'commander';
import { floodCommand } from '../sim/flood.ts';
import { topologyCommand } from '../sim/topology.ts';

export function command(): Command {
  return new Command('sim')
    .summary('the deterministic simulator')
    .description('Runs parts of an overlay in virtual time: the same options give the same result on every machine.')
    .addCommand(floodCommand())
    .addCommand(topologyCommand());
}
