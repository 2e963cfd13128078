import type { Action, Message, OxmField } from '../../../ofp/index.ts';
import type { Links } from '../links/links.ts';
import { isGroupMac, macAt, macBytes } from '../mac.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Banned } from './bans.ts';
import type { Host, Network } from './hosts.ts';
import { Pairs, type Way } from './pairs.ts';
import type { Spreading } from './spreading.ts';

/** A pair that is silent is the controller's again after so long, seconds. */
const idleSeconds = 60;
/** Most rules for pairs in a switch; what is beyond them goes through the controller. */
const maxPairs = 65_536;

export interface PairCounters {
  /** Rules for pairs that were not made, since the switch has too many. */
  pairsRefused: number;
}

const priorities = { bannedHost: 200, pair: 100, bannedPort: 50 } as const;

/**
 * One table, as OpenFlow 1.0 has it: a rule for each pair of a host and whom it sends to, be that a group, at every switch on the
 * way. What no rule is for is the controller's.
 *
 *     100  port, source, destination     the port of the destination, or for a group the links of the tree and all ports of hosts
 */
export class PairedRules {
  readonly #cookie: bigint;
  readonly #links: () => Links;
  readonly #spreading: Spreading;
  readonly #counters: PairCounters;
  readonly #pairs = new WeakMap<ManagedSwitch, Pairs>();

  constructor(owner: number, links: () => Links, spreading: Spreading, counters: PairCounters) {
    this.#counters = counters;
    this.#cookie = cookieOf(owner);
    this.#links = links;
    this.#spreading = spreading;
  }

