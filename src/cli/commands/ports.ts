import type { Command } from 'commander';
import type { PortReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { type Column, formatTable } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'ports',
    summary: 'the ports of a switch and their counters',
    example: 'ringlet ports n1',
    show: { node: show, bridge: show },
  });
}

const show = (ports: readonly PortReport[]) => formatTable(columns, ports);

const columns: readonly Column<PortReport>[] = [
  { title: 'PORT', align: 'right', of: ({ port }) => port },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'KIND', of: ({ kind }) => kind },
  { title: 'STATE', of: ({ isUp }) => (isUp ? 'up' : 'down') },
  { title: 'MAC', of: ({ mac }) => mac },
  { title: 'RX FRAMES', align: 'right', of: ({ rxFrames }) => rxFrames },
  { title: 'RX BYTES', align: 'right', of: ({ rxBytes }) => rxBytes },
  { title: 'RX DROPPED', align: 'right', of: ({ rxDropped }) => rxDropped },
  { title: 'TX FRAMES', align: 'right', of: ({ txFrames }) => txFrames },
  { title: 'TX BYTES', align: 'right', of: ({ txBytes }) => txBytes },
  { title: 'TX DROPPED', align: 'right', of: ({ txDropped }) => txDropped },
];
