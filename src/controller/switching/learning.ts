import type { Message } from '../../../ofp/index.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { type LearnedHost, macAt, SwitchHosts } from './hosts.ts';
import { PairedScheme } from './paired.ts';
import type { Scheme } from './scheme.ts';
import { StagedScheme } from './staged.ts';

export interface LearningOptions {
  /** Hosts that are learned at one port of a switch. Default 1024. */
  readonly maxHostsPerPort?: number;
  /** Hosts that are learned in one switch. Default 16384. */
  readonly maxHosts?: number;
}

export interface LearningCounters {
  learned: number;
  moved: number;
  aged: number;
  /** Frames of hosts that were not learned, since there were too many at their port or in their switch. */
  tooMany: number;
  /** Ports that were banned for it, and hosts that were banned since they moved too often. */
  portsBanned: number;
  hostsBanned: number;
  /** Frames from ports that do not forward, without a sender, or too short. */
  ignored: number;
}

/** A host that moves more often than so many times in so many ms is at two places at once, or behind a loop. */
const maxMoves = 5;
const movesMs = 10_000;
const banSeconds = 10;
const sweepMs = 10_000;
const ethernetHeader = 14;
const sourceOffset = 6;

/** The app of a learning switch: frames go where their destination was seen last. */
export class Learning implements App {
  readonly name = 'learning';
  readonly owner = 2;
  readonly tables = 2;
  readonly needsStages = false;
  readonly counters: LearningCounters = {
    learned: 0,
    moved: 0,
    aged: 0,
    tooMany: 0,
    portsBanned: 0,
    hostsBanned: 0,
    ignored: 0,
  };
  readonly #maxPerPort: number;
  readonly #max: number;
  readonly #hosts = new Map<ManagedSwitch, SwitchHosts>();
  /** When the ban of a port ends, ms. */
  readonly #bans = new Map<ManagedSwitch, Map<number, number>>();
  readonly #paired = new PairedScheme(this.owner);
  #staged = new StagedScheme(this.owner, { table: 0, next: 2 });
  #sweepAt = 0;

  constructor({ maxHostsPerPort = 1024, maxHosts = 16_384 }: LearningOptions = {}) {
    this.#maxPerPort = maxHostsPerPort;
    this.#max = maxHosts;
  }

  hostsOf(sw: ManagedSwitch): Iterable<LearnedHost> {
    return this.#hosts.get(sw)?.all ?? [];
  }

