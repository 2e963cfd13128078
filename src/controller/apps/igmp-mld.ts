import { type Action, type OxmField, PortNo } from '../../../ofp/index.ts';
import { EtherType, get32, Ipv6At } from '../../../switch/packet/index.ts';
import {
  apply,
  Cookie,
  enteredHere,
  ethType,
  everywhere,
  icmpv6,
  output,
  type Rule,
  type SwitchView,
  Table,
  toController,
  toSwitch,
  untagged,
  wholeFrame,
} from '../pipeline.ts';
import { packetOut } from '../rules.ts';
import type { App, AppReach, ShownFrame } from './app.ts';
import { type Family, type GroupMessage, mldTypes, readGroupMessage } from './group-messages.ts';
import { buildIgmpQuery, buildMldQuery, queryIntervalS, responseMs } from './group-queries.ts';
import type { HostLocation } from './hosts.ts';
import { type Audience, MembershipTable, querierMs } from './membership.ts';
import { switchLinkLocal, switchMac } from './switch-addresses.ts';

export interface IgmpMldOptions {
  readonly self: bigint;
  readonly reach: AppReach;
  /** What sends a frame on its way to a switch, where there is a plain one. */
  readonly actionTo: (switchId: bigint) => Action | undefined;
  /** Asks for members where nobody else does. */
  readonly isQuerier: boolean;
}

/** A group at more switches than this is flooded: a copy for each would cost the sender's links more. */
export const maxCopies = 8;
const expireEveryMs = 1000;
/** RFC 9776 section 8.6. */
const startupIntervalMs = (queryIntervalS * 1000) / 4;
const startupQueries = 2;
const families: readonly Family[] = ['ipv4', 'ipv6'];

/**
 * `igmp-mld`: frames of a group go where it has members. Reports are flooded, so that every switch knows of the members at all
 * others, but they are shown to no host that does not ask for them, as it would keep its own to itself. A frame is sent as
 * one copy for each switch with members, and each copy goes by that switch's id; where too little is known, or there are
 * too many, it is flooded.
 */
export class IgmpMld implements App {
  readonly #options: IgmpMldOptions;
  readonly #tables: Readonly<Record<Family, MembershipTable>> = {
    ipv4: new MembershipTable(),
    ipv6: new MembershipTable(),
  };
  readonly #counts = { groupQueries: 0, groupReports: 0, groupMessagesIgnored: 0, queriesSent: 0 };
  /** What the rules of each group say, by its address. */
  readonly #shown = new Map<string, string>();
  #view: SwitchView | undefined;
  #routings = 0;
  #now = 0;
  #expireAt = 0;
  #queryAt = 0;
  #queriesLeft = startupQueries;

  constructor(options: IgmpMldOptions) {
    this.#options = options;
  }

  get counters() {
    const { ipv4, ipv6 } = this.#tables;
    return { ...this.#counts, membershipsRefused: ipv4.refused + ipv6.refused };
  }

  /** Groups whose frames go to members only. */
  get pruned(): number {
    return this.#shown.size;
  }

  viewed(view: SwitchView): void {
    const isGone = (place: HostLocation) =>
      place.kind === 'local' ? !view.ports?.leaves.includes(place.port) : !view.members.has(place.switchId);
    this.#view = view;
    for (const family of families) this.#tables[family].forgetPlaces(isGone);
    this.#options.reach.rules.holdFor('igmp-mld', view.ports, () => rules);
    this.#showAll();
  }

  /** Rules of groups name next hops. */
  routed(): void {
    this.#routings += 1;
    this.#showAll();
  }

  /** A message that went nowhere else. True: every other switch gets to see it. */
  told(frame: ShownFrame, now: number): boolean {
    this.#now = now;
    const { packet, from } = frame;
    const message = readGroupMessage(packet);
    if (message === undefined) this.#counts.groupMessagesIgnored += 1;
    else if (from !== undefined) this.#take(message, frame, from, now);
    this.#pass(message, frame);
    return true;
  }

  tick(now: number): void {
    this.#now = now;
    if (now >= this.#expireAt) {
      this.#expireAt = now + expireEveryMs;
      for (const family of families) this.#tables[family].expire(now);
      this.#showAll();
    }
    if (this.#options.isQuerier && now >= this.#queryAt) this.#query(now);
  }

  /** Whether frames for a group address go to some switches only. */
  isPruned({ frame, etherType, l3At }: ShownFrame['packet']): boolean {
    if (etherType === EtherType.IPV4) return this.#shown.has(groupKey('ipv4', frame.subarray(l3At + 16, l3At + 20)));
    const at = l3At + Ipv6At.DST;
    return etherType === EtherType.IPV6 && this.#shown.has(groupKey('ipv6', frame.subarray(at, at + 16)));
  }

  #take(message: GroupMessage, frame: ShownFrame, from: HostLocation, now: number): void {
    const table = this.#tables[message.family];
    if (message.kind === 'query') {
      this.#counts.groupQueries += 1;
      const isAnonymous = message.isAnonymous || isSwitchQuery(message.family, frame, from);
      table.asked(message, isAnonymous ? undefined : from, this.#view?.members ?? new Set(), now);
      const outranks = !isAnonymous || (from.kind === 'remote' && from.switchId < this.#options.self);
      if (message.isGeneral && outranks) this.#queryAt = now + querierMs;
      return;
    }
    this.#counts.groupReports += 1;
    const keyOf = (group: Uint8Array) => groupKey(message.family, group);
    const joins = message.joins.filter(isPrunable).map(keyOf);
    const leaves = message.leaves.filter(isPrunable).map(keyOf);
    for (const group of joins) table.joined(group, from, now);
    for (const group of leaves) table.left(group, from, now);
    for (const group of joins) this.#show(message.family, group);
  }

  /** Queries are for everybody, reports for those who ask and for the controllers of other switches. */
  #pass(message: GroupMessage | undefined, { inPort, from, packet }: ShownFrame): void {
    const ports = this.#view?.ports;
    if (ports === undefined) return;
    const isReport = message?.kind === 'report';
    const leaves = isReport ? this.#tables[message.family].routerPorts() : ports.leaves;
    const actions = [...leaves, ...(from?.kind === 'local' ? [ports.flood] : [])].map((port) => output(port));
    this.#emit(packet.frame.slice(), from?.kind === 'local' ? inPort : PortNo.CONTROLLER, actions);
  }

  #query(now: number): void {
    const ports = this.#view?.ports;
    if (ports === undefined) return;
    this.#queriesLeft = Math.max(0, this.#queriesLeft - 1);
    this.#queryAt = now + (this.#queriesLeft > 0 ? startupIntervalMs : queryIntervalS * 1000);
    this.#counts.queriesSent += 1;
    const { self } = this.#options;
    const mac = switchMac(self);
    const query = { isGeneral: true, maxResponseMs: responseMs };
    for (const family of families) this.#tables[family].asked(query, undefined, this.#view!.members, now);
    for (const frame of [buildIgmpQuery(mac), buildMldQuery(mac, switchLinkLocal(self))]) {
      this.#emit(frame, PortNo.CONTROLLER, everywhere(ports));
    }
  }

  #emit(data: Uint8Array, inPort: number, actions: Action[]): void {
    if (actions.length > 0) this.#options.reach.send([packetOut(data, inPort, actions)]);
  }

  #showAll(): void {
    const groups = families.flatMap((family) => this.#tables[family].groups.map((group) => ({ family, group })));
    const known = new Set(groups.map(({ group }) => group));
    for (const group of this.#shown.keys()) if (!known.has(group)) this.#hide(group);
    for (const { family, group } of groups) this.#show(family, group);
  }

  #show(family: Family, group: string): void {
    const view = this.#view;
    const audience = view && this.#tables[family].audience(group, view.members, this.#now);
    const { actionTo } = this.#options;
    const isReached = audience?.switches.every((id) => actionTo(id)) && audience.switches.length <= maxCopies;
    if (view === undefined || view.isPartial || audience === undefined || !isReached) {
      this.#hide(group);
      return;
    }
    const text = `${this.#routings}: ${audience.ports} / ${audience.switches}`;
    if (this.#shown.get(group) === text) return;
    this.#shown.set(group, text);
    this.#options.reach.rules.hold(`group ${group}`, groupRules(family, group, audience, actionTo));
  }

  #hide(group: string): void {
    if (this.#shown.delete(group)) this.#options.reach.rules.hold(`group ${group}`, []);
  }
}

