import { type Edge, formatNodeId, type NodeId, switchIdOf } from '../../topology/index.ts';
import { macText, reportPort } from '../control/index.ts';
import { version } from '../lib/version.ts';
import type { FramePort } from '../tap/index.ts';
import type { NodeConfig } from './config.ts';
import type { OverlayNode } from './node.ts';
import type { MacReport, PeerKind, PeerReport, Question, Reports, StatusReport } from './report.ts';

type Answers = { readonly [Q in Question]: () => Reports[Q] };

/** The reports of a node, made from what it holds in memory. */
export function answersOf(node: OverlayNode, config: NodeConfig, tap: FramePort, openflow: readonly string[]): Answers {
  return {
    status: () => status(node, config, tap, openflow),
    peers: () => peers(node),
    ports: () => node.switch.ports.map(reportPort),
    flows: () => node.switch.flows,
    macs: () => macs(node, config),
    floods: () =>
      node.flood.traces.map(({ root, epoch, sequence, from, hops, to }) => ({
        root: formatNodeId(root),
        epoch,
        sequence,
        from: from === undefined ? undefined : formatNodeId(from),
        hops,
        to: to.map(formatNodeId),
      })),
  };
}

function status(node: OverlayNode, config: NodeConfig, tap: FramePort, openflow: readonly string[]): StatusReport {
  const { links, members } = node.topology;
  return {
    name: config.name,
    nodeId: formatNodeId(node.id),
    switchId: hex(switchIdOf(node.id), 16),
    overlay: config.overlay,
    version,
    pid: process.pid,
    uptimeMs: Math.round(node.now() - node.startedAt),
    tap: { name: tap.name, mac: macText(tap.mac), mtu: tap.mtu, addresses: config.addresses },
    signal: { url: config.rendezvous, connected: node.signalConnected },
    openflow,
    members: members.length + 1,
    linksUp: links.filter(({ state }) => state === 'up').length,
    settled:
      node.topology.isSettled &&
      links.every((link) => isTrial(link) || (link.state === 'up' && kindOf(link) !== 'unwanted')) &&
      node.signalConnected,
    hosts: node.controller.hosts.length,
    addresses: node.controller.bindings,
    prunedGroups: node.controller.prunedGroups,
    services: nonZero(node.controller.counters, refusals),
    flows: node.switch.flowCount,
    drops: dropsOf(node, tap),
  };
}

function dropsOf(node: OverlayNode, tap: FramePort): Record<string, number> {
  const { controller, links, topology, flood } = node;
  const all = {
    ...links.counters,
    ...topology.counters,
    ...node.switch.drops,
    ...Object.fromEntries(Object.entries(flood.counters.dropped).map(([name, count]) => [`flood ${name}`, count])),
    directoryDropped: topology.directory.counters.dropped,
    directoryMalformed: topology.directory.counters.malformed,
    floodRootsEvicted: flood.counters.rootsEvicted,
    floodsLost: flood.counters.lost,
    floodsIncomplete: flood.counters.incomplete,
    floodWantsRefused: flood.counters.wantsRefused,
    ...Object.fromEntries(refusals.map((name) => [name, controller.counters[name] ?? 0])),
    tapTxDropped: tap.counters.txDropped,
  };
  return nonZero(all);
}

function nonZero(counters: Readonly<Record<string, number>>, except: readonly string[] = []): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([name, count]) => count > 0 && !except.includes(name)));
}

/** What the controller's apps did not take, of what they count. */
const refusals = [
  ...[
    'packetInsIgnored',
    'tableFull',
    'claimsRefused',
    'macsDamped',
    'announcementsMalformed',
    'announcementsForged',
    'announcementsDropped',
  ],
  ...['addressMessagesIgnored', 'bindingsEvicted', 'bindingsRefused', 'groupMessagesIgnored', 'membershipsRefused'],
  ...['unknownDropped', 'unknownOverflow', 'directoryFull', 'directoryForged'],
];

function peers(node: OverlayNode): PeerReport[] {
  const views = new Map(node.links.all.map((view) => [view.peer, view]));
  return node.topology.links.map((link) => {
    const view = views.get(link.peer);
    const path = view?.tunnel?.path();
    const counters = view?.tunnel?.counters;
    return {
      nodeId: formatNodeId(link.peer),
      name: node.memberNames.get(link.peer),
      state: link.state,
      kind: kindOf(link),
      stateMs: Math.round(node.now() - link.since),
      port: node.switch.portOf(link.peer),
      rttMs: view?.rttMs,
      path: path && (path.localType === 'relay' || path.remoteType === 'relay' ? 'relay' : 'direct'),
      remoteAddress: path?.remoteAddress,
      rxBytes: counters?.rxBytes ?? 0,
      txBytes: counters?.txBytes ?? 0,
      txDropped: counters?.txDropped ?? 0,
    };
  });
}

/** Whether a peer that was lost is back. */
function isTrial({ state, mine }: Edge): boolean {
  return state === 'dialling' && mine === undefined;
}

function kindOf({ mine, theirs }: Edge): PeerKind {
  if (mine === 'successor') return theirs === 'successor' ? 'successor+predecessor' : 'successor';
  if (theirs === 'successor') return 'predecessor';
  if (mine !== undefined) return mine;
  return theirs === undefined || theirs === 'unknown' ? 'unwanted' : `${theirs} (in)`;
}

function macs(node: OverlayNode, config: NodeConfig): MacReport[] {
  const bySwitch = new Map(node.topology.members.map((id) => [switchIdOf(id), id]));
  return node.controller.hosts.map(({ mac, vlan, location, since, sequence, dampedUntil }) => {
    const id: NodeId | undefined = location.kind === 'local' ? node.id : bySwitch.get(location.switchId);
    return {
      mac: macText(mac),
      vlan,
      // A switch that is not known as a member yet has only the upper half of its node id to show.
      nodeId: id === undefined && location.kind === 'remote' ? hex(location.switchId, 16) : formatNodeId(id ?? node.id),
      name: location.kind === 'local' ? config.name : id === undefined ? undefined : node.memberNames.get(id),
      port: location.kind === 'local' ? location.port : undefined,
      knownMs: Math.round(node.now() - since),
      sequence,
      isDamped: node.now() < dampedUntil,
    };
  });
}

function hex(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
