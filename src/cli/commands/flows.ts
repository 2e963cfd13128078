import type { Command } from 'commander';
import { queryCommand } from '../query.ts';

export function command(): Command {
  return queryCommand({
    question: 'flows',
    summary: 'the rules of a switch, as ovs-ofctl writes them',
    example: 'ringlet flows n1 | grep table=1',
    show: { node: (flows) => flows, bridge: (flows) => flows },
  });
}
