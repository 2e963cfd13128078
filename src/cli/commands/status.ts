import type { Command } from 'commander';
import type { StatusReport } from '../../node/client.ts';
import { queryCommand } from '../query.ts';
import { formatDuration, formatPairs } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'status',
    summary: 'what a node is and how it is doing',
    example: 'ringlet status n1',
    show: statusLines,
  });
}

export function statusLines(report: StatusReport): string[] {
  const { tap, signal } = report;
  const drops = Object.entries(report.drops).map(([name, count]) => `${name} ${count}`);
  return formatPairs([
    ['node', `${report.name}  ${report.nodeId}`],
    ['switch', report.switchId],
    ['overlay', `${report.overlay}, ${report.members} ${report.members === 1 ? 'member' : 'members'}`],
    ['process', `${report.pid}, up ${formatDuration(report.uptimeMs)}, version ${report.version}`],
    ['tap', [tap.name, tap.mac, `mtu ${tap.mtu}`, ...tap.addresses].join('  ')],
    ['signalling', `${signal.url}  ${signal.connected ? 'connected' : 'not connected'}`],
    ['links', `${report.linksUp} up, ${report.settled ? 'settled' : 'settling'}`],
    ['openflow', report.openflow.join('  ') || '-'],
    ['hosts', String(report.hosts)],
    ['flows', String(report.flows)],
    ['drops', drops.join(', ') || 'none'],
  ]);
}
