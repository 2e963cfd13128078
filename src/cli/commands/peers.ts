import type { Command } from 'commander';
import type { PeerReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { type Column, formatDuration, formatTable, shortId } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'peers',
    summary: "a node's links and why it has them",
    example: 'ringlet peers n1 --json',
    show: { node: (peers) => formatTable(columns, peers) },
  });
}

const columns: readonly Column<PeerReport>[] = [
  { title: 'PEER', of: ({ name }) => name },
  { title: 'NODE ID', of: ({ nodeId }) => shortId(nodeId) },
  { title: 'KIND', of: ({ kind }) => kind },
  { title: 'STATE', of: ({ state }) => state },
  { title: 'FOR', align: 'right', of: ({ stateMs }) => formatDuration(stateMs) },
  { title: 'PORT', align: 'right', of: ({ port }) => port },
  { title: 'RTT', align: 'right', of: ({ rttMs }) => rttMs && `${rttMs.toFixed(1)} ms` },
  { title: 'PATH', of: ({ path }) => path },
  { title: 'ADDRESS', of: ({ remoteAddress }) => remoteAddress },
  { title: 'RX BYTES', align: 'right', of: ({ rxBytes }) => rxBytes },
  { title: 'TX BYTES', align: 'right', of: ({ txBytes }) => txBytes },
  { title: 'TX DROPPED', align: 'right', of: ({ txDropped }) => txDropped },
];
