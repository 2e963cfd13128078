import type { Command } from 'commander';
import type { BridgeStatus, ControllerReport } from '../../bridge/client.ts';
import type { StatusReport } from '../../node/client.ts';
import { controllerLines } from '../controller-text.ts';
import { queryCommand } from '../query.ts';
import { formatDuration, formatPairs } from '../table.ts';

export function command(): Command {
  return queryCommand({
    question: 'status',
    summary: 'what a node or bridge is and how it is doing',
    example: 'ringlet status n1',
    show: { node: statusLines, bridge: bridgeLines, controller: controllerLines },
  });
}

export function statusLines(report: StatusReport): string[] {
  const { tap, signal } = report;
  return formatPairs([
    ['node', `${report.name}  ${report.nodeId}`],
    ['switch', report.switchId],
    ['overlay', `${report.overlay}, ${report.members} ${report.members === 1 ? 'member' : 'members'}`],
    ['process', `${report.pid}, up ${formatDuration(report.uptimeMs)}, version ${report.version}`],
    ['tap', [tap.name, tap.mac, `mtu ${tap.mtu}`, ...tap.addresses].join('  ')],
    ['signalling', `${signal.url}  ${signal.connected ? 'connected' : 'not connected'}`],
    ['links', `${report.linksUp} up, ${report.settled ? 'settled' : 'settling'}`],
    ['openflow', report.openflow.join('  ') || '-'],
    ['hosts', `${report.hosts}, ${report.addresses} addresses, ${report.prunedGroups} groups pruned`],
    ['flows', String(report.flows)],
    ['services', countsText(report.services)],
    ['drops', countsText(report.drops)],
  ]);
}

export function bridgeLines(report: BridgeStatus): string[] {
  const alone = report.isAlone ? ', forwarding on its own' : '';
  return formatPairs([
    ['bridge', `${report.name}  ${report.datapathId}`],
    ['process', `${report.pid}, up ${formatDuration(report.uptimeMs)}, version ${report.version}`],
    ['fail mode', `${report.failMode}${alone}`],
    ...(report.controllers.length === 0 ? [['controllers', 'none'] as const] : []),
    ...report.controllers.map((controller) => ['controller', controllerText(controller)] as const),
    ['openflow', report.openflow.join('  ') || '-'],
    ['ports', String(report.ports)],
    ['flows', String(report.flows)],
    ['hosts', String(report.macs)],
    ['drops', countsText(report.drops)],
  ]);
}

function controllerText({ target, state, stateMs, role, problem }: ControllerReport): string {
  const since = `${state} for ${formatDuration(stateMs)}`;
  return [target, since, role, problem].filter((part) => part !== undefined).join('  ');
}

function countsText(drops: Readonly<Record<string, number>>): string {
  return (
    Object.entries(drops)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  );
}
