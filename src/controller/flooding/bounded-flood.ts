import { type Action, type Message, PortNo } from '../../../ofp/index.ts';
import { type FloodCopy, FloodEngine } from '../../../switch/flood/index.ts';
import type { NodeId } from '../../../topology/index.ts';
import type { Links } from '../links/links.ts';
import { isGroupMac, macAt } from '../mac.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { Bans } from '../switching/bans.ts';
import { type Host, Hosts, type Network } from '../switching/hosts.ts';
import { nodeIdOf } from './node-id.ts';
import { banRule, fixedRules, knownBy, knownRule, linkRules, networkFloodType, type Place, towards } from './rules.ts';

export interface BoundedFloodOptions {
  /** Of the network that is flooded. Called once there is one. */
  readonly links: () => Links;
  /** Hosts at one port of a switch. Default 1024. */
  readonly maxHostsPerPort?: number;
}

interface Member {
  readonly id: NodeId;
  readonly engine: FloodEngine;
  /** Ports of links that have rules now. */
  links: ReadonlySet<number>;
  /** The port of the link to each switch that is joined with it directly. */
  neighbours: ReadonlyMap<ManagedSwitch, number>;
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
 * the shortest ways.
 */
export class BoundedFlood implements App {
  readonly name = 'bounded-flood';
  readonly owner = 4;
  readonly tables = 2;
  readonly needsStages = true;
  readonly counters = {
    ...{ learned: 0, moved: 0, aged: 0, tooMany: 0, portsBanned: 0, hostsBanned: 0, ignored: 0, floodsForged: 0 },
  };
  readonly #links: () => Links;
  readonly #members = new Map<ManagedSwitch, Member>();
  readonly #byId = new Map<NodeId, ManagedSwitch>();
  readonly #hosts: Hosts;
  readonly #bans = new Bans((sw, ...ban) => sw.rules.send(banRule(this.#place, ...ban)), this.counters);
  #place: Place = { cookie: cookieOf(this.owner), table: 0 };

  constructor({ links, maxHostsPerPort = 1024 }: BoundedFloodOptions) {
    this.#links = links;
    this.#hosts = new Hosts({ perPort: maxHostsPerPort, perNetwork: maxHosts });
  }

  hostsOf(sw: ManagedSwitch): Iterable<Host> {
    return this.#hosts.of(sw);
  }

