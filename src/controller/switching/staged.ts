/**
 * Rules of a switch that has a table for each stage.
 *
 *     source       200  banned host                        dropped, for a while
 *                  100  known host at its port             metadata = this switch, to destination
 *                   50  banned port                        dropped, for a while
 *                   20  from a link                        to transit source
 *                       from the controller                to destination
 *                    0                                     to the controller; where no link is: a copy, and to destination
 *     transit      100  host of another switch             metadata = that switch, to destination
 *     source         0                                     a copy to the controller: who is this?
 *     destination  100  host of this switch                its port
 *                       host of another switch             metadata = that switch, to hops
 *                    0                                     to spread
 *     spread       100  metadata = this switch             links of its tree, and all ports of hosts
 *                       metadata = another, by the port    links by which its tree goes on, and all ports of hosts
 *                       by which its tree comes in
 *                       from the controller                all ports of hosts
 *                   50  shared tree, by each of its ports  its other ports, and all ports of hosts
 *                    0  where no link is                   all ports of hosts
 *     hops         100  metadata = another switch          the link that leads there
 *
 * Metadata in source and spread is the switch where a frame entered, in hops the one where it leaves. Who a frame is from is looked up at
 * every switch, so that a tree, and a way to a switch, is a rule or two whatever the number of hosts.
 */
import { type Action, type Instruction, type OxmField, PortNo } from '../../../ofp/index.ts';
import type { Links } from '../links/links.ts';
import { macAt, macBytes } from '../mac.ts';
import type { Stage } from '../runtime/app.ts';
import { cookieOf } from '../runtime/cookies.ts';
import { inOrder, type Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Banned } from './bans.ts';
import { ageSeconds, type Host } from './hosts.ts';
import type { Spreading } from './spreading.ts';

export const stagedTables = 5;
/** Bytes of a frame that the controller needs to see. */
const headerBytes = 64;
const wholeFrame = 0xffff;
const priorities = { bannedHost: 200, known: 100, bannedPort: 50, shared: 50, link: 20, miss: 0 } as const;

export class StagedRules {
  readonly #cookie: bigint;
  /** Of the rule whose frames went their way by themselves. */
  readonly copyCookie: bigint;
  readonly cookies: readonly bigint[];
  /** What comes in by links and is of nobody's comes up from here. */
  readonly transitSource: number;
  /** Floods that pass the controller come up from here. */
  readonly spread: number;
  readonly #source: number;
  readonly #destination: number;
  readonly #hops: number;
  readonly #links: () => Links;
  readonly #spreading: Spreading;

