import { type Action, type Message, NO_BUFFER, type OxmField } from '../../../ofp/index.ts';
import type { PacketIn } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, keyOf, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import { type LearnedHost, macAt, macBytes, type SwitchHosts } from './hosts.ts';
import { ageSeconds, priorities, type Scheme } from './scheme.ts';

/** A pair of hosts that is silent is the controller's again after so long, seconds. */
const idleSeconds = 60;
/** Most rules for pairs in a switch; what is beyond them goes through the controller. */
const maxPairs = 65_536;
const groupBit = 2 ** 40;

/** Rules by the hosts that they are for. */
type Pairs = Map<number, Map<string, Rule>>;

/**
 * One table, as OpenFlow 1.0 has it: a rule for each pair of hosts that talk, and a packet-out for what no rule is for. What goes to
 * hosts that are not known, and to groups, is the controller's.
 *
 *     100  port, source, destination     the port of the destination
 */
export class PairedScheme implements Scheme {
  readonly #cookie: bigint;
  readonly #pairs = new Map<ManagedSwitch, Pairs>();

  constructor(owner: number) {
    this.#cookie = cookieOf(owner);
  }

  *read(held: readonly Rule[]): Iterable<{ mac: number; port: number }> {
    for (const rule of held) {
      const pair = pairOf(rule);
      if (pair !== undefined) yield { mac: pair.source, port: pair.inPort };
    }
  }

  begin(sw: ManagedSwitch, hosts: SwitchHosts, held: readonly Rule[]): void {
    for (const rule of held) {
      const pair = pairOf(rule);
      if (pair === undefined) continue;
      const to = hosts.get(pair.destination);
      const [instruction] = rule.instructions;
      const action = instruction?.type === 'applyActions' ? instruction.actions[0] : undefined;
      const isRight = to !== undefined && action?.type === 'output' && action.port === to.port;
      if (isRight && hosts.get(pair.source)?.port === pair.inPort) this.#put(sw, pair.source, pair.destination, rule);
    }
  }

  forwardingChanged(): void {}

  learned(sw: ManagedSwitch, host: LearnedHost, before: number | undefined): void {
    if (before !== undefined) this.forgotten(sw, host);
  }

  forgotten(sw: ManagedSwitch, { mac }: LearnedHost): void {
    const rules = this.#pairs.get(sw)?.get(mac);
    for (const rule of [...(rules?.values() ?? [])]) this.#remove(sw, rule);
  }

  frame(sw: ManagedSwitch, hosts: SwitchHosts, source: LearnedHost, message: PacketIn): void {
    const destination = macAt(message.data, 0);
    const isGroup = Math.floor(destination / groupBit) % 2 === 1;
    const to = isGroup ? undefined : hosts.get(destination);
    if (to === undefined || !sw.forwarding.has(to.port)) {
      this.#send(sw, source.port, floodActions(sw, source.port), message);
    } else if (to.port !== source.port) {
      const actions: Action[] = [{ type: 'output', port: to.port, maxLen: 0 }];
      this.#addPair(sw, source, destination, actions);
      this.#send(sw, source.port, actions, message);
    }
  }

  silent(sw: ManagedSwitch, hosts: SwitchHosts, rule: Message<'flowRemoved'>, now: number): undefined {
    const { priority, cookie, match } = rule;
    const gone: Rule = { table: 0, priority, cookie, match, instructions: [] };
    const source = pairOf(gone)?.source;
    const host = source === undefined ? undefined : hosts.get(source);
    // It was heard until the rule began to be idle.
    if (host) host.seenAt = Math.max(host.seenAt, now - rule.idleTimeout * 1000);
    this.#remove(sw, gone);
  }

  *aged(sw: ManagedSwitch, hosts: SwitchHosts, now: number): Iterable<LearnedHost> {
    for (const host of hosts.all) {
      if (now - host.seenAt > ageSeconds * 1000 && !this.#pairs.get(sw)?.has(host.mac)) yield host;
    }
  }

  ban(sw: ManagedSwitch, what: { mac: number } | { port: number }, seconds: number): void {
    const [priority, match]: [number, OxmField] =
      'mac' in what
        ? [priorities.bannedHost, { field: 'eth_src', value: macBytes(what.mac) }]
        : [priorities.bannedPort, { field: 'in_port', value: what.port }];
    const rule = { table: 0, priority, cookie: this.#cookie, match: [match], instructions: [] };
    sw.rules.putForNow({ ...rule, hardTimeout: seconds });
  }

  switchForgotten(sw: ManagedSwitch): void {
    this.#pairs.delete(sw);
  }

  #addPair(sw: ManagedSwitch, source: LearnedHost, destination: number, actions: Action[]): void {
    if (sw.rules.size >= maxPairs) return;
    const match: OxmField[] = [
      { field: 'eth_dst', value: macBytes(destination) },
      { field: 'eth_src', value: macBytes(source.mac) },
      { field: 'in_port', value: source.port },
    ];
    this.#put(sw, source.mac, destination, {
      ...{ table: 0, priority: priorities.host, cookie: this.#cookie, match },
      ...{ instructions: [{ type: 'applyActions', actions }], idleTimeout: idleSeconds },
    });
  }

  #put(sw: ManagedSwitch, source: number, destination: number, rule: Rule): void {
    const pairs: Pairs = this.#pairs.get(sw) ?? new Map();
    this.#pairs.set(sw, pairs);
    const key = keyOf(rule);
    for (const mac of [source, destination]) {
      const rules = pairs.get(mac);
      if (rules === undefined) pairs.set(mac, new Map([[key, rule]]));
      else rules.set(key, rule);
    }
    sw.rules.putAgain(rule);
  }

  #remove(sw: ManagedSwitch, rule: Rule): void {
    const pair = pairOf(rule);
    const pairs = this.#pairs.get(sw);
    if (pair === undefined || pairs === undefined) return;
    const key = keyOf(rule);
    for (const mac of [pair.source, pair.destination]) {
      const rules = pairs.get(mac);
      rules?.delete(key);
      if (rules?.size === 0) pairs.delete(mac);
    }
    sw.rules.removeKey(key);
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

function pairOf({ priority, match }: Rule): { source: number; destination: number; inPort: number } | undefined {
  const [to, from, port] = inOrder(match);
  if (priority !== priorities.host || to?.field !== 'eth_dst' || from?.field !== 'eth_src') return undefined;
  if (port?.field !== 'in_port') return undefined;
  return { source: macAt(from.value, 0), destination: macAt(to.value, 0), inPort: port.value };
}