  place(stage: Stage): void {
    this.#staged = new StagedScheme(this.owner, stage);
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    const scheme = this.#schemeOf(sw);
    const hosts = this.#hosts.get(sw) ?? new SwitchHosts();
    this.#hosts.set(sw, hosts);
    for (const { mac, port } of scheme.read(held)) {
      const isNew = hosts.get(mac) === undefined && sw.ports.has(port);
      if (isNew && this.#hasRoom(hosts, port)) hosts.add(mac, port, now);
    }
    this.#bans.delete(sw);
    scheme.begin(sw, hosts, held);
  }

  rulesBesides(sw: ManagedSwitch): Iterable<Rule> {
    const hosts = this.#hosts.get(sw);
    return hosts === undefined ? [] : this.#schemeOf(sw).rulesOf(sw, hosts);
  }

  forgotten(sw: ManagedSwitch): void {
    this.#hosts.delete(sw);
    this.#bans.delete(sw);
    this.#paired.switchForgotten(sw);
  }

  portChanged(sw: ManagedSwitch, no: number): void {
    if (!sw.ports.get(no)?.isUp) this.#forgetPorts(sw, (port) => port === no);
  }

  forwardingChanged(sw: ManagedSwitch): void {
    this.#forgetPorts(sw, (port) => !sw.forwarding.has(port));
    this.#schemeOf(sw).forwardingChanged(sw);
  }

  linksChanged(sw: ManagedSwitch, ports: ReadonlySet<number>): void {
    this.#forgetPorts(sw, (port) => ports.has(port));
  }

  packetIn(sw: ManagedSwitch, message: PacketIn, inPort: number, now: number): boolean {
    const { data } = message;
    const hosts = this.#hosts.get(sw);
    if (hosts === undefined || data.length < ethernetHeader || !sw.forwarding.has(inPort) || isGroup(data)) {
      this.counters.ignored += 1;
      return true;
    }
    const mac = macAt(data, sourceOffset);
    const known = hosts.get(mac);
    if (known === undefined) this.#learn(sw, hosts, mac, message, inPort, now);
    else {
      known.seenAt = now;
      if (known.port === inPort || this.#move(sw, hosts, known, inPort, now)) {
        this.#schemeOf(sw).frame(sw, hosts, known, message, now);
      }
    }
    return true;
  }

  ruleGone(sw: ManagedSwitch, rule: Message<'flowRemoved'>, now: number): void {
    const hosts = this.#hosts.get(sw);
    const host = hosts && this.#schemeOf(sw).silent(sw, hosts, rule, now);
    if (hosts === undefined || host === undefined) return;
    this.counters.aged += 1;
    this.#forget(sw, hosts, host);
  }

  tick(now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + sweepMs;
    for (const [sw, hosts] of this.#hosts) {
      for (const host of [...this.#schemeOf(sw).aged(sw, hosts, now)]) {
        this.counters.aged += 1;
        this.#forget(sw, hosts, host);
      }
    }
  }

  #schemeOf(sw: ManagedSwitch): Scheme {
    return sw.isStaged ? this.#staged : this.#paired;
  }

  #learn(sw: ManagedSwitch, hosts: SwitchHosts, mac: number, message: PacketIn, port: number, now: number): void {
    if (!this.#hasRoom(hosts, port)) {
      this.counters.tooMany += 1;
      this.#banPort(sw, port, now);
      return;
    }
    const host = hosts.add(mac, port, now);
    this.counters.learned += 1;
    const scheme = this.#schemeOf(sw);
    scheme.learned(sw, hosts, host, undefined);
    scheme.frame(sw, hosts, host, message, now);
  }

  #hasRoom(hosts: SwitchHosts, port: number): boolean {
    return hosts.countAt(port) < this.#maxPerPort && hosts.size < this.#max;
  }

  /** False: it moves too often, and was banned instead. */
  #move(sw: ManagedSwitch, hosts: SwitchHosts, host: LearnedHost, port: number, now: number): boolean {
    if (now - host.movesSince > movesMs) Object.assign(host, { moves: 0, movesSince: now });
    host.moves += 1;
    if (host.moves > maxMoves) {
      this.counters.hostsBanned += 1;
      this.#forget(sw, hosts, host);
      this.#schemeOf(sw).ban(sw, { mac: host.mac }, banSeconds);
      return false;
    }
    const before = host.port;
    hosts.move(host, port, now);
    host.sentAt = now;
    this.counters.moved += 1;
    this.#schemeOf(sw).learned(sw, hosts, host, before);
    return true;
  }

  #banPort(sw: ManagedSwitch, port: number, now: number): void {
    const bans: Map<number, number> = this.#bans.get(sw) ?? new Map();
    this.#bans.set(sw, bans);
    if ((bans.get(port) ?? 0) > now) return;
    bans.set(port, now + banSeconds * 1000);
    this.counters.portsBanned += 1;
    this.#schemeOf(sw).ban(sw, { port }, banSeconds);
  }

  #forgetPorts(sw: ManagedSwitch, isMeant: (port: number) => boolean): void {
    const hosts = this.#hosts.get(sw);
    if (hosts === undefined) return;
    for (const host of [...hosts.all]) if (isMeant(host.port)) this.#forget(sw, hosts, host);
  }

  #forget(sw: ManagedSwitch, hosts: SwitchHosts, host: LearnedHost): void {
    hosts.remove(host);
    this.#schemeOf(sw).forgotten(sw, hosts, host);
  }
}

function isGroup(frame: Uint8Array): boolean {
  return (frame[sourceOffset]! & 1) === 1;
}
