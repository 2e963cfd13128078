import type { Message } from '../../../ofp/index.ts';
import type { Links } from '../links/links.ts';
import { isGroupMac, macAt } from '../mac.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { Ageing, type AgeingCounters } from './ageing.ts';
import { type BanCounters, Bans } from './bans.ts';
import { Barriers } from './barriers.ts';
import { HostRules } from './host-rules.ts';
import { type Host, Hosts } from './hosts.ts';
import type { PairCounters } from './paired.ts';
import { Placing } from './placing.ts';
import { Relay, type RelayCounters } from './relay.ts';
import { Spreading, type SpreadingCounters } from './spreading.ts';
import { stagedTables } from './staged.ts';
import { Strangers } from './strangers.ts';
import { Survey } from './survey.ts';
import { Takeover } from './takeover.ts';

export interface LearningOptions {
  /** Hosts that are learned at one port of a switch. Default 1024. */
  readonly maxHostsPerPort?: number;
  /** Hosts that are learned in one network. Default 16384. */
  readonly maxHosts?: number;
  /** A network of more switches has one tree for all: otherwise each switch has a rule for each other one's. Default 64. */
  readonly maxTrees?: number;
}

export interface LearningCounters extends AgeingCounters, BanCounters, PairCounters, RelayCounters, SpreadingCounters {
  learned: number;
  moved: number;
  /** Frames of hosts that were not learned, since there were too many at their port or in their network. */
  tooMany: number;
  /** Frames from ports that do not forward, from links of nobody's hosts, without a sender, or too short. */
  ignored: number;
}

/** Rules are on their way for so long, ms; a host that turns up later lacks them. */
const underwayMs = 20;
const ethernetHeader = 14;
const sourceOffset = 6;

/** The app of a learning switch: frames go the shortest way to where their destination was seen last. */
export class Learning implements App {
  readonly name = 'learning';
  readonly owner = 2;
  readonly tables = stagedTables;
  readonly needsStages = false;
  readonly counters: LearningCounters = {
    ...{ learned: 0, moved: 0, aged: 0, relayed: 0, treesChanged: 0 },
    ...{ tooMany: 0, portsBanned: 0, hostsBanned: 0, pairsRefused: 0, ignored: 0 },
  };
  readonly #links: () => Links;
  readonly #hosts: Hosts;
  readonly #barriers = new Barriers();
  readonly #rules: HostRules;
  readonly #placing: Placing;
  readonly #relay: Relay;
  readonly #bans: Bans;
  readonly #takeover = new Takeover();
  readonly #survey: Survey;
  readonly #ageing: Ageing;
  readonly #strangers = new Strangers();

