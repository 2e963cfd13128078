import { type Action, type Message, PortNo } from '../../../ofp/index.ts';
import { type FloodCopy, FloodEngine } from '../../../switch/flood/index.ts';
import type { NodeId } from '../../../topology/index.ts';
import type { Links } from '../links/links.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { macAt } from '../switching/hosts.ts';
import { NetworkMap } from './network-map.ts';
import { nodeIdOf } from './node-id.ts';
import { fixedRules, known, knownBy, linkRules, networkFloodType, type Place, towards } from './rules.ts';

export interface BoundedFloodOptions {
  /** Of the network that is flooded. Called once there is one. */
  readonly links: () => Links;
  /** Hosts at one port of a switch. Default 1024. */
  readonly maxHostsPerPort?: number;
}

export interface FloodedHost {
  readonly mac: number;
  readonly sw: ManagedSwitch;
  readonly port: number;
  /** When it was learned there, ms. */
  readonly since: number;
}

interface Member {
  readonly id: NodeId;
  readonly engine: FloodEngine;
  /** Ports of links that have rules now. */
  links: ReadonlySet<number>;
}

const maxHosts = 16_384;
const ethernetHeader = 14;
const sourceOffset = 6;
const typeOffset = 12;
/** Windows are as long as this process lives, and so is the sequence. */
const epoch = 1;

/**
 * The app that floods by the core of bounded flooding (switch/flood) on switches that know nothing of it: what is for all comes to the
 * controller, goes from switch to switch over all links by packet-out, and is repaired where it got lost. What is for one host goes by rules, along
 * the tree of links that forward.
 */
export class BoundedFlood implements App {
  readonly name = 'bounded-flood';
  readonly owner = 4;
  readonly tables = 2;
  readonly needsStages = true;
  readonly counters = { learned: 0, moved: 0, aged: 0, tooMany: 0, ignored: 0, floodsForged: 0 };
  readonly #links: () => Links;
  readonly #maxPerPort: number;
  readonly #members = new Map<ManagedSwitch, Member>();
  readonly #byId = new Map<NodeId, ManagedSwitch>();
  readonly #hosts = new Map<number, FloodedHost>();
  /** How many hosts are at a port, by `portKey`. */
  readonly #perPort = new Map<string, number>();
  #place: Place = { cookie: cookieOf(this.owner), table: 0 };
  #map: NetworkMap | undefined;
  /** `recomputed` of the links when the map was made. */
  #mapOf = -1;

  constructor({ links, maxHostsPerPort = 1024 }: BoundedFloodOptions) {
    this.#links = links;
    this.#maxPerPort = maxHostsPerPort;
  }

