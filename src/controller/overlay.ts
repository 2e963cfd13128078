import {
  FlowRemovedReason,
  type KnownOxm,
  type Message,
  type OxmField,
  type OxmName,
  type OxmValue,
  PortReason,
} from '../../ofp/index.ts';
import { type NodeId, nextHop, switchIdOf } from '../../topology/index.ts';
import { type Host, type HostLocation, HostTable, sameLocation } from './hosts.ts';
import { hostRules, portRules, type Rule, routeRule, type SwitchPorts, Table } from './pipeline.ts';
import { floodPortName, isPeerPortName, peerPortName } from './ports.ts';
import { type FlowChange, removeAll, ruleChanges } from './rules.ts';

type PortDesc = Message<'portStatus'>['desc'];

export interface OverlayCounters {
  packetIns: number;
  learned: number;
  moved: number;
  aged: number;
  /** Hosts not learned since the table was full. */
  tableFull: number;
  /** Packet-ins that taught nothing: no place to learn from, or too short. */
  ignored: number;
}

export interface OverlayOptions {
  readonly self: NodeId;
  /** Takes changes of the switch's rules, in order. */
  readonly send: (changes: readonly FlowChange[]) => void;
}

const ethernetHeader = 14;
const sourceOffset = 6;

/**
 * The app that makes a switch part of an overlay: learns which MAC is behind which switch, keeps a next hop for every
 * switch, and sends broadcast to the flood port. Pure: messages of the switch and adjacency come in, rules go out.
 */
export class OverlayController {
  readonly counters: OverlayCounters = { packetIns: 0, learned: 0, moved: 0, aged: 0, tableFull: 0, ignored: 0 };
  readonly #self: NodeId;
  readonly #selfSwitch: bigint;
  readonly #send: OverlayOptions['send'];
  readonly #hosts = new HostTable();
  readonly #portNames = new Map<number, string>();
  /** Rules of ports and routes that the switch holds; those of hosts follow from the host table. */
  #rules: readonly Rule[] = [];
  #neighbours: readonly NodeId[] = [];
  #members: readonly NodeId[] = [];

  constructor(options: OverlayOptions) {
    this.#self = options.self;
    this.#selfSwitch = switchIdOf(options.self);
    this.#send = options.send;
  }

  get hosts(): Host[] {
    return this.#hosts.all;
  }

  /** The switch connected and listed its ports: it is emptied and set up. */
  connected(ports: readonly PortDesc[]): void {
    this.#portNames.clear();
    for (const port of ports) this.#portNames.set(port.portNo, port.name);
    this.#send([removeAll()]);
    this.#rules = [];
    this.#update();
    for (const host of this.#hosts.all) this.#replaceHost(undefined, host);
  }

  portStatus(message: Message<'portStatus'>): void {
    const { portNo, name } = message.desc;
    if (message.reason !== PortReason.DELETE) this.#portNames.set(portNo, name);
    else if (this.#portNames.delete(portNo)) this.#forgetPlace({ kind: 'local', port: portNo });
    this.#update();
  }

  /** Which links are up, and who is in the overlay. Hosts at switches that left are forgotten. */
  adjacency(neighbours: readonly NodeId[], members: readonly NodeId[]): void {
    const left = new Set(this.#members);
    for (const id of members) left.delete(id);
    this.#neighbours = neighbours;
    this.#members = members;
    for (const id of left) this.#forgetPlace({ kind: 'remote', switchId: switchIdOf(id) });
    this.#update();
  }

  packetIn(message: Message<'packetIn'>, now: number): void {
    this.counters.packetIns += 1;
    const location = this.#locationOf(message.match);
    if (location === undefined || message.data.length < ethernetHeader) {
      this.counters.ignored += 1;
      return;
    }
    const mac = message.data.subarray(sourceOffset, sourceOffset + 6);
    const before = this.#hosts.get(mac);
    const result = this.#hosts.learn(mac, location, now);
    if (result === 'full') this.counters.tableFull += 1;
    // A frame of a known host comes up while its rules are on their way, or after the switch lost them.
    if (result === 'known' || result === 'full') return;
    this.counters[result] += 1;
    this.#replaceHost(before, this.#hosts.get(mac));
  }

  flowRemoved(message: Message<'flowRemoved'>): void {
    if (message.tableId !== Table.source || message.reason !== FlowRemovedReason.IDLE_TIMEOUT) return;
    const mac = fieldOf(message.match, 'eth_src');
    const location = this.#locationOf(message.match);
    if (mac === undefined || location === undefined) return;
    const host = this.#hosts.get(mac);
    // A host that moved meanwhile has other rules by now.
    if (host === undefined || !sameLocation(host.location, location)) return;
    this.counters.aged += 1;
    this.#hosts.forget(mac);
    this.#replaceHost(host, undefined);
  }

  #update(): void {
    const ports = this.#ports();
    const wanted = ports === undefined ? [] : [...portRules(this.#selfSwitch, ports), ...this.#routes(ports)];
    this.#send(ruleChanges(this.#rules, wanted));
    this.#rules = wanted;
  }

  #ports(): SwitchPorts | undefined {
    const byName = new Map([...this.#portNames].map(([port, name]) => [name, port]));
    const flood = byName.get(floodPortName);
    if (flood === undefined) return undefined;
    const peers = new Map<bigint, number>();
    for (const id of this.#neighbours) {
      const port = byName.get(peerPortName(id));
      if (port !== undefined) peers.set(switchIdOf(id), port);
    }
    const leaves = [...this.#portNames].filter(([, name]) => name !== floodPortName && !isPeerPortName(name));
    return { flood, peers, leaves: leaves.map(([port]) => port) };
  }

  #routes(ports: SwitchPorts) {
    const linked = this.#neighbours.filter((id) => ports.peers.has(switchIdOf(id)));
    return this.#members.flatMap((target) => {
      const hop = nextHop(this.#self, linked, target);
      return hop === undefined ? [] : [routeRule(switchIdOf(target), ports.peers.get(switchIdOf(hop))!)];
    });
  }

  /** From a packet-in, or the match of a rule in table `source`. */
  #locationOf(match: readonly OxmField[]): HostLocation | undefined {
    const metadata = fieldOf(match, 'metadata');
    if (metadata !== undefined && metadata !== 0n) return { kind: 'remote', switchId: metadata };
    const port = fieldOf(match, 'in_port');
    if (port === undefined) return undefined;
    const name = this.#portNames.get(port);
    if (name === undefined || name === floodPortName || isPeerPortName(name)) return undefined;
    return { kind: 'local', port };
  }

  #forgetPlace(location: HostLocation): void {
    for (const host of this.#hosts.forgetPlace(location)) this.#replaceHost(host, undefined);
  }

  #replaceHost(before: Host | undefined, after: Host | undefined): void {
    const rulesOf = (host: Host | undefined) =>
      host === undefined ? [] : hostRules(host.mac, host.location, this.#selfSwitch);
    this.#send(ruleChanges(rulesOf(before), rulesOf(after)));
  }
}

function fieldOf<K extends OxmName>(match: readonly OxmField[], name: K): OxmValue<K> | undefined {
  const found = match.find((field): field is KnownOxm<K> & OxmField => field.field === name);
  return found?.value;
}