const messages: readonly (readonly OxmField[])[] = [
  [ethType(EtherType.IPV4), { field: 'ip_proto', value: 2 }],
  ...Object.values(mldTypes).map(icmpv6),
];
const rules: readonly Rule[] = messages.map((match) => ({
  table: Table.services,
  cookie: Cookie.membership,
  priority: 150,
  match: [untagged, ...match],
  instructions: [apply(toController(wholeFrame))],
}));

/** From here: to members at leaf ports, and a copy for each other switch. From there: to members at leaf ports. */
function groupRules(
  family: Family,
  group: string,
  { ports, switches }: Audience,
  actionTo: IgmpMldOptions['actionTo'],
): Rule[] {
  const leaves = ports.map((port) => output(port));
  const copies = switches.flatMap((id) => [toSwitch(id), actionTo(id)!]);
  const match = [...matchOf(family, group), untagged];
  const base = { cookie: Cookie.membership, priority: 150 };
  return [
    { ...base, table: Table.destination, match: [enteredHere, ...match], instructions: [apply(...leaves, ...copies)] },
    { ...base, table: Table.local, match, instructions: [apply(...leaves)] },
  ];
}

function groupKey(family: Family, group: Uint8Array): string {
  return `${family} ${Array.from(group, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function matchOf(family: Family, key: string): OxmField[] {
  const group = Uint8Array.from(key.slice(family.length + 1).match(/../g)!, (byte) => Number.parseInt(byte, 16));
  return family === 'ipv4'
    ? [ethType(EtherType.IPV4), { field: 'ipv4_dst', value: get32(group, 0) }]
    : [ethType(EtherType.IPV6), { field: 'ipv6_dst', value: group }];
}

/** Not 224.0.0.0/24 nor what stays on the link (RFC 4541 sections 2.1.2 and 3): everybody may listen unasked. */
function isPrunable(group: Uint8Array): boolean {
  if (group.length === 4) return group[0]! >> 4 === 14 && !(group[0] === 224 && group[1] === 0 && group[2] === 0);
  return group[0] === 0xff && (group[1]! & 0xf) > 2;
}

/** Asked by another switch's own querier, which wants no frames. */
function isSwitchQuery(family: Family, { packet }: ShownFrame, from: HostLocation): boolean {
  if (family === 'ipv4' || from.kind === 'local') return false;
  const at = packet.l3At + Ipv6At.SRC;
  return switchLinkLocal(from.switchId).every((byte, i) => packet.frame[at + i] === byte);
}