  place({ table }: Stage): void {
    this.#place = { cookie: cookieOf(this.owner), table };
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    if (!this.#members.has(sw)) {
      const id = nodeIdOf(sw.datapathId);
      const engine = new FloodEngine({ self: id, epoch, etherType: networkFloodType });
      this.#members.set(sw, { id, engine, links: new Set(), neighbours: new Map() });
      this.#byId.set(id, sw);
    }
    this.#bans.forget(sw);
    for (const rule of fixedRules(this.#place)) sw.rules.put(rule);
    for (const rule of held) {
      const host = knownBy(this.#place, rule);
      if (host !== undefined && sw.ports.has(host.port)) this.#learn(sw, host.port, host.mac, now);
    }
    this.#putHosts(sw);
  }

  forgotten(sw: ManagedSwitch): void {
    const member = this.#members.get(sw);
    for (const host of [...this.hostsOf(sw)]) this.#forget(host);
    this.#members.delete(sw);
    this.#bans.forget(sw);
    this.#hosts.forget(sw);
    if (member !== undefined) this.#byId.delete(member.id);
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    if (!sw.ports.get(no)?.isUp) this.#forgetAt(sw, (port) => port === no);
  }

  /** Brings what follows from the network in line. */
  networkChanged(): void {
    const { paths } = this.#links();
    for (const sw of this.#members.keys()) this.#forgetAt(sw, (port) => this.#isLink(sw, port));
    for (const [sw, before] of this.#hosts.regroup(this.#members.keys(), (each) => paths.partOf(each))) {
      const { hosts } = this.#hosts.networkOf(sw);
      for (const host of before.hosts.values()) if (!hosts.has(host.mac)) this.#takeBack(sw, host);
    }
    for (const [sw, member] of this.#members) {
      member.neighbours = paths.neighboursOf(sw);
      member.engine.setPeers([...member.neighbours.keys()].flatMap((each) => this.#members.get(each)?.id ?? []));
      const links = new Set(
        this.#links()
          .linksOf(sw)
          .map(({ no }) => no),
      );
      for (const no of member.links) {
        if (!links.has(no)) for (const rule of linkRules(this.#place, no)) sw.rules.remove(rule);
      }
      for (const no of links) for (const rule of linkRules(this.#place, no)) sw.rules.put(rule);
      member.links = links;
      this.#putHosts(sw);
    }
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
    const host = gone && this.#networkOf(sw).hosts.get(gone.mac);
    if (host === undefined || host.sw !== sw || host.port !== gone?.port) return;
    this.counters.aged += 1;
    this.#forget(host);
  }

  tick(now: number): void {
    for (const [sw, { engine }] of this.#members) if (engine.nextTick() <= now) this.#send(sw, engine.tick(now));
  }

  #networkOf(sw: ManagedSwitch): Network {
    return this.#hosts.networkOf(sw);
  }

  #isLink(sw: ManagedSwitch, port: number): boolean {
    return this.#links().portOf(sw, port)?.isLink ?? false;
  }

  /** A port of hosts that may forward. */
  #isLeaf(sw: ManagedSwitch, port: number): boolean {
    return sw.forwarding.has(port) && !this.#isLink(sw, port);
  }

  /** False: it is not learned, as it has no host's address or there are too many. */
  #heard(sw: ManagedSwitch, port: number, data: Uint8Array, now: number): boolean {
    if ((data[sourceOffset]! & 1) === 1) return false;
    return this.#learn(sw, port, macAt(data, sourceOffset), now);
  }

  #learn(sw: ManagedSwitch, port: number, mac: number, now: number): boolean {
    const { hosts, switches } = this.#networkOf(sw);
    const known = hosts.get(mac);
    if (known?.sw === sw && known.port === port) return true;
    if (!this.#hosts.hasRoom(sw, port, known !== undefined)) {
      this.counters.tooMany += 1;
      this.#bans.port(sw, port, now);
      return false;
    }
    if (known !== undefined && this.#bans.isRestless(known, now)) {
      this.#forget(known);
      this.#bans.host(known, [known.sw, sw]);
      return false;
    }
    if (known === undefined) this.counters.learned += 1;
    else {
      this.counters.moved += 1;
      known.sw.rules.remove(knownRule(this.#place, mac, known.port));
      this.#hosts.move(known, sw, port, now);
    }
    const host = known ?? this.#hosts.add(mac, sw, port, now);
    for (const each of switches) this.#putHost(each, host);
    return true;
  }

  #forgetAt(sw: ManagedSwitch, isMeant: (port: number) => boolean): void {
    for (const host of [...this.hostsOf(sw)]) if (isMeant(host.port)) this.#forget(host);
  }

  #forget(host: Host): void {
    const { switches } = this.#networkOf(host.sw);
    if (this.#hosts.remove(host)) for (const sw of switches) this.#takeBack(sw, host);
  }

  #takeBack(sw: ManagedSwitch, { mac, port }: Host): void {
    sw.rules.remove(knownRule(this.#place, mac, port));
    sw.rules.remove(towards(this.#place, mac, port));
  }

  #putHosts(sw: ManagedSwitch): void {
    for (const host of this.#networkOf(sw).hosts.values()) this.#putHost(sw, host);
  }

  /** The rule that stops the copies comes last, so that none is missing once there are no more. */
  #putHost(sw: ManagedSwitch, host: Host): void {
    const port = this.#portTo(sw, host);
    if (port === undefined) sw.rules.remove(towards(this.#place, host.mac, 0));
    else sw.rules.put(towards(this.#place, host.mac, port));
    if (sw === host.sw) sw.rules.put(knownRule(this.#place, host.mac, host.port));
  }

  #portTo(sw: ManagedSwitch, { sw: at, port }: Host): number | undefined {
    return sw === at ? port : this.#links().paths.hop(sw, at);
  }

  /** A whole frame of a leaf port that no rule is for. */
  #forward(sw: ManagedSwitch, inPort: number, data: Uint8Array, now: number): void {
    const destination = macAt(data, 0);
    const to = isGroupMac(destination) ? undefined : this.#networkOf(sw).hosts.get(destination);
    const port = to && this.#portTo(sw, to);
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
      const port = neighbour && this.#members.get(sw)?.neighbours.get(neighbour);
      if (port !== undefined) sw.packetOut(PortNo.CONTROLLER, { actions: [output(port)], data: frb });
    }
  }
}

const output = (port: number): Action => ({ type: 'output', port, maxLen: 0 });
