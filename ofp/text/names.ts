/** Numbers that have names: reserved ports, groups and meters, Ethernet types and protocols with a shorthand. */

import type { OfpVersion } from '../errors.ts';

/** Reserved ports by number (spec 1.3 7.2.1, UNSET: 1.5 7.2.1). */
const PORT_NAMES: ReadonlyMap<number, string> = new Map([
  [0xfffffff7, 'UNSET'],
  [0xfffffff8, 'IN_PORT'],
  [0xfffffff9, 'TABLE'],
  [0xfffffffa, 'NORMAL'],
  [0xfffffffb, 'FLOOD'],
  [0xfffffffc, 'ALL'],
  [0xfffffffd, 'CONTROLLER'],
  [0xfffffffe, 'LOCAL'],
  [0xffffffff, 'ANY'],
]);
const PORT_NUMBERS: ReadonlyMap<string, number> = new Map([
  ...[...PORT_NAMES].map(([number, name]) => [name.toLowerCase(), number] as const),
  ['none', 0xffffffff],
]);
/** Ports from here on are reserved. */
export const FIRST_RESERVED_PORT = 0xffffff00;
/** The reserved ports are the last 256 ones: of 16 bits in 1.0, of 32 bits in later versions. */
const RESERVED_OFFSET = 0xffff0000;
const FIRST_RESERVED_PORT_10 = 0xff00;

export const CONTROLLER_PORT = 0xfffffffd;
export const ANY = 0xffffffff;
export const ALL_GROUPS = 0xfffffffc;

/** Whether a packet can be sent there: reserved ports from IN_PORT to LOCAL can. */
export const isOutputPort = (port: number) => port < FIRST_RESERVED_PORT || (port >= 0xfffffff8 && port <= 0xfffffffe);

/** Names of a switch's own ports, for reading and for printing. */
export interface PortNames {
  readonly byName?: ReadonlyMap<string, number>;
  readonly byNumber?: ReadonlyMap<number, string>;
}

/** What the text of a match, of actions or of a flow depends on. */
export interface TextOptions {
  /** The version that it is of; 1.0 has its own words for some things. Default 1.3. */
  readonly version?: OfpVersion;
  readonly ports?: PortNames;
}

export function formatPort(port: number, ports?: PortNames): string {
  const name = PORT_NAMES.get(port) ?? ports?.byNumber?.get(port);
  // Reserved ports without a name go by their number of 1.0, as `portNumber` reads it.
  return name ?? String(port < FIRST_RESERVED_PORT ? port : port - RESERVED_OFFSET);
}

/** The port that a number or a name (in any case) stands for; 1.0's reserved numbers are taken as their successors. */
export function portNumber(text: string, ports?: PortNames): number | undefined {
  const named = PORT_NUMBERS.get(text.toLowerCase()) ?? ports?.byName?.get(text);
  if (named !== undefined) return named;
  if (!/^\d+$/.test(text)) return undefined;
  const port = Number(text);
  if (port < FIRST_RESERVED_PORT_10) return port;
  if (port <= 0xffff) return port + RESERVED_OFFSET;
  return port >= FIRST_RESERVED_PORT && port <= 0xffffffff ? port : undefined;
}

export function groupName(group: number): string {
  return group === ALL_GROUPS ? 'ALL' : group === ANY ? 'ANY' : String(group);
}

/** The group that a number, `any` or `all` stands for. */
export function groupNumber(text: string): number | undefined {
  const name = text.toLowerCase();
  if (name === 'any') return ANY;
  if (name === 'all') return ALL_GROUPS;
  return /^\d+$/.test(name) && Number(name) <= 0xffffffff ? Number(name) : undefined;
}

/** Flow flags (spec 1.3 7.3.4.1), in the order in which they are printed, with the version that brought them. */
export const FLOW_FLAGS = [
  [1 << 0, 'send_flow_rem', 1],
  [1 << 1, 'check_overlap', 1],
  [1 << 2, 'reset_counts', 3],
  [1 << 3, 'no_packet_counts', 4],
  [1 << 4, 'no_byte_counts', 4],
] as const;

/** A keyword that stands for an Ethernet type and, where given, an IP protocol. The first of a kind is printed. */
export const PROTOCOLS = [
  { name: 'ip', ethType: 0x0800 },
  { name: 'ipv4', ethType: 0x0800 },
  { name: 'ip4', ethType: 0x0800 },
  { name: 'icmp', ethType: 0x0800, ipProto: 1 },
  { name: 'tcp', ethType: 0x0800, ipProto: 6 },
  { name: 'udp', ethType: 0x0800, ipProto: 17 },
  { name: 'sctp', ethType: 0x0800, ipProto: 132 },
  { name: 'ipv6', ethType: 0x86dd },
  { name: 'ip6', ethType: 0x86dd },
  { name: 'icmp6', ethType: 0x86dd, ipProto: 58 },
  { name: 'tcp6', ethType: 0x86dd, ipProto: 6 },
  { name: 'udp6', ethType: 0x86dd, ipProto: 17 },
  { name: 'sctp6', ethType: 0x86dd, ipProto: 132 },
  { name: 'arp', ethType: 0x0806 },
  { name: 'rarp', ethType: 0x8035 },
  { name: 'mpls', ethType: 0x8847 },
  { name: 'mplsm', ethType: 0x8848 },
] as const satisfies readonly { readonly name: string; readonly ethType: number; readonly ipProto?: number }[];

/** Prints a set of bits: names of the known ones, then the rest as a number; `0` when there are none. */
export function formatBits(bits: number, names: readonly (readonly [number, string])[], separator: string): string {
  const parts: string[] = [];
  let rest = bits >>> 0;
  for (const [bit, name] of names) {
    if ((rest & bit) === 0) continue;
    parts.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) parts.push(`0x${rest.toString(16)}`);
  return parts.length > 0 ? parts.join(separator) : '0';
}