  *rulesOf(sw: ManagedSwitch): Iterable<Rule> {
    for (const [source, destination, way] of this.#pairsOf(sw)) yield this.#rule(source, destination, way);
  }

  /** Takes over what a switch holds. */
  adopt(sw: ManagedSwitch, held: readonly Rule[]): void {
    for (const rule of held) {
      const pair = pairOf(rule);
      if (pair !== undefined) this.#pairsOf(sw).set(pair.source, pair.destination, pair.way);
    }
  }

  /** Hosts that speak, and the ports by which their frames come in. */
  *heard(sw: ManagedSwitch): Iterable<{ readonly mac: number; readonly port: number }> {
    for (const [mac, , { inPort }] of this.#pairsOf(sw)) yield { mac, port: inPort };
  }

  /** Where frames go that come in by a port; undefined: nowhere, as they would not come this way; or it is the controller who knows. */
  wayOf(sw: ManagedSwitch, network: Network, source: Host, destination: number, inPort: number): Way | undefined {
    const links = this.#links();
    const isHome = source.sw === sw && source.port === inPort;
    const to = isGroupMac(destination) ? undefined : network.hosts.get(destination);
    if (to !== undefined) {
      const port = to.sw === sw ? to.port : links.paths.hop(sw, to.sw);
      return port === undefined || port === inPort ? undefined : { inPort, out: [port] };
    }
    const tree = this.#spreading.treeOf(source.sw);
    const branch = tree?.branches.get(sw);
    if (branch === undefined || (isHome && (!source.isPlaced || this.#spreading.isDiverted(sw)))) return undefined;
    const { from, to: onward } = branch;
    // A tree that is shared is entered anywhere.
    const ports = tree?.root === source.sw || from === undefined ? onward : [from, ...onward];
    const isOnTree =
      isHome || (tree?.root === source.sw ? inPort === from : inPort === from || onward.includes(inPort));
    if (!isOnTree) return undefined;
    return { inPort, out: [...ports, ...links.leavesOf(sw)].filter((port) => port !== inPort) };
  }

  put(sw: ManagedSwitch, source: number, destination: number, way: Way): void {
    const pairs = this.#pairsOf(sw);
    const before = pairs.get(source, destination);
    if (before !== undefined && before.inPort !== way.inPort)
      sw.rules.sendRemoval(this.#rule(source, destination, before));
    if (before === undefined && pairs.size >= maxPairs) {
      this.#counters.pairsRefused += 1;
      return;
    }
    pairs.set(source, destination, way);
    // Even if it is not new: the switch may have lost it.
    sw.rules.send(this.#rule(source, destination, way));
  }

  /** Takes back what holds no more: hosts and ways between switches are others. */
  review(sw: ManagedSwitch, network: Network): void {
    for (const [source, destination, way] of [...this.#pairsOf(sw)]) {
      const host = network.hosts.get(source);
      const now = host && this.wayOf(sw, network, host, destination, way.inPort);
      if (now?.out.join() !== way.out.join()) this.#remove(sw, source, destination);
    }
  }

  forget(sw: ManagedSwitch, mac: number): void {
    for (const [source, destination] of this.#pairsOf(sw).of(mac)) this.#remove(sw, source, destination);
  }

  /** A rule idled out. Returns the host that was silent. */
  gone(sw: ManagedSwitch, rule: Message<'flowRemoved'>): number | undefined {
    const pair = pairOf(rule);
    if (pair === undefined || this.#pairsOf(sw).get(pair.source, pair.destination)?.inPort !== pair.way.inPort)
      return undefined;
    this.#pairsOf(sw).remove(pair.source, pair.destination);
    return pair.source;
  }

  /** It has a rule, and is heard. */
  sends(sw: ManagedSwitch, mac: number): boolean {
    return this.#pairsOf(sw).sends(mac);
  }

  ban(what: Banned, seconds: number): Rule {
    const [priority, match]: [number, OxmField] =
      'mac' in what
        ? [priorities.bannedHost, { field: 'eth_src', value: macBytes(what.mac) }]
        : [priorities.bannedPort, { field: 'in_port', value: what.port }];
    return { table: 0, priority, cookie: this.#cookie, match: [match], instructions: [], hardTimeout: seconds };
  }

  switchForgotten(sw: ManagedSwitch): void {
    this.#pairs.delete(sw);
  }

  #remove(sw: ManagedSwitch, source: number, destination: number): void {
    const way = this.#pairsOf(sw).get(source, destination);
    this.#pairsOf(sw).remove(source, destination);
    if (way !== undefined) sw.rules.sendRemoval(this.#rule(source, destination, way));
  }

  #pairsOf(sw: ManagedSwitch): Pairs {
    const known = this.#pairs.get(sw);
    if (known !== undefined) return known;
    const made = new Pairs();
    this.#pairs.set(sw, made);
    return made;
  }

  #rule(source: number, destination: number, { inPort, out }: Way): Rule {
    const match: OxmField[] = [
      { field: 'in_port', value: inPort },
      { field: 'eth_dst', value: macBytes(destination) },
      { field: 'eth_src', value: macBytes(source) },
    ];
    const actions = out.map((port): Action => ({ type: 'output', port, maxLen: 0 }));
    return {
      ...{ table: 0, priority: priorities.pair, cookie: this.#cookie, match, idleTimeout: idleSeconds },
      instructions: [{ type: 'applyActions', actions }],
    };
  }
}

function pairOf({
  priority,
  match,
  instructions,
}: {
  readonly priority: number;
  readonly match: readonly OxmField[];
  readonly instructions?: Rule['instructions'];
}): { source: number; destination: number; way: Way } | undefined {
  const [to, from, port] = inOrder(match);
  if (priority !== priorities.pair || to?.field !== 'eth_dst' || from?.field !== 'eth_src') return undefined;
  if (port?.field !== 'in_port') return undefined;
  const actions = (instructions ?? []).flatMap((each) => (each.type === 'applyActions' ? each.actions : []));
  const out = actions.flatMap((action) => (action.type === 'output' ? [action.port] : []));
  return { source: macAt(from.value, 0), destination: macAt(to.value, 0), way: { inPort: port.value, out } };
}
