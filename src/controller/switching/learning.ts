import { type Message, NO_BUFFER, PortNo } from '../../../ofp/index.ts';
import type { Links } from '../links/links.ts';
import type { Tree } from '../links/paths.ts';
import { isGroupMac, macAt } from '../mac.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { Barriers } from './barriers.ts';
import { ageSeconds, type Host, Hosts, type Network } from './hosts.ts';
import { PairedRules } from './paired.ts';
import { Spreading } from './spreading.ts';
import { StagedRules, stagedTables } from './staged.ts';
import { Strangers } from './strangers.ts';
import { Takeover } from './takeover.ts';

export interface LearningOptions {
  /** Hosts that are learned at one port of a switch. Default 1024. */
  readonly maxHostsPerPort?: number;
  /** Hosts that are learned in one network. Default 16384. */
  readonly maxHosts?: number;
  /** A network of more switches has one tree for all: otherwise each switch has a rule for each other one's. Default 64. */
  readonly maxTrees?: number;
}

export interface LearningCounters {
  learned: number;
  moved: number;
  aged: number;
  /** Frames for everybody that the controller sent to all ports of hosts. */
  relayed: number;
  /** Trees that were exchanged for others. */
  treesChanged: number;
  /** Frames of hosts that were not learned, since there were too many at their port or in their network. */
  tooMany: number;
  /** Ports that were banned for it, and hosts that were banned since they moved too often. */
  portsBanned: number;
  hostsBanned: number;
  /** Frames from ports that do not forward, from links of nobody's hosts, without a sender, or too short. */
  ignored: number;
}

/** A host that moves more often than so many times in so many ms is at two places at once, or behind a loop. */
const maxMoves = 5;
const movesMs = 10_000;
const banSeconds = 10;
/** Silent hosts of switches with a single table are looked for so often, ms. */
const sweepMs = 10_000;
/** Rules are on their way for so long, ms; a host that turns up later lacks them. */
const underwayMs = 20;
/** Where there are more than so many switches, what follows from a change of links is worked out so often, ms. */
const many = 64;
const manyMs = 1_000;
const ethernetHeader = 14;
const sourceOffset = 6;

