import type { ControllerPortReport, ControllerStatus, SwitchReport } from '../controllerd/client.ts';
import { type Column, formatDuration, formatPairs, formatTable } from './table.ts';

export function controllerLines(report: ControllerStatus): string[] {
  const { switches, links, hosts } = report;
  return [
    ...formatPairs([
      ['controller', report.name],
      ['process', `${report.pid}, up ${formatDuration(report.uptimeMs)}, version ${report.version}`],
      ['apps', report.apps.join(', ')],
      ['role', report.role],
      ['listens on', report.listen.join('  ') || '-'],
      ['dials', report.dial.join('  ') || '-'],
      ['links', `${links.length}, ${links.filter(({ isForwarding }) => isForwarding).length} forwarding`],
      ['counters', countsText(report.counters)],
      ['drops', countsText(report.drops)],
    ]),
    ...table(switchColumns, switches),
    ...table(hostColumns, hosts),
  ];
}

type HostRow = ControllerStatus['hosts'][number];

const switchColumns: readonly Column<SwitchReport>[] = [
  { title: 'SWITCH', of: ({ datapathId }) => datapathId },
  { title: 'STATE', of: ({ state }) => state },
  { title: 'OPENFLOW', of: ({ openflow }) => openflow },
  { title: 'PEER', of: ({ peer }) => peer },
  { title: 'RTT', align: 'right', of: ({ roundTripMs }) => roundTripMs && `${roundTripMs.toFixed(1)} ms` },
  { title: 'RULES', align: 'right', of: ({ rules }) => rules },
  { title: 'HOSTS', align: 'right', of: ({ hosts }) => hosts },
  { title: 'PORTS', of: ({ ports }) => ports.map(portText).join(' ') },
];

const hostColumns: readonly Column<HostRow>[] = [
  { title: 'HOST', of: ({ mac }) => mac },
  { title: 'SWITCH', of: ({ datapathId }) => datapathId },
  { title: 'PORT', of: ({ port, portName }) => portName ?? port },
  { title: 'KNOWN FOR', align: 'right', of: ({ knownMs }) => formatDuration(knownMs) },
];

function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ['', ...formatTable(columns, rows)];
}

/** Ports that forward stand for themselves. */
function portText({ name, state }: ControllerPortReport): string {
  return state === 'forwarding' ? name : `${name}(${state})`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none'
  );
}
