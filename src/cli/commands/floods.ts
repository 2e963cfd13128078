import type { Command } from 'commander';
import type { FloodReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { type Column, formatTable, shortId } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'floods',
    summary: 'the latest broadcasts that a node carried: from whom, to whom',
    example: 'ringlet floods n1',
    show: { node: (floods) => formatTable(columns, floods) },
  });
}

const columns: readonly Column<FloodReport>[] = [
  { title: 'ROOT', of: ({ root }) => shortId(root) },
  { title: 'EPOCH', align: 'right', of: ({ epoch }) => epoch },
  { title: 'SEQUENCE', align: 'right', of: ({ sequence }) => sequence },
  { title: 'HOPS', align: 'right', of: ({ hops }) => hops },
  { title: 'FROM', of: ({ from }) => (from === undefined ? 'own' : shortId(from)) },
  { title: 'TO', of: ({ to }) => to.map(shortId).join(' ') || 'nobody further' },
];
