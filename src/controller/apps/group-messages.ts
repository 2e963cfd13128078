/**
 * What IGMP (RFC 1112, 2236, 9776) and MLD (RFC 2710, 9777) say about who listens to which group. Undefined for what is
 * malformed.
 *
 *  IGMPv1, IGMPv2                                      MLDv1
 * +---------------+---------------+---------------+    +---------------+---------------+---------------+
 * | type | maximum response (1/10 s) | checksum   |    | type | code 0 | checksum                      |
 * +---------------+---------------+---------------+    +---------------+---------------+---------------+
 * | group address (32 bits)                       |    | maximum response (16 bits, ms) | 0            |
 * +---------------+---------------+---------------+    +---------------+---------------+---------------+
 *                                                      | group address (128 bits)                      |
 *  Reports of IGMPv3 and MLDv2                         +---------------+---------------+---------------+
 * +-----------------------------------------------+
 * | type | 0 | checksum | 0 (16 bits) | records (16 bits) |
 * +-----------------------------------------------+
 * | record: type (8), words of auxiliary data (8), sources (16), group, sources, auxiliary data             |
 * +-----------------------------------------------+
 */
import { checksumOf, EtherType, get16, Ipv6At, type Packet, sumWords } from '../../../switch/packet/index.ts';
import { hasIcmpv6Checksum } from './address-messages.ts';

export type Family = 'ipv4' | 'ipv6';

export interface GroupQuery {
  readonly kind: 'query';
  /** Of all groups, not of one. */
  readonly isGeneral: boolean;
  /** Reports come within this time. */
  readonly maxResponseMs: number;
  /** Who asks is no router, but a switch on behalf of none (RFC 4541 section 2.1.1). */
  readonly isAnonymous: boolean;
}

export interface GroupReport {
  readonly kind: 'report';
  /** Addresses of groups, 4 or 16 bytes each. */
  readonly joins: readonly Uint8Array[];
  readonly leaves: readonly Uint8Array[];
}

export type GroupMessage = { readonly family: Family } & (GroupQuery | GroupReport);

export const mldTypes = { query: 130, report: 131, done: 132, report2: 143 } as const;
const igmpTypes = { query: 0x11, report1: 0x12, report2: 0x16, leave: 0x17, report3: 0x22 } as const;
const igmpProto = 2;

interface Layout {
  readonly family: Family;
  readonly address: number;
  readonly groupAt: number;
  readonly query: number;
  readonly joins: readonly number[];
  readonly leave: number;
  readonly records: number;
  maxResponseMs(message: Uint8Array): number;
}

const layouts: Readonly<Record<Family, Layout>> = {
  ipv4: {
    family: 'ipv4',
    address: 4,
    groupAt: 4,
    query: igmpTypes.query,
    joins: [igmpTypes.report1, igmpTypes.report2],
    leave: igmpTypes.leave,
    records: igmpTypes.report3,
    // IGMPv1 has no such field, and 10 s; IGMPv3 has a floating-point number in it from 128 on.
    maxResponseMs: (message) =>
      message[1] === 0 ? 10_000 : 100 * (message.length < 12 ? message[1]! : float8(message[1]!)),
  },
  ipv6: {
    family: 'ipv6',
    address: 16,
    groupAt: 8,
    query: mldTypes.query,
    joins: [mldTypes.report],
    leave: mldTypes.done,
    records: mldTypes.report2,
    maxResponseMs: (message) => (message.length < 28 ? get16(message, 4) : float16(get16(message, 4))),
  },
};

/** Record types (RFC 9776 section 4.2.13). */
const record = { IS_INCLUDE: 1, IS_EXCLUDE: 2, TO_INCLUDE: 3, TO_EXCLUDE: 4, ALLOW: 5, BLOCK: 6 } as const;

export function readGroupMessage(packet: Packet): GroupMessage | undefined {
  const isIpv4 = packet.etherType === EtherType.IPV4;
  const message = isIpv4 ? igmpOf(packet) : mldOf(packet);
  const layout = layouts[isIpv4 ? 'ipv4' : 'ipv6'];
  const { family, groupAt, address } = layout;
  if (message === undefined || message.length < groupAt + (message[0] === layout.records ? 4 : address))
    return undefined;
  const type = message[0]!;
  if (type === layout.records) return recordsOf(message, layout);
  const group = message.subarray(groupAt, groupAt + address);
  if (type === layout.query) {
    const isGeneral = group.every((byte) => byte === 0);
    const isAnonymous = isIpv4 && packet.frame.subarray(packet.l3At + 12, packet.l3At + 16).every((byte) => byte === 0);
    return { family, kind: 'query', isGeneral, isAnonymous, maxResponseMs: layout.maxResponseMs(message) };
  }
  if (layout.joins.includes(type)) return { family, kind: 'report', joins: [group], leaves: [] };
  return type === layout.leave ? { family, kind: 'report', joins: [], leaves: [group] } : undefined;
}

function igmpOf({ frame, l3At, l4End, ipProto }: Packet): Uint8Array | undefined {
  const message = frame.subarray(l3At + (frame[l3At]! & 0xf) * 4, l4End);
  return ipProto === igmpProto && checksumOf(sumWords(message, 0, message.length)) === 0 ? message : undefined;
}

/** They cross no router: their hop limit is 1 (RFC 9777 section 5). */
function mldOf(packet: Packet): Uint8Array | undefined {
  const { frame, l3At, l4At, l4End } = packet;
  if (l4At < 0 || frame[l3At + Ipv6At.HOP_LIMIT] !== 1 || !hasIcmpv6Checksum(packet)) return undefined;
  return frame.subarray(l4At, l4End);
}

function recordsOf(message: Uint8Array, { family, address }: Layout): GroupMessage | undefined {
  const joins: Uint8Array[] = [];
  const leaves: Uint8Array[] = [];
  let at = 8;
  for (let left = get16(message, 6); left > 0; left--) {
    if (message.length < at + 4 + address) return undefined;
    const [type, sources] = [message[at]!, get16(message, at + 2)];
    const group = message.subarray(at + 4, at + 4 + address);
    at += 4 + address * (1 + sources) + 4 * message[at + 1]!;
    if (at > message.length) return undefined;
    // Who wants some sources of a group is a member of it: sources are not told apart.
    const excludes = type === record.IS_EXCLUDE || type === record.TO_EXCLUDE;
    const includes = type === record.IS_INCLUDE || type === record.TO_INCLUDE || type === record.ALLOW;
    if (excludes || (includes && sources > 0)) joins.push(group);
    else if (type === record.TO_INCLUDE) leaves.push(group);
  }
  return { family, kind: 'report', joins, leaves };
}

/** RFC 9776 section 4.1.1. */
function float8(code: number): number {
  return code < 128 ? code : ((code & 0xf) | 0x10) << (((code >> 4) & 7) + 3);
}

/** RFC 9777 section 5.1.3. */
function float16(code: number): number {
  return code < 32768 ? code : ((code & 0xfff) | 0x1000) << (((code >> 12) & 7) + 3);
}