  constructor(owner: number, { table }: Stage, links: () => Links, spreading: Spreading) {
    this.#cookie = cookieOf(owner);
    this.copyCookie = cookieOf(owner, 1n);
    this.cookies = [this.#cookie, this.copyCookie];
    this.#source = table;
    this.transitSource = table + 1;
    this.#destination = table + 2;
    this.spread = table + 3;
    this.#hops = table + 4;
    this.#links = links;
    this.#spreading = spreading;
  }

  /** No other switch is joined with it: frames need not wait for the controller. */
  isAlone(sw: ManagedSwitch): boolean {
    return this.#links().linksOf(sw).length === 0;
  }

  /** Those that follow from the network between switches. `network`: the switches that are joined with it, itself included. */
  ofNetwork(sw: ManagedSwitch, network: readonly ManagedSwitch[]): Rule[] {
    const links = this.#links();
    const leaves = links.leavesOf(sw).map((port) => output(port));
    const toDestination = goto(this.#destination);
    if (this.isAlone(sw)) {
      const tell = {
        ...this.#rule(this.#source, 0, [], [send(controller(headerBytes)), toDestination]),
        cookie: this.copyCookie,
      };
      return [tell, this.#miss(this.#destination), this.#rule(this.spread, 0, [], [send(...leaves)])];
    }
    const whole = [send(controller(wholeFrame))];
    const ask = this.#rule(this.transitSource, 0, [], [send(controller(headerBytes))]);
    const rules = [this.#rule(this.#source, 0, [], whole), ask, this.#miss(this.#destination)];
    // What the controller relays passes the tables of other apps as well.
    const relayed = [inPort(PortNo.CONTROLLER)];
    rules.push(this.#rule(this.#source, priorities.link, relayed, [toDestination]));
    rules.push(this.#rule(this.spread, priorities.known, relayed, [send(...leaves)]));
    for (const { no } of links.linksOf(sw)) {
      rules.push(this.#rule(this.#source, priorities.link, [inPort(no)], [goto(this.transitSource)]));
    }
    const shared = new Map<number, Rule>();
    for (const root of network) {
      const tree = this.#spreading.treeOf(root);
      const branch = tree?.branches.get(sw);
      if (root === sw) {
        const links = branch === undefined ? [] : [...(branch.from === undefined ? [] : [branch.from]), ...branch.to];
        const spread = this.#spreading.isDiverted(root)
          ? whole
          : [send(...links.map((port) => output(port)), ...leaves)];
        rules.push(this.#rule(this.spread, priorities.known, [is(root)], spread));
        continue;
      }
      const hop = links.paths.hop(sw, root);
      if (hop !== undefined) rules.push(this.#rule(this.#hops, priorities.known, [is(root)], [send(output(hop))]));
      if (branch === undefined) continue;
      if (tree?.root === root) {
        const match = [inPort(branch.from!), is(root)];
        rules.push(
          this.#rule(this.spread, priorities.known, match, [send(...branch.to.map((port) => output(port)), ...leaves)]),
        );
      } else if (shared.size === 0) {
        const ports = [...(branch.from === undefined ? [] : [branch.from]), ...branch.to];
        for (const port of ports) {
          const others = ports.filter((other) => other !== port);
          const instructions = [send(...others.map((port) => output(port)), ...leaves)];
          shared.set(port, this.#rule(this.spread, priorities.shared, [inPort(port)], instructions));
        }
      }
    }
    return [...rules, ...shared.values()];
  }

  /** What makes a switch forward for a host, whichever switch it is at. The rule that lets its frames pass by themselves comes last. */
  *ofHost(sw: ManagedSwitch, host: Host): Iterable<Rule> {
    const to: OxmField = { field: 'eth_dst', value: macBytes(host.mac) };
    if (host.sw === sw) {
      yield this.#rule(this.#destination, priorities.known, [to], [send(output(host.port))]);
      if (host.isPlaced) yield this.sourceRule(host);
    } else {
      yield this.#rule(this.#destination, priorities.known, [to], [mark(host.sw), goto(this.#hops)]);
      yield this.transitRule(host);
    }
  }

  /** Tells by whose tree frames go on that a host of another switch sent. */
  transitRule({ mac, sw }: Pick<Host, 'mac' | 'sw'>): Rule {
    return this.#rule(this.transitSource, priorities.known, [from(mac)], [mark(sw), goto(this.#destination)]);
  }

  /** Lets the frames of a host pass at its port. */
  sourceRule({ mac, sw, port }: Pick<Host, 'mac' | 'sw' | 'port'>): Rule {
    const instructions = [mark(sw), goto(this.#destination)];
    const rule = this.#rule(this.#source, priorities.known, [inPort(port), from(mac)], instructions);
    return { ...rule, idleTimeout: ageSeconds };
  }

  /** The host that a rule lets pass. */
  hostOf({
    table,
    priority,
    match,
  }: Pick<Rule, 'table' | 'priority' | 'match'>): { mac: number; port: number } | undefined {
    const [source, at] = inOrder(match);
    if (table !== this.#source || priority !== priorities.known) return undefined;
    if (source?.field !== 'eth_src' || at?.field !== 'in_port') return undefined;
    return { mac: macAt(source.value, 0), port: at.value };
  }

  /** Ports of links, and switches where floods enter, that rules of `ofNetwork` tell of. */
  networkIn(rules: readonly Rule[]): { links: number[]; roots: bigint[] } {
    const [links, roots]: [number[], bigint[]] = [[], []];
    for (const { table, priority, match } of rules) {
      for (const each of match) {
        if (table === this.#source && priority === priorities.link && each.field === 'in_port') links.push(each.value);
        if (table === this.#hops && each.field === 'metadata') roots.push(each.value);
      }
    }
    return { links, roots };
  }

  ban(what: Banned, seconds: number): Rule {
    const [priority, match] =
      'mac' in what ? [priorities.bannedHost, from(what.mac)] : [priorities.bannedPort, inPort(what.port)];
    return { ...this.#rule(this.#source, priority, [match], []), hardTimeout: seconds };
  }

  #miss(table: number): Rule {
    return this.#rule(table, priorities.miss, [], [goto(table + 1)]);
  }

  #rule(table: number, priority: number, match: readonly OxmField[], instructions: readonly Instruction[]): Rule {
    return { table, priority, cookie: this.#cookie, match, instructions };
  }
}

const allOf64 = 0xffff_ffff_ffff_ffffn;
const output = (port: number, maxLen = 0): Action => ({ type: 'output', port, maxLen });
const controller = (maxLen: number): Action => output(PortNo.CONTROLLER, maxLen);
const send = (...actions: Action[]): Instruction => ({ type: 'applyActions', actions });
const goto = (tableId: number): Instruction => ({ type: 'gotoTable', tableId });
const mark = ({ datapathId }: ManagedSwitch): Instruction => ({
  ...{ type: 'writeMetadata', metadata: datapathId, metadataMask: allOf64 },
});
const is = ({ datapathId }: ManagedSwitch): OxmField => ({ field: 'metadata', value: datapathId });
const inPort = (port: number): OxmField => ({ field: 'in_port', value: port });
const from = (mac: number): OxmField => ({ field: 'eth_src', value: macBytes(mac) });
