import { PortNo } from '../../../ofp/index.ts';
import type { App, PacketIn, Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { LinkPort } from './link-port.ts';
import { Paths } from './paths.ts';
import { decodeProbe, encodeProbe, isProbe } from './probe.ts';
import { closedRule, fixedRules, type GateRules, openedPort, openRule } from './rules.ts';
import { chooseOpen } from './tree.ts';

export interface LinksOptions {
  /** Of this run; makes probes that nobody else can make. */
  readonly secret: Uint8Array;
  /** Told which ports forward, and what holds no more. */
  readonly apps: readonly App[];
}

export interface LinksCounters {
  probesSent: number;
  probesHeard: number;
  /** Not made by this run of this controller, or long ago. */
  probesForeign: number;
  /** Of ports that are not kept, since too many are heard where they came in. */
  probesRefused: number;
  /** Times that the ports which forward were chosen anew. */
  recomputed: number;
  opened: number;
  closed: number;
}

/** A port that hears another one's probes. */
export interface Link {
  readonly from: LinkPort;
  readonly to: LinkPort;
}

/** A new port sends three probes, so many ms apart; once the last one is out and had this time to come in somewhere, ms, it may forward. */
const firstProbes = 3;
const firstProbeMs = 120;
const settleMs = 160;
/** Then each port is probed so often, ms, unless that made more than `maxProbes` a second in all. */
const probeMs = 1_000;
const maxProbes = 2_000;
/** A probe is plausible until so many have followed it: later it is one that somebody kept, and plays again. */
const maxAge = 64;
/** Ports are looked over so often, ms. */
const lookMs = 50;
/** How long closed ports hold up ports that are to be opened, ms. */
const closingMs = 1_000;
/**
 * Once a link is gone, nothing is opened for so long, ms: what it carried last is still under way, and would come a second time by
 * the link that takes its place.
 */
const drainMs = 200;

/**
 * Finds out by probes which ports are linked, and what the shortest ways between switches are. All cables forward; of the ports of
 * networks of others just so many that there is one way through. A port that is new, or was down, carries nothing until probes would
 * have told where it leads.
 */
export class Links implements App {
  readonly name = 'links';
  readonly owner = 1;
  readonly tables = 1;
  readonly needsStages = false;
  readonly counters: LinksCounters = {
    probesSent: 0,
    probesHeard: 0,
    probesForeign: 0,
    probesRefused: 0,
    recomputed: 0,
    opened: 0,
    closed: 0,
  };
  readonly #secret: Uint8Array;
  readonly #apps: readonly App[];
  readonly #ports = new Map<ManagedSwitch, Map<number, LinkPort>>();
  readonly #byId = new Map<bigint, ManagedSwitch>();
  #gate: GateRules = { cookie: cookieOf(this.owner), table: 0, next: 1 };
  /** Ports have to be chosen anew. */
  #isStale = false;
  #paths = new Paths([], [], () => undefined);
  /** Switches that are closing ports, until which no port is opened. */
  #closing = 0;
  #closingUntil = 0;
  #drainedAt = 0;
  #lookAt = 0;
  #intervalMs = probeMs;

  constructor({ secret, apps }: LinksOptions) {
    this.#secret = secret;
    this.#apps = apps;
  }

  /** As of the last time that links changed. */
  get paths(): Paths {
    return this.#paths;
  }

  /** Ports that forward and lead to hosts only, in order. */
  leavesOf(sw: ManagedSwitch): number[] {
    return [...sw.forwarding].filter((no) => !this.portOf(sw, no)?.isLink).sort((a, b) => a - b);
  }

  /** Ports that lead to other switches, whether they forward or not, in order. */
  linksOf(sw: ManagedSwitch): LinkPort[] {
    return [...(this.#ports.get(sw)?.values() ?? [])].filter(({ isLink }) => isLink).sort((a, b) => a.no - b.no);
  }

  get links(): Link[] {
    return [...this.#all()].flatMap((to) => [...to.heard].map((from) => ({ from, to })));
  }

  /** Undefined: no such port, or it is down. */
  portOf(sw: ManagedSwitch, no: number): LinkPort | undefined {
    return this.#ports.get(sw)?.get(no);
  }

  place({ table, next }: Stage): void {
    this.#gate = { cookie: cookieOf(this.owner), table, next };
  }

  connected(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    const opened = new Set(held.map(openedPort));
    const ports = this.#ports.get(sw) ?? new Map<number, LinkPort>();
    this.#ports.set(sw, ports);
    this.#byId.set(sw.datapathId, sw);
    for (const rule of fixedRules(this.#gate, sw.isStaged)) sw.rules.put(rule);
    for (const no of new Set([...ports.keys(), ...sw.ports.keys()])) this.#follow(sw, no, now, opened.has(no));
    // What it was told while it was away it does not know.
    for (const port of ports.values()) port.nextProbeAt = now;
    this.#tell(sw, now);
    this.#isStale = true;
  }

  disconnected(): void {
    this.#isStale = true;
  }

  forgotten(sw: ManagedSwitch, now: number): void {
    for (const port of [...(this.#ports.get(sw)?.values() ?? [])]) this.#remove(port, now);
    this.#ports.delete(sw);
    this.#byId.delete(sw.datapathId);
  }

  portChanged(sw: ManagedSwitch, no: number, now: number): void {
    if (this.#follow(sw, no, now, false)) this.#tell(sw, now);
    if (this.#isStale) this.#choose(now);
  }

  packetIn(sw: ManagedSwitch, { data }: PacketIn, inPort: number, now: number): boolean {
    if (!isProbe(data)) return false;
    const probe = decodeProbe(data, this.#secret);
    const origin = probe && this.#byId.get(probe.datapathId);
    const from = origin && this.portOf(origin, probe.port);
    const to = this.portOf(sw, inPort);
    if (probe === undefined || from === undefined || to === undefined || !isPlausible(probe.number, from.sent)) {
      this.counters.probesForeign += 1;
      return true;
    }
    this.counters[to.isFull && !to.hears(from) ? 'probesRefused' : 'probesHeard'] += 1;
    if (to.hear(from, probe.number, now)) {
      this.#isStale = true;
      // The other end hears at once whether it is one in both directions.
      if (to.sent >= firstProbes) to.nextProbeAt = now;
    }
    return true;
  }

  /** Somebody else's hosts were seen where a port leads to other switches. */
  share(port: LinkPort): void {
    if (port.isShared) return;
    port.isShared = true;
    this.#isStale = true;
  }

  tick(now: number): void {
    if (now >= this.#lookAt) {
      this.#lookAt = now + lookMs;
      this.#look(now);
    }
    if (this.#isStale) this.#choose(now);
  }

  /** Brings one port in line with what the switch says of it. True: it forwarded, and is gone. */
  #follow(sw: ManagedSwitch, no: number, now: number, isOpen: boolean): boolean {
    const ports = this.#ports.get(sw);
    const known = ports?.get(no);
    const isUp = sw.ports.get(no)?.isUp ?? false;
    if (ports === undefined || isUp === (known !== undefined)) return false;
    if (known !== undefined) return this.#remove(known, now);
    // The switch's own host is no way to another switch.
    const isLocal = no === PortNo.LOCAL;
    const port = new LinkPort(sw, no, isOpen || isLocal ? now : Number.POSITIVE_INFINITY, now);
    if (isLocal) port.nextProbeAt = Number.POSITIVE_INFINITY;
    port.review(now);
    ports.set(no, port);
    if (isOpen) this.#open(port);
    // Another one does nothing before its probes had their time: `review` says when.
    if (port.isUsable) this.#isStale = true;
    return false;
  }

  #remove(port: LinkPort, now: number): boolean {
    const { sw, no, isForwarding } = port;
    const wasLink = port.isLink;
    this.#ports.get(sw)?.delete(no);
    // One that carried nothing and was joined with nothing goes without a trace.
    if (isForwarding || wasLink) this.#isStale = true;
    port.leave(now + drainMs);
    if (wasLink && isForwarding) this.#drainedAt = now + drainMs;
    this.#close(port);
    return isForwarding;
  }

  #look(now: number): void {
    let count = 0;
    for (const port of this.#all()) {
      count += 1;
      if (port.nextProbeAt <= now && port.sw.isConnected) this.#probe(port, now);
      if (port.review(now)) this.#isStale = true;
    }
    this.#intervalMs = Math.max(probeMs, (count * 1000) / maxProbes);
  }

  #probe(port: LinkPort, now: number): void {
    const { sw, no } = port;
    port.sent += 1;
    port.nextProbeAt = now + (port.sent < firstProbes ? firstProbeMs : this.#intervalMs);
    this.counters.probesSent += 1;
    const source = sw.ports.get(no)!.mac;
    const data = encodeProbe({ datapathId: sw.datapathId, port: no, number: port.sent }, source, this.#secret);
    sw.packetOut(PortNo.CONTROLLER, { actions: [{ type: 'output', port: no, maxLen: 0 }], data });
    if (port.sent !== firstProbes) return;
    sw.voice?.barrier(now, () => {
      port.eligibleAt = Math.min(port.eligibleAt, this.#lookAt + settleMs);
    });
  }

  #choose(now: number): void {
    this.#isStale = false;
    this.counters.recomputed += 1;
    const { forwarding, partOf } = chooseOpen(this.#all());
    const switched = [...this.#all()].filter(
      (port) => port.isForwarding !== forwarding.has(port) && port.sw.isConnected,
    );
    const closing = switched.filter((port) => port.isForwarding);
    const isClosing = this.#closing > 0 && now < this.#closingUntil;
    if (closing.length > 0) this.#closeAll(closing, now);
    else if (switched.length > 0 && (isClosing || now < this.#drainedAt)) this.#isStale = true;
    else {
      this.#closing = 0;
      for (const port of switched) this.#open(port);
    }
    this.#paths = new Paths(this.#ports.keys(), this.#all(), partOf);
    for (const sw of new Set(switched.map((port) => port.sw))) this.#tell(sw, now);
    for (const app of this.#apps) app.networkChanged?.(now);
  }

  /** Ports are opened only when those to be closed are closed, so that there is no loop in between. */
  #closeAll(ports: readonly LinkPort[], now: number): void {
    const switches = new Set(ports.map((port) => port.sw));
    for (const port of ports) {
      if (port.isLink) this.#drainedAt = now + drainMs;
      this.#close(port);
    }
    this.#closing = switches.size;
    this.#closingUntil = now + closingMs;
    this.#isStale = true;
    for (const sw of switches) {
      sw.voice?.barrier(now, () => {
        this.#closing = Math.max(0, this.#closing - 1);
      });
    }
  }

  #open(port: LinkPort): void {
    const { sw, no } = port;
    port.isForwarding = true;
    sw.forwarding.add(no);
    if (sw.isStaged) sw.rules.put(openRule(this.#gate, no));
    else sw.rules.remove(closedRule(this.#gate, no));
    this.counters.opened += 1;
  }

  #close(port: LinkPort): void {
    const { sw, no } = port;
    if (port.isForwarding) this.counters.closed += 1;
    port.isForwarding = false;
    sw.forwarding.delete(no);
    if (sw.isStaged) sw.rules.remove(openRule(this.#gate, no));
    else if (this.portOf(sw, no) === port) sw.rules.put(closedRule(this.#gate, no));
    else sw.rules.remove(closedRule(this.#gate, no));
  }

  #tell(sw: ManagedSwitch, now: number): void {
    for (const app of this.#apps) app.forwardingChanged?.(sw, now);
  }

  *#all(): Iterable<LinkPort> {
    for (const ports of this.#ports.values()) yield* ports.values();
  }
}

function isPlausible(number: number, sent: number): boolean {
  return number <= sent && sent - number <= maxAge;
}