  constructor(options: LearningOptions & { readonly links: () => Links }) {
    const { links, maxHostsPerPort = 1024, maxHosts = 16_384, maxTrees = 64 } = options;
    const hosts = new Hosts({ perPort: maxHostsPerPort, perNetwork: maxHosts });
    const spreading = new Spreading(this.#barriers, (sw) => this.#survey.refresh(sw), this.counters);
    const rules = new HostRules(this.owner, links, hosts, spreading, this.counters);
    const placing = new Placing(hosts, rules, this.#barriers);
    this.#links = links;
    this.#hosts = hosts;
    this.#rules = rules;
    this.#placing = placing;
    this.#relay = new Relay(links, hosts, this.counters);
    this.#bans = new Bans((...ban) => rules.ban(...ban), this.counters);
    this.#ageing = new Ageing(hosts, rules, placing, this.counters);
    this.#survey = new Survey({ links, hosts, rules, placing, spreading, takeover: this.#takeover, maxTrees });
  }

  hostsOf(sw: ManagedSwitch): Iterable<Host> {
    return this.#hosts.of(sw);
  }

  place(stage: Stage): void {
    this.#rules.place(stage);
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    const { switches } = this.#survey;
    const isNew = !switches.has(sw);
    switches.add(sw);
    this.#bans.forget(sw);
    if (this.#takeover.connected(sw, held, isNew, now)) {
      for (const rule of held) sw.rules.put(rule);
      return;
    }
    if (isNew) this.#rules.adopt(sw, held, now);
    this.#survey.refresh(sw);
  }

  rulesBesides(sw: ManagedSwitch): Iterable<Rule> {
    return this.#takeover.isUnderWay ? [] : this.#rules.of(sw);
  }

  forgotten(sw: ManagedSwitch, now: number): void {
    this.#placing.forgetAt(sw, () => true);
    this.#survey.switches.delete(sw);
    this.#bans.forget(sw);
    this.#hosts.forget(sw);
    this.#rules.paired.switchForgotten(sw);
    this.networkChanged(now);
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    if (!sw.ports.get(no)?.isUp) this.#placing.forgetAt(sw, (port) => port === no);
  }

  forwardingChanged(sw: ManagedSwitch): void {
    this.#placing.forgetAt(sw, (port) => !sw.forwarding.has(port));
    this.#survey.refresh(sw);
  }

  networkChanged(now: number): void {
    this.#survey.networkChanged(now);
  }

  packetIn(sw: ManagedSwitch, message: PacketIn, inPort: number, now: number): boolean {
    const { data } = message;
    const isFrame = data.length >= ethernetHeader && (data[sourceOffset]! & 1) === 0;
    if (!isFrame || !this.#survey.switches.has(sw) || !sw.forwarding.has(inPort)) {
      this.counters.ignored += 1;
      return true;
    }
    const mac = macAt(data, sourceOffset);
    const host = this.#hosts.networkOf(sw).hosts.get(mac);
    const isHome = host?.sw === sw && host.port === inPort;
    const isInside = !isHome && this.#isInside(sw, message, inPort);
    if (isInside && !this.#mayEnter(sw, mac, host, inPort, now)) this.#pass(sw, host, message, inPort);
    else if (host === undefined) this.#learn(sw, mac, message, inPort, now);
    else {
      host.seenAt = now;
      if (isHome || this.#move(host, sw, inPort, now)) this.#enter(host, message, now);
    }
    return true;
  }

  ruleGone(sw: ManagedSwitch, rule: Message<'flowRemoved'>, now: number): void {
    this.#ageing.ruleGone(sw, rule, now);
  }

  tick(now: number): void {
    if (this.#takeover.isOver(this.#rules.staged, this.#links(), now)) this.#takeOver(now);
    this.#survey.tick(now);
    this.#placing.tick(now);
    this.#barriers.tick(now);
    this.#ageing.tick(this.#survey.switches, now);
  }

  /** A frame that comes in by a port of links. */
  #isInside(sw: ManagedSwitch, { tableId }: PacketIn, inPort: number): boolean {
    const isTransit = sw.isStaged && tableId === this.#rules.staged.transitSource;
    return isTransit || (this.#links().portOf(sw, inPort)?.isLink ?? false);
  }

  /** Whether a host is in a network of others that a port of links leads to, and that port the one that it is learned at. */
  #mayEnter(sw: ManagedSwitch, mac: number, host: Host | undefined, inPort: number, now: number): boolean {
    const port = this.#links().portOf(sw, inPort);
    if (host !== undefined || port === undefined || this.#takeover.isUnderWay) return false;
    // An operating system speaks for itself at ports that are its interfaces.
    if (port.segment.some(({ address }) => address === mac)) return false;
    if (!port.hasOthers) {
      if (this.#strangers.isThere(mac, now)) for (const each of port.segment) this.#links().share(each);
      return false;
    }
    return port.segment.find(({ isForwarding }) => isForwarding) === port;
  }

  /** A frame of a host of another switch. Those with tables for it know by themselves. */
  #pass(sw: ManagedSwitch, host: Host | undefined, message: PacketIn, inPort: number): void {
    const { paired } = this.#rules;
    const destination = macAt(message.data, 0);
    const network = this.#hosts.networkOf(sw);
    const way = sw.isStaged || host === undefined ? undefined : paired.wayOf(sw, network, host, destination, inPort);
    if (way === undefined || host === undefined) {
      this.counters.ignored += 1;
      return;
    }
    const isPair = isGroupMac(destination) || network.hosts.has(destination);
    if (isPair) paired.put(sw, host.mac, destination, way);
    this.#relay.send(sw, inPort, way.out, message);
  }

  /** A frame of a host that is known to be there. */
  #enter(host: Host, message: PacketIn, now: number): void {
    const { sw, port } = host;
    const { staged, paired } = this.#rules;
    if (!sw.isStaged) {
      const way = paired.wayOf(sw, this.#hosts.networkOf(sw), host, macAt(message.data, 0), port);
      if (way === undefined) this.#relay.deliver(sw, port, message);
      else this.#pass(sw, host, message, port);
      return;
    }
    if (message.cookie !== staged.copyCookie) this.#relay.deliver(sw, port, message);
    // Its rules were lost, or are still on their way.
    if (!host.isPlaced || message.tableId === staged.spread || now - host.sentAt < underwayMs) return;
    host.sentAt = now;
    this.#rules.send(sw, host);
  }

  #learn(sw: ManagedSwitch, mac: number, message: PacketIn, port: number, now: number): void {
    if (!this.#hosts.hasRoom(sw, port)) {
      this.#refuse(sw, port, now);
      return;
    }
    this.#strangers.delete(mac);
    const host = this.#hosts.add(mac, sw, port, now);
    this.counters.learned += 1;
    this.#placing.announce(host);
    this.#enter(host, message, now);
  }

  #refuse(sw: ManagedSwitch, port: number, now: number): void {
    this.counters.tooMany += 1;
    this.#bans.port(sw, port, now);
  }

  /** False: there is no room for it, or it moves too often, and was banned instead. */
  #move(host: Host, sw: ManagedSwitch, port: number, now: number): boolean {
    if (!this.#hosts.hasRoom(sw, port, true)) {
      this.#refuse(sw, port, now);
      return false;
    }
    if (this.#bans.isRestless(host, now)) {
      this.#placing.forget(host);
      this.#bans.host(host, [host.sw, sw]);
      return false;
    }
    const { staged } = this.#rules;
    this.counters.moved += 1;
    this.#rules.takeBackPairs(host);
    const before = { ...host };
    this.#hosts.move(host, sw, port, now);
    host.sentAt = now;
    this.#placing.announce(host);
    if (before.sw !== sw && sw.isStaged) sw.rules.sendRemoval(staged.transitRule(before));
    // Its frames do not pass there any more.
    if (before.sw.isStaged) before.sw.rules.sendRemoval(staged.sourceRule(before));
    return true;
  }

  /** All switches are there that rules tell of. */
  #takeOver(now: number): void {
    const adopted = this.#takeover.end();
    for (const [sw, held] of adopted) this.#rules.adopt(sw, held, now);
    if (adopted.size > 0) this.#survey.begin(adopted, now);
  }
}
