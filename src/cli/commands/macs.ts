import type { Command } from 'commander';
import type { MacReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { type Column, formatDuration, formatTable, shortId } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'macs',
    summary: 'the hosts that a node knows and which node each is behind',
    example: 'ringlet macs n1',
    show: (macs) => formatTable(columns, macs),
  });
}

const columns: readonly Column<MacReport>[] = [
  { title: 'MAC', of: ({ mac }) => mac },
  { title: 'BEHIND', of: ({ name }) => name },
  { title: 'NODE ID', of: ({ nodeId }) => shortId(nodeId) },
  { title: 'PORT', align: 'right', of: ({ port }) => port },
  { title: 'KNOWN FOR', align: 'right', of: ({ knownMs }) => formatDuration(knownMs) },
];
