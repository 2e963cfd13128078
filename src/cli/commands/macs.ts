import type { Command } from 'commander';
import type { BridgeMacReport } from '../../bridge/client.ts';
import type { MacReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { type Column, formatDuration, formatTable, shortId } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'macs',
    summary: 'the hosts that a node or bridge knows and where each is',
    example: 'ringlet macs n1',
    show: { node: (macs) => formatTable(columns, macs), bridge: (macs) => formatTable(bridgeColumns, macs) },
  });
}

const columns: readonly Column<MacReport>[] = [
  { title: 'MAC', of: ({ mac }) => mac },
  { title: 'VLAN', align: 'right', of: ({ vlan }) => vlan || undefined },
  { title: 'BEHIND', of: ({ name }) => name },
  { title: 'NODE ID', of: ({ nodeId }) => shortId(nodeId) },
  { title: 'PORT', align: 'right', of: ({ port }) => port },
  { title: 'KNOWN FOR', align: 'right', of: ({ knownMs }) => formatDuration(knownMs) },
  { title: 'MOVES', align: 'right', of: ({ sequence }) => sequence || undefined },
  { title: 'STATE', of: ({ isDamped }) => (isDamped ? 'claimed twice' : undefined) },
];

const bridgeColumns: readonly Column<BridgeMacReport>[] = [
  { title: 'MAC', of: ({ mac }) => mac },
  { title: 'VLAN', align: 'right', of: ({ vlan }) => vlan || undefined },
  { title: 'PORT', align: 'right', of: ({ port }) => port },
  { title: 'NAME', of: ({ portName }) => portName },
  { title: 'AGE', align: 'right', of: ({ ageMs }) => formatDuration(ageMs) },
];
