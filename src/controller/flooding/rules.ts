/**
 * Rules of a switch whose floods the controller carries out.
 *
 *     gate         63000  floods of neighbours               to the controller, from whatever port
 *     source         200  banned host                        dropped, for a while
 *                    100  known host at its port             on
 *                     50  banned port                        dropped, for a while
 *                     20  from a link                        on
 *                      0                                     a copy to the controller, and on
 *     destination    100  known host                         its port, or the link that leads there
 *                     10  from a link                        dropped: floods do not come this way
 *                      0                                     to the controller, who floods it
 */
import { type Instruction, type OxmField, PortNo } from '../../../ofp/index.ts';
import { macAt, macBytes } from '../mac.ts';
import { inOrder, type Rule } from '../runtime/rule.ts';
import type { Banned } from '../switching/bans.ts';
import { ageSeconds } from '../switching/hosts.ts';

/** IEEE Std 802 local experimental EtherType 2: links are probed by the first. */
export const networkFloodType = 0x88b6;

const priorities = {
  ...{ flood: 63_000, bannedHost: 200, host: 100, bannedPort: 50, sourceLink: 20, destinationLink: 10, miss: 0 },
} as const;
/** Where all frames come in, also those of ports that do not forward. */
const gateTable = 0;
const headerBytes = 64;
const wholeFrame = 0xffff;

export interface Place {
  readonly cookie: bigint;
  /** Its first table; the second follows. */
  readonly table: number;
}

const send = (port: number, maxLen = 0): Instruction => ({
  type: 'applyActions',
  actions: [{ type: 'output', port, maxLen }],
});
const inPort = (value: number): OxmField => ({ field: 'in_port', value });
const goOn = ({ table }: Place): Instruction => ({ type: 'gotoTable', tableId: table + 1 });

export function fixedRules(place: Place): Rule[] {
  const { cookie, table } = place;
  return [
    {
      ...{ cookie, table: gateTable, priority: priorities.flood },
      match: [{ field: 'eth_type', value: networkFloodType }],
      instructions: [send(PortNo.CONTROLLER, wholeFrame)],
    },
    {
      ...{ cookie, table, priority: priorities.miss, match: [] },
      instructions: [send(PortNo.CONTROLLER, headerBytes), goOn(place)],
    },
    {
      ...{ cookie, table: table + 1, priority: priorities.miss, match: [] },
      instructions: [send(PortNo.CONTROLLER, wholeFrame)],
    },
  ];
}

export function linkRules(place: Place, port: number): Rule[] {
  const { cookie, table } = place;
  const match = [inPort(port)];
  return [
    { cookie, table, priority: priorities.sourceLink, match, instructions: [goOn(place)] },
    { cookie, table: table + 1, priority: priorities.destinationLink, match, instructions: [] },
  ];
}

/** What makes a switch send to a host. */
export function towards({ cookie, table }: Place, mac: number, port: number): Rule {
  const match: OxmField[] = [{ field: 'eth_dst', value: macBytes(mac) }];
  return { cookie, table: table + 1, priority: priorities.host, match, instructions: [send(port)] };
}

/** What makes the switch of a host take its frames without telling. */
export function knownRule(place: Place, mac: number, port: number): Rule {
  return {
    ...{ cookie: place.cookie, table: place.table, priority: priorities.host },
    match: [{ field: 'eth_src', value: macBytes(mac) }, inPort(port)],
    ...{ instructions: [goOn(place)], idleTimeout: ageSeconds },
  };
}

export function banRule({ cookie, table }: Place, what: Banned, hardTimeout: number): Rule {
  const [priority, match]: [number, OxmField] =
    'mac' in what
      ? [priorities.bannedHost, { field: 'eth_src', value: macBytes(what.mac) }]
      : [priorities.bannedPort, inPort(what.port)];
  return { cookie, table, priority, match: [match], instructions: [], hardTimeout };
}

/** The host that a rule of `knownRule` is about. */
export function knownBy({ table }: Place, rule: Pick<Rule, 'match' | 'priority'> & { readonly table: number }) {
  const [source, at] = inOrder(rule.match);
  const isKnown = rule.table === table && rule.priority === priorities.host;
  if (!isKnown || source?.field !== 'eth_src' || at?.field !== 'in_port') return undefined;
  return { mac: macAt(source.value, 0), port: at.value };
}