/** The app of a learning switch: frames go the shortest way to where their destination was seen last. */
export class Learning implements App {
  readonly name = 'learning';
  readonly owner = 2;
  readonly tables = stagedTables;
  readonly needsStages = false;
  readonly counters: LearningCounters = {
    ...{
      learned: 0,
      moved: 0,
      aged: 0,
      relayed: 0,
      treesChanged: 0,
      tooMany: 0,
      portsBanned: 0,
      hostsBanned: 0,
      ignored: 0,
    },
  };
  readonly #links: () => Links;
  readonly #maxPerPort: number;
  readonly #max: number;
  readonly #maxTrees: number;
  readonly #hosts = new Hosts();
  readonly #switches = new Set<ManagedSwitch>();
  readonly #barriers = new Barriers();
  readonly #spreading = new Spreading(this.#barriers, (sw) => this.#refresh(sw), this.counters);
  readonly #paired: PairedRules;
  #staged: StagedRules;
  readonly #takeover = new Takeover();
  readonly #strangers = new Strangers();
  /** When the ban of a port ends, ms. */
  readonly #bans = new Map<ManagedSwitch, Map<number, number>>();
  /** Hosts that not all switches have been told of. */
  #unplaced = new Set<Host>();
  #sweepAt = 0;
  #surveyAt: number | undefined;
  #surveyedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LearningOptions & { readonly links: () => Links }) {
    const { links, maxHostsPerPort = 1024, maxHosts = 16_384, maxTrees = 64 } = options;
    this.#links = links;
    this.#maxTrees = maxTrees;
    this.#maxPerPort = maxHostsPerPort;
    this.#max = maxHosts;
    this.#paired = new PairedRules(this.owner, links, this.#spreading);
    this.#staged = new StagedRules(this.owner, { table: 0, next: stagedTables }, links, this.#spreading);
  }

  hostsOf(sw: ManagedSwitch): Iterable<Host> {
    return this.#hosts.of(sw);
  }

  place(stage: Stage): void {
    this.#staged = new StagedRules(this.owner, stage, this.#links, this.#spreading);
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    const isNew = !this.#switches.has(sw);
    this.#switches.add(sw);
    this.#bans.delete(sw);
    if (this.#takeover.connected(sw, held, isNew, now)) {
      for (const rule of held) sw.rules.put(rule);
      return;
    }
    if (isNew) this.#adopt(sw, held, now);
    this.#refresh(sw);
  }

  rulesBesides(sw: ManagedSwitch): Iterable<Rule> {
    return this.#takeover.isUnderWay ? [] : this.#hostRules(sw);
  }

  forgotten(sw: ManagedSwitch, now: number): void {
    for (const host of [...this.#hosts.of(sw)]) this.#forget(host);
    this.#switches.delete(sw);
    this.#bans.delete(sw);
    this.#hosts.forget(sw);
    this.#paired.switchForgotten(sw);
    this.networkChanged(now);
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    if (!sw.ports.get(no)?.isUp) this.#forgetAt(sw, (port) => port === no);
  }

  forwardingChanged(sw: ManagedSwitch): void {
    this.#forgetAt(sw, (port) => !sw.forwarding.has(port));
    this.#refresh(sw);
  }

  networkChanged(now: number): void {
    if (this.#takeover.isUnderWay) return;
    if (this.#switches.size <= many || now - this.#surveyedAt >= manyMs) this.#survey(now);
    else this.#surveyAt ??= this.#surveyedAt + manyMs;
  }

  packetIn(sw: ManagedSwitch, message: PacketIn, inPort: number, now: number): boolean {
    const { data } = message;
    const isFrame = data.length >= ethernetHeader && (data[sourceOffset]! & 1) === 0;
    if (!isFrame || !this.#switches.has(sw) || !sw.forwarding.has(inPort)) {
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
    if (sw.isStaged) {
      const gone = this.#staged.hostOf({ ...rule, table: rule.tableId });
      const host = gone && this.#hosts.networkOf(sw).hosts.get(gone.mac);
      // A host that moved meanwhile has another rule by now.
      if (host?.sw !== sw || host.port !== gone?.port) return;
      this.counters.aged += 1;
      this.#forget(host);
      return;
    }
    const mac = this.#paired.gone(sw, rule);
    const host = mac === undefined ? undefined : this.#hosts.networkOf(sw).hosts.get(mac);
    // It was heard until the rule began to be idle.
    if (host?.sw === sw) host.seenAt = Math.max(host.seenAt, now - rule.idleTimeout * 1000);
  }

  tick(now: number): void {
    if (this.#takeover.isOver(this.#staged, this.#links(), now)) this.#takeOver(now);
    if (this.#surveyAt !== undefined && now >= this.#surveyAt) this.#survey(now);
    this.#placeHosts(now);
    this.#barriers.tick(now);
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + sweepMs;
    for (const sw of this.#switches) {
      if (sw.isStaged) continue;
      for (const host of [...this.#hosts.of(sw)]) {
        if (now - host.seenAt <= ageSeconds * 1000 || this.#paired.sends(sw, host.mac)) continue;
        this.counters.aged += 1;
        this.#forget(host);
      }
    }
  }

  /** A frame that comes in by a port of links. */
  #isInside(sw: ManagedSwitch, { tableId }: PacketIn, inPort: number): boolean {
    return (
      (sw.isStaged && tableId === this.#staged.transitSource) || (this.#links().portOf(sw, inPort)?.isLink ?? false)
    );
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
    const destination = macAt(message.data, 0);
    const network = this.#hosts.networkOf(sw);
    const way =
      sw.isStaged || host === undefined ? undefined : this.#paired.wayOf(sw, network, host, destination, inPort);
    if (way === undefined || host === undefined) {
      this.counters.ignored += 1;
      return;
    }
    const isPair = isGroupMac(destination) || network.hosts.has(destination);
    if (isPair) this.#paired.put(sw, host.mac, destination, way);
    this.#send(sw, inPort, way.out, message);
  }

  /** A frame of a host that is known to be there. */
  #enter(host: Host, message: PacketIn, now: number): void {
    const { sw, port } = host;
    if (!sw.isStaged) {
      const destination = macAt(message.data, 0);
      const network = this.#hosts.networkOf(sw);
      const way = this.#paired.wayOf(sw, network, host, destination, port);
      if (way === undefined) this.#relay(sw, port, message);
      else this.#pass(sw, host, message, port);
      return;
    }
    if (message.cookie !== this.#staged.copyCookie) this.#relay(sw, port, message);
    // Its rules were lost, or are still on their way.
    if (!host.isPlaced || message.tableId === this.#staged.spread || now - host.sentAt < underwayMs) return;
    host.sentAt = now;
    for (const rule of this.#staged.ofHost(sw, host)) sw.rules.send(rule);
  }

  #learn(sw: ManagedSwitch, mac: number, message: PacketIn, port: number, now: number): void {
    const { hosts } = this.#hosts.networkOf(sw);
    if (this.#hosts.countAt(sw, port) >= this.#maxPerPort || hosts.size >= this.#max) {
      this.counters.tooMany += 1;
      this.#banPort(sw, port, now);
      return;
    }
    const host = this.#hosts.add(mac, sw, port, now);
    this.counters.learned += 1;
    this.#announce(host);
    this.#enter(host, message, now);
  }

  /** False: it moves too often, and was banned instead. */
  #move(host: Host, sw: ManagedSwitch, port: number, now: number): boolean {
    if (now - host.movesSince > movesMs) Object.assign(host, { moves: 0, movesSince: now });
    host.moves += 1;
    if (host.moves > maxMoves) {
      this.counters.hostsBanned += 1;
      this.#forget(host);
      for (const each of new Set([host.sw, sw]))
        each.rules.send(this.#rulesOf(each).ban({ mac: host.mac }, banSeconds));
      return false;
    }
    this.counters.moved += 1;
    this.#forgetPairs(host);
    const before = { ...host };
    this.#hosts.move(host, sw, port, now);
    host.sentAt = now;
    this.#announce(host);
    if (before.sw !== sw && sw.isStaged) sw.rules.sendRemoval(this.#staged.transitRule(before));
    if (!before.sw.isStaged) return true;
    // Its frames do not pass there any more.
    before.sw.rules.sendRemoval(this.#staged.sourceRule(before));
    return true;
  }

  /** Tells all switches where a host is; its own lets its frames pass when the others know. */
  #announce(host: Host): void {
    const { switches } = this.#hosts.networkOf(host.sw);
    host.isPlaced = switches.length === 1;
    for (const sw of switches) {
      if (sw.isStaged) for (const rule of this.#staged.ofHost(sw, host)) sw.rules.send(rule);
    }
    if (!host.isPlaced) this.#unplaced.add(host);
  }

  #placeHosts(now: number): void {
    if (this.#unplaced.size === 0) return;
    const hosts = [...this.#unplaced].filter((host) => this.#hosts.has(host));
    this.#unplaced.clear();
    const networks = new Set(hosts.map(({ sw }) => this.#hosts.networkOf(sw)));
    const sinces = hosts.map(({ since }) => since);
    this.#barriers.after(
      [...networks].flatMap(({ switches }) => switches),
      now,
      () => {
        for (const [i, host] of hosts.entries()) {
          // One that moved meanwhile waits for other barriers.
          if (!this.#hosts.has(host) || host.since !== sinces[i]) continue;
          host.isPlaced = true;
          if (host.sw.isStaged) host.sw.rules.send(this.#staged.sourceRule(host));
        }
      },
    );
  }

  /** Sends a frame to where it is to go, past all switches. */
  #relay(sw: ManagedSwitch, inPort: number, message: PacketIn): void {
    const network = this.#hosts.networkOf(sw);
    const to = network.hosts.get(macAt(message.data, 0));
    if (to !== undefined) {
      if (to.sw === sw)
        this.#send(
          sw,
          inPort,
          [to.port].filter((port) => port !== inPort),
          message,
        );
      else if (this.#links().paths.hop(sw, to.sw) !== inPort) this.#deliver(to.sw, [to.port], message);
      return;
    }
    this.counters.relayed += 1;
    for (const each of network.switches) {
      if (!each.isConnected) continue;
      const leaves = this.#links().leavesOf(each);
      if (each === sw)
        this.#send(
          sw,
          inPort,
          leaves.filter((port) => port !== inPort),
          message,
        );
      else this.#deliver(each, leaves, message);
    }
  }

  /** At another switch than the one where it came in. */
  #deliver(sw: ManagedSwitch, out: readonly number[], message: PacketIn): void {
    this.#send(sw, PortNo.CONTROLLER, sw.isStaged ? [PortNo.TABLE] : out, message);
  }

  #send(sw: ManagedSwitch, inPort: number, out: readonly number[], { bufferId, data }: PacketIn): void {
    if (out.length === 0) return;
    const actions = out.map((port) => ({ type: 'output' as const, port, maxLen: 0 }));
    if (bufferId === NO_BUFFER || inPort === PortNo.CONTROLLER) sw.packetOut(inPort, { actions, data });
    else sw.packetOut(inPort, { actions, bufferId, data: noData });
  }

  #banPort(sw: ManagedSwitch, port: number, now: number): void {
    const bans: Map<number, number> = this.#bans.get(sw) ?? new Map();
    this.#bans.set(sw, bans);
    if ((bans.get(port) ?? 0) > now) return;
    bans.set(port, now + banSeconds * 1000);
    this.counters.portsBanned += 1;
    sw.rules.send(this.#rulesOf(sw).ban({ port }, banSeconds));
  }

  #rulesOf(sw: ManagedSwitch): StagedRules | PairedRules {
    return sw.isStaged ? this.#staged : this.#paired;
  }

  #forgetAt(sw: ManagedSwitch, isMeant: (port: number) => boolean): void {
    for (const host of [...this.#hosts.of(sw)]) if (isMeant(host.port)) this.#forget(host);
  }

  #forget(host: Host): void {
    const { switches } = this.#hosts.networkOf(host.sw);
    this.#forgetPairs(host);
    if (!this.#hosts.remove(host)) return;
    for (const sw of switches) if (sw.isStaged) this.#takeBack(sw, host);
  }

  #takeBack(sw: ManagedSwitch, host: Host): void {
    for (const rule of this.#staged.ofHost(sw, host)) sw.rules.sendRemoval(rule);
  }

  #forgetPairs({ sw, mac }: Host): void {
    for (const each of this.#hosts.networkOf(sw).switches) if (!each.isStaged) this.#paired.forget(each, mac);
  }

  *#hostRules(sw: ManagedSwitch): Iterable<Rule> {
    if (!sw.isStaged) yield* this.#paired.rulesOf(sw);
    else for (const host of this.#hosts.networkOf(sw).hosts.values()) yield* this.#staged.ofHost(sw, host);
  }

  /** Takes up the hosts that the rules of a switch tell of. */
  #adopt(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    if (!sw.isStaged) this.#paired.adopt(sw, held);
    const heard = sw.isStaged ? held.flatMap((rule) => this.#staged.hostOf(rule) ?? []) : this.#paired.heard(sw);
    const { hosts } = this.#hosts.networkOf(sw);
    for (const { mac, port } of heard) {
      const isLeaf = sw.ports.has(port) && !this.#links().portOf(sw, port)?.isLink;
      if (!isLeaf || hosts.has(mac) || this.#hosts.countAt(sw, port) >= this.#maxPerPort || hosts.size >= this.#max)
        continue;
      this.#hosts.add(mac, sw, port, now).isPlaced = true;
    }
  }

  /** What follows from how switches are joined now. */
  #survey(now: number): void {
    this.#surveyAt = undefined;
    this.#surveyedAt = now;
    const { paths } = this.#links();
    for (const sw of this.#switches) {
      // What leads to other switches is no place for a host.
      this.#forgetAt(sw, (no) => {
        const port = this.#links().portOf(sw, no);
        return port?.isLink === true && !port.hasOthers;
      });
    }
    for (const [sw, before] of this.#hosts.regroup(this.#switches, (each) => paths.partOf(each)))
      this.#joined(sw, before);
    for (const sw of this.#switches) this.#refresh(sw);
    this.#spreading.change(this.#trees(), now);
  }

  /** A switch gets to know the hosts of a network that it became a part of, and those that it is parted from it forgets. */
  #joined(sw: ManagedSwitch, { hosts: before }: Network): void {
    if (!sw.isStaged) return;
    const { hosts } = this.#hosts.networkOf(sw);
    for (const host of before.values()) if (!hosts.has(host.mac)) this.#takeBack(sw, host);
    for (const host of hosts.values()) {
      if (before.get(host.mac) === host) continue;
      for (const rule of this.#staged.ofHost(sw, host)) sw.rules.send(rule);
    }
  }

  #trees(): Map<ManagedSwitch, Tree> {
    const { paths } = this.#links();
    const trees = new Map<ManagedSwitch, Tree>();
    for (const sw of this.#switches) {
      const { switches } = this.#hosts.networkOf(sw);
      trees.set(sw, paths.treeOf(switches.length > this.#maxTrees ? switches[0]! : sw));
    }
    return trees;
  }

  /** Brings in line what a switch holds for the network; hosts are told of one by one. */
  #refresh(sw: ManagedSwitch): void {
    if (!this.#switches.has(sw) || this.#takeover.heldBy(sw) !== undefined) return;
    const network = this.#hosts.networkOf(sw);
    if (sw.isStaged) sw.rules.hold(this.#staged.cookies, this.#staged.ofNetwork(sw, network.switches));
    else this.#paired.review(sw, network);
  }

  /** All switches are there that rules tell of: what they hold is compared with what they are to hold. */
  #takeOver(now: number): void {
    const adopted = this.#takeover.end();
    if (adopted.size === 0) return;
    for (const [sw, held] of adopted) this.#adopt(sw, held, now);
    const { paths } = this.#links();
    this.#hosts.regroup(this.#switches, (each) => paths.partOf(each));
    const trees = this.#trees();
    this.#spreading.begin(trees);
    const isAsHeld = [...adopted.keys()].every((sw) => {
      const { switches } = this.#hosts.networkOf(sw);
      return !sw.isStaged || this.#staged.ofNetwork(sw, switches).every((rule) => sw.rules.holds(rule));
    });
    if (!isAsHeld) this.#spreading.begin(new Map());
    for (const [sw] of adopted) {
      for (const rule of this.#hostRules(sw)) if (!sw.rules.release(rule)) sw.rules.send(rule);
    }
    this.#survey(now);
  }
}

const noData = new Uint8Array(0);
