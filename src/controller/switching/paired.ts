import { type Action, type Message, NO_BUFFER, type OxmField } from '../../../ofp/index.ts';
import type { PacketIn } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { type LearnedHost, macAt, macBytes, type SwitchHosts } from './hosts.ts';
import { Pairs } from './pairs.ts';
import { ageSeconds, priorities, type Scheme } from './scheme.ts';

/** A pair of hosts that is silent is the controller's again after so long, seconds. */
const idleSeconds = 60;
/** Most rules for pairs in a switch; what is beyond them goes through the controller. */
const maxPairs = 65_536;
const groupBit = 2 ** 40;

/**
 * One table, as OpenFlow 1.0 has it: a rule for each pair of hosts that talk, and a packet-out for what no rule is for. What goes to
 * hosts that are not known, and to groups, is the controller's.
 *
 *     100  port, source, destination     the port of the destination
 */
export class PairedScheme implements Scheme {
  readonly #cookie: bigint;
  readonly #pairs = new WeakMap<ManagedSwitch, Pairs>();

  constructor(owner: number) {
    this.#cookie = cookieOf(owner);
  }

  *read(held: readonly Rule[]): Iterable<{ mac: number; port: number }> {
    for (const rule of held) {
      const pair = pairOf(rule);
      if (pair !== undefined) yield { mac: pair.source, port: pair.inPort };
    }
  }

  *rulesOf(sw: ManagedSwitch, hosts: SwitchHosts): Iterable<Rule> {
    for (const [source, destination] of this.#pairsOf(sw)) {
      const [from, to] = [hosts.get(source), hosts.get(destination)];
      if (from && to) yield this.#rule(source, from.port, destination, to.port);
    }
  }

  begin(sw: ManagedSwitch, hosts: SwitchHosts, held: readonly Rule[]): void {
    for (const rule of held) {
      const pair = pairOf(rule);
      const isKnown = pair && hosts.get(pair.source) !== undefined && hosts.get(pair.destination) !== undefined;
      if (isKnown) this.#pairsOf(sw).add(pair.source, pair.destination);
    }
  }

  forwardingChanged(): void {}

  learned(sw: ManagedSwitch, hosts: SwitchHosts, host: LearnedHost, before: number | undefined): void {
    if (before !== undefined) this.forgotten(sw, hosts, { ...host, port: before });
  }

  forgotten(sw: ManagedSwitch, hosts: SwitchHosts, { mac, port }: LearnedHost): void {
    const pairs = this.#pairsOf(sw);
    for (const [source, destination] of pairs.of(mac)) {
      pairs.remove(source, destination);
      const inPort = source === mac ? port : hosts.get(source)?.port;
      if (inPort !== undefined) sw.rules.sendRemoval(this.#rule(source, inPort, destination, port));
    }
  }

  frame(sw: ManagedSwitch, hosts: SwitchHosts, source: LearnedHost, message: PacketIn): void {
    const destination = macAt(message.data, 0);
    const isGroup = Math.floor(destination / groupBit) % 2 === 1;
    const to = isGroup ? undefined : hosts.get(destination);
    if (to === undefined || !sw.forwarding.has(to.port)) {
      this.#send(sw, source.port, floodActions(sw, source.port), message);
    } else if (to.port !== source.port) {
      const actions: Action[] = [{ type: 'output', port: to.port, maxLen: 0 }];
      this.#addPair(sw, source, to);
      this.#send(sw, source.port, actions, message);
    }
  }

  silent(sw: ManagedSwitch, hosts: SwitchHosts, rule: Message<'flowRemoved'>, now: number): undefined {
    const pair = pairOf(rule);
    const host = pair && hosts.get(pair.source);
    // A host that moved meanwhile has another rule by now.
    if (pair === undefined || host?.port !== pair.inPort) return;
    // It was heard until the rule began to be idle.
    host.seenAt = Math.max(host.seenAt, now - rule.idleTimeout * 1000);
    this.#pairsOf(sw).remove(pair.source, pair.destination);
  }

  *aged(sw: ManagedSwitch, hosts: SwitchHosts, now: number): Iterable<LearnedHost> {
    for (const host of hosts.all) {
      if (now - host.seenAt > ageSeconds * 1000 && !this.#pairsOf(sw).sends(host.mac)) yield host;
    }
  }

  ban(sw: ManagedSwitch, what: { mac: number } | { port: number }, seconds: number): void {
    const [priority, match]: [number, OxmField] =
      'mac' in what
        ? [priorities.bannedHost, { field: 'eth_src', value: macBytes(what.mac) }]
        : [priorities.bannedPort, { field: 'in_port', value: what.port }];
    const rule = { table: 0, priority, cookie: this.#cookie, match: [match], instructions: [] };
    sw.rules.send({ ...rule, hardTimeout: seconds });
  }

  switchForgotten(sw: ManagedSwitch): void {
    this.#pairs.delete(sw);
  }

  #pairsOf(sw: ManagedSwitch): Pairs {
    const known = this.#pairs.get(sw);
    if (known !== undefined) return known;
    const made = new Pairs();
    this.#pairs.set(sw, made);
    return made;
  }

  #addPair(sw: ManagedSwitch, from: LearnedHost, to: LearnedHost): void {
    const pairs = this.#pairsOf(sw);
    if (pairs.size >= maxPairs) return;
    pairs.add(from.mac, to.mac);
    // Even if it is not new: the switch may have lost it.
    sw.rules.send(this.#rule(from.mac, from.port, to.mac, to.port));
  }

  #rule(source: number, inPort: number, destination: number, outPort: number): Rule {
    const match: OxmField[] = [
      { field: 'in_port', value: inPort },
      { field: 'eth_dst', value: macBytes(destination) },
      { field: 'eth_src', value: macBytes(source) },
    ];
    return {
      ...{ table: 0, priority: priorities.host, cookie: this.#cookie, match, idleTimeout: idleSeconds },
      instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: outPort, maxLen: 0 }] }],
    };
  }

  #send(sw: ManagedSwitch, inPort: number, actions: Action[], { bufferId, data }: PacketIn): void {
    if (actions.length === 0) return;
    if (bufferId === NO_BUFFER) sw.packetOut(inPort, { actions, data });
    else sw.packetOut(inPort, { actions, bufferId, data: noData });
  }
}

const noData = new Uint8Array(0);

function floodActions(sw: ManagedSwitch, inPort: number): Action[] {
  const actions: Action[] = [];
  for (const port of sw.forwarding) if (port !== inPort) actions.push({ type: 'output', port, maxLen: 0 });
  return actions;
}

function pairOf({
  priority,
  match,
}: Pick<Rule, 'priority' | 'match'>): { source: number; destination: number; inPort: number } | undefined {
  const [to, from, port] = inOrder(match);
  if (priority !== priorities.host || to?.field !== 'eth_dst' || from?.field !== 'eth_src') return undefined;
  if (port?.field !== 'in_port') return undefined;
  return { source: macAt(from.value, 0), destination: macAt(to.value, 0), inPort: port.value };
}
