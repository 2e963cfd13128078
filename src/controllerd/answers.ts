import type { Answers } from '../control/index.ts';
import { macText } from '../control/index.ts';
import type { Composition, ManagedSwitch } from '../controller/index.ts';
import { macBytes } from '../controller/index.ts';
import type { Clock } from '../lib/clock.ts';
import { version } from '../lib/version.ts';
import type { ControllerConfig } from './config.ts';
import type { ControllerPortReport, ControllerStatus, HostReport, LinkReport, SwitchReport } from './report.ts';

const drops: ReadonlySet<string> = new Set([
  ...['tooMany', 'portsBanned', 'hostsBanned', 'pairsRefused', 'ignored', 'floodsForged'],
]);

/** What a controller can be asked. */
export function answersOf(
  composition: Composition,
  config: ControllerConfig,
  listening: readonly string[],
  clock: Clock,
): Answers {
  const startedAt = clock.now();
  return { status: () => status(composition, config, listening, clock.now(), startedAt) };
}

function status(
  composition: Composition,
  { name, apps, dial, role }: ControllerConfig,
  listen: readonly string[],
  now: number,
  startedAt: number,
): ControllerStatus {
  const { controller, links, forwarder } = composition;
  const switches = [...controller.switches];
  const sum = (counter: keyof ManagedSwitch['counters']) =>
    switches.reduce((total, { counters }) => total + counters[counter], 0);
  const [dropped, learned] = parted(forwarder.counters);
  const { probesForeign, probesRefused, ...probes } = links.counters;
  const { connections, ...refused } = controller.counters;
  return {
    ...{ name, version, pid: process.pid, uptimeMs: Math.round(now - startedAt), apps, listen, role },
    dial: dial.map(({ text }) => text),
    switches: switches.map((sw) => switchReport(composition, sw)),
    links: links.links.map(linkReport),
    hosts: switches.flatMap((sw) => hostReports(composition, sw, now)),
    counters: counted({
      ...{ connections, packetIns: sum('packetIns'), packetOuts: sum('packetOuts'), flowMods: sum('flowMods') },
      ...learned,
      ...probes,
    }),
    drops: counted({
      ...{ ...refused, ...dropped, probesForeign, probesRefused },
      ...{ packetOutsDropped: sum('packetOutsDropped'), portsRefused: sum('portsRefused') },
      ...{ errors: sum('errors'), malformed: sum('malformed') },
    }),
  };
}

function switchReport({ controller, links, forwarder }: Composition, sw: ManagedSwitch): SwitchReport {
  const connection = controller.connectionOf(sw);
  const ports = [...sw.ports.values()].map(({ no, name, isUp }): ControllerPortReport => {
    const port = links.portOf(sw, no);
    const open = sw.forwarding.has(no) ? 'forwarding' : port?.isUsable ? 'blocked' : 'probing';
    return { port: no, name, state: isUp ? open : 'down', isLink: port?.isLink ?? false };
  });
  return {
    datapathId: sw.name,
    peer: connection?.peer,
    security: connection?.security,
    openflow: connection && `1.${connection.version - 1}`,
    state: connection === undefined ? 'away' : states[connection.state],
    roundTripMs: connection?.roundTripMs,
    ports,
    rules: sw.rules.size + [...controller.rulesBesides(sw)].length,
    hosts: [...forwarder.hostsOf(sw)].length,
    queuedBytes: connection?.queuedBytes ?? 0,
    counters: counted({ ...sw.counters }),
  };
}

const states = {
  greeting: 'syncing',
  asking: 'syncing',
  setting: 'syncing',
  ready: 'connected',
  standby: 'standby',
} as const;

function linkReport({ from, to }: Composition['links']['links'][number]): LinkReport {
  return {
    fromSwitch: from.sw.name,
    fromPort: from.no,
    toSwitch: to.sw.name,
    toPort: to.no,
    isForwarding: from.isForwarding && to.isForwarding,
  };
}

function hostReports({ links, forwarder }: Composition, sw: ManagedSwitch, now: number): HostReport[] {
  return [...forwarder.hostsOf(sw)]
    .filter(({ port }) => !links.portOf(sw, port)?.isLink)
    .map(({ mac, port, since }) => ({
      mac: macText(macBytes(mac)),
      datapathId: sw.name,
      port,
      portName: sw.ports.get(port)?.name,
      knownMs: Math.round(now - since),
    }));
}

/** Counters of what was not done, and of what was. */
function parted(counters: Composition['forwarder']['counters']): [Record<string, number>, Record<string, number>] {
  const entries = Object.entries(counters);
  const isDrop = ([name]: [string, number]) => drops.has(name);
  return [Object.fromEntries(entries.filter(isDrop)), Object.fromEntries(entries.filter((entry) => !isDrop(entry)))];
}

function counted(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0));
}