  *hostsOf(sw: ManagedSwitch): Iterable<FloodedHost> {
    for (const host of this.#hosts.values()) if (host.sw === sw) yield host;
  }

  place({ table }: Stage): void {
    this.#place = { cookie: cookieOf(this.owner), table };
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    if (!this.#members.has(sw)) {
      const id = nodeIdOf(sw.datapathId);
      const engine = new FloodEngine({ self: id, epoch, etherType: networkFloodType });
      this.#members.set(sw, { id, engine, links: new Set() });
      this.#byId.set(id, sw);
    }
    for (const rule of fixedRules(this.#place)) sw.rules.put(rule);
    for (const rule of held) {
      const host = knownBy(this.#place, rule);
      if (host !== undefined && sw.ports.has(host.port)) this.#learn(sw, host.port, host.mac, now);
    }
    this.#map = undefined;
    for (const host of this.#hosts.values()) this.#putHost(sw, host);
  }

  disconnected(): void {
    this.#map = undefined;
  }

  forgotten(sw: ManagedSwitch): void {
    const member = this.#members.get(sw);
    for (const { mac } of [...this.hostsOf(sw)]) this.#forget(mac);
    this.#members.delete(sw);
    if (member !== undefined) this.#byId.delete(member.id);
    this.#map = undefined;
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    if (!sw.ports.get(no)?.isUp) this.#forgetAt(sw, (port) => port === no);
  }

  linksChanged(sw: ManagedSwitch, ports: ReadonlySet<number>): void {
    this.#forgetAt(sw, (port) => ports.has(port));
  }

  packetIn(sw: ManagedSwitch, message: PacketIn, inPort: number, now: number): boolean {
    const { data } = message;
    if (data.length < ethernetHeader) return false;
    if (((data[typeOffset]! << 8) | data[typeOffset + 1]!) === networkFloodType) this.#flooded(sw, inPort, data, now);
    else if (message.cookie !== this.#place.cookie) return false;
    else if (!this.#isLeaf(sw, inPort) || !this.#heard(sw, inPort, data, now)) this.counters.ignored += 1;
    else if (message.tableId > this.#place.table) this.#forward(sw, inPort, data, now);
    return true;
  }

  ruleGone(sw: ManagedSwitch, { tableId: table, ...rule }: Message<'flowRemoved'>): void {
    const gone = knownBy(this.#place, { ...rule, table });
    const host = gone && this.#hosts.get(gone.mac);
    if (host === undefined || host.sw !== sw || host.port !== gone?.port) return;
    this.counters.aged += 1;
    this.#forget(host.mac);
  }

  tick(now: number): void {
    const { recomputed } = this.#links().counters;
    if (this.#map === undefined || recomputed !== this.#mapOf) this.#survey(recomputed);
    for (const [sw, { engine }] of this.#members) if (engine.nextTick() <= now) this.#send(sw, engine.tick(now));
  }

  /** Looks at the network anew, and brings what follows from it in line. */
  #survey(recomputed: number): void {
    const map = new NetworkMap(this.#links());
    this.#map = map;
    this.#mapOf = recomputed;
    for (const [sw, member] of this.#members) {
      const neighbours = [...map.neighboursOf(sw).keys()];
      member.engine.setPeers(neighbours.flatMap((neighbour) => this.#members.get(neighbour)?.id ?? []));
      const links = new Set([...sw.ports.keys()].filter((no) => this.#links().portOf(sw, no)?.isLink));
      for (const no of member.links) {
        if (!links.has(no)) for (const rule of linkRules(this.#place, no)) sw.rules.remove(rule);
      }
      for (const no of links) for (const rule of linkRules(this.#place, no)) sw.rules.put(rule);
      member.links = links;
      for (const host of this.#hosts.values()) this.#putHost(sw, host);
    }
  }

  /** A port of hosts that may forward. */
  #isLeaf(sw: ManagedSwitch, port: number): boolean {
    return sw.forwarding.has(port) && !this.#links().portOf(sw, port)?.isLink;
  }

  /** False: it is not learned, as it has no host's address or there are too many. */
  #heard(sw: ManagedSwitch, port: number, data: Uint8Array, now: number): boolean {
    if ((data[sourceOffset]! & 1) === 1) return false;
    return this.#learn(sw, port, macAt(data, sourceOffset), now);
  }

  #learn(sw: ManagedSwitch, port: number, mac: number, now: number): boolean {
    const before = this.#hosts.get(mac);
    if (before?.sw === sw && before.port === port) return true;
    const place = portKey(sw, port);
    const count = this.#perPort.get(place) ?? 0;
    if (count >= this.#maxPerPort || (before === undefined && this.#hosts.size >= maxHosts)) {
      this.counters.tooMany += 1;
      return false;
    }
    if (before === undefined) this.counters.learned += 1;
    else {
      this.counters.moved += 1;
      this.#uncount(before);
      before.sw.rules.remove(known(this.#place, mac, before.port));
    }
    const host: FloodedHost = { mac, sw, port, since: now };
    this.#hosts.set(mac, host);
    this.#perPort.set(place, count + 1);
    for (const member of this.#members.keys()) this.#putHost(member, host);
    return true;
  }

  #forgetAt(sw: ManagedSwitch, isMeant: (port: number) => boolean): void {
    for (const { mac, port } of [...this.hostsOf(sw)]) if (isMeant(port)) this.#forget(mac);
  }

  #forget(mac: number): void {
    const host = this.#hosts.get(mac);
    if (host === undefined) return;
    this.#hosts.delete(mac);
    this.#uncount(host);
    host.sw.rules.remove(known(this.#place, mac, host.port));
    for (const sw of this.#members.keys()) sw.rules.remove(towards(this.#place, mac, host.port));
  }

  #uncount({ sw, port }: FloodedHost): void {
    const place = portKey(sw, port);
    const left = (this.#perPort.get(place) ?? 0) - 1;
    if (left > 0) this.#perPort.set(place, left);
    else this.#perPort.delete(place);
  }

  /** The rule that stops the copies comes last, so that none is missing once there are no more. */
  #putHost(sw: ManagedSwitch, host: FloodedHost): void {
    const port = sw === host.sw ? host.port : this.#map?.hop(sw, host.sw);
    if (port === undefined) sw.rules.remove(towards(this.#place, host.mac, 0));
    else sw.rules.put(towards(this.#place, host.mac, port));
    if (sw === host.sw) sw.rules.put(known(this.#place, host.mac, host.port));
  }

  /** A whole frame of a leaf port that no rule is for. */
  #forward(sw: ManagedSwitch, inPort: number, data: Uint8Array, now: number): void {
    const isGroup = (data[0]! & 1) === 1;
    const to = isGroup ? undefined : this.#hosts.get(macAt(data, 0));
    const port = to && (to.sw === sw ? to.port : this.#map?.hop(sw, to.sw));
    if (port !== undefined) {
      // Its rule is on its way.
      if (port !== inPort) sw.packetOut(inPort, { actions: [output(port)], data });
      return;
    }
    this.#deliver(sw, inPort, data);
    const engine = this.#members.get(sw)?.engine;
    if (engine !== undefined) this.#send(sw, engine.originate(data, now));
  }

  /** What a neighbour floods. */
  #flooded(sw: ManagedSwitch, inPort: number, data: Uint8Array, now: number): void {
    const member = this.#members.get(sw);
    const from = [...(this.#links().portOf(sw, inPort)?.heard ?? [])].find((port) => port.sw !== sw)?.sw;
    const neighbour = from && this.#members.get(from);
    if (member === undefined || neighbour === undefined) {
      this.counters.floodsForged += 1;
      return;
    }
    const { copies, inner } = member.engine.receive(neighbour.id, data, now);
    this.#send(sw, copies);
    if (inner !== undefined) this.#deliver(sw, PortNo.CONTROLLER, inner.frame);
  }

  #deliver(sw: ManagedSwitch, inPort: number, data: Uint8Array): void {
    const actions: Action[] = [];
    for (const port of sw.forwarding) if (port !== inPort && this.#isLeaf(sw, port)) actions.push(output(port));
    if (actions.length > 0) sw.packetOut(inPort, { actions, data });
  }

  #send(sw: ManagedSwitch, copies: readonly FloodCopy[]): void {
    for (const { to, frb } of copies) {
      const neighbour = this.#byId.get(to);
      const port = neighbour && this.#map?.neighboursOf(sw).get(neighbour);
      if (port !== undefined) sw.packetOut(PortNo.CONTROLLER, { actions: [output(port)], data: frb });
    }
  }
}

const output = (port: number): Action => ({ type: 'output', port, maxLen: 0 });
const portKey = ({ name }: ManagedSwitch, port: number): string => `${name}/${port}`;
