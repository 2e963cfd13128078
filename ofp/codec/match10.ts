/**
 * The 40-byte match of 1.0 (spec 1.0 5.2.3), shown as OXM fields.
 *
 * ```
 *  0                   1                   2                   3
 * +---------------------------------------------------------------+
 * | wildcards                                                     |
 * +-------------------------------+-------------------------------+
 * | in_port                       | dl_src                        |
 * +-------------------------------+                               +
 * |                                                               |
 * +---------------------------------------------------------------+
 * | dl_dst                                                        |
 * +                               +-------------------------------+
 * |                               | dl_vlan                       |
 * +---------------+---------------+-------------------------------+
 * | dl_vlan_pcp   | pad           | dl_type                       |
 * +---------------+---------------+-------------------------------+
 * | nw_tos        | nw_proto      | pad                           |
 * +---------------+---------------+-------------------------------+
 * | nw_src                                                        |
 * +---------------------------------------------------------------+
 * | nw_dst                                                        |
 * +-------------------------------+-------------------------------+
 * | tp_src                        | tp_dst                        |
 * +-------------------------------+-------------------------------+
 * ```
 *
 * Fields without their prerequisite are ignored, as the specification says: a network address needs the type IPv4 or
 * ARP, a transport port needs TCP, UDP, SCTP or ICMP.
 */
import { OfpEncodeError } from '../errors.ts';
import type { OxmField } from '../tables/oxm-types.ts';
import type { Codec } from './compile.ts';
import {
  bad,
  copyOf,
  cursor,
  FAULTS,
  fail,
  out,
  port16,
  put16,
  put32,
  putFixed,
  putPort16,
  putZeros,
  u16,
  u32,
} from './io.ts';
import { ARP, type Field, IPV4, number, type Put, TRANSPORT, VLAN_NONE, VLAN_PRESENT } from './match-fixed.ts';

const SIZE = 40;
/** Bits of `wildcards`; the two addresses have 6 bits each, a count of low bits that do not matter. */
const W = {
  inPort: 1 << 0,
  dlVlan: 1 << 1,
  dlSrc: 1 << 2,
  dlDst: 1 << 3,
  dlType: 1 << 4,
  nwProto: 1 << 5,
  tpSrc: 1 << 6,
  tpDst: 1 << 7,
  nwSrcShift: 8,
  nwDstShift: 14,
  dlVlanPcp: 1 << 20,
  nwTos: 1 << 21,
  all: 0x3fffff,
} as const;

function address(field: 'ipv4_src' | 'ipv4_dst' | 'arp_spa' | 'arp_tpa', value: number, wild: number): OxmField[] {
  if (wild >= 32) return [];
  if (wild === 0) return [{ field, value }];
  const mask = (0xffffffff << wild) >>> 0;
  return [{ field, value: (value & mask) >>> 0, mask }];
}

function read(b: Uint8Array, o: number, end: number): OxmField[] {
  if (end - o < SIZE) fail('too short', o, 'match', FAULTS.requestLength);
  const w = u32(b, o);
  const fields: OxmField[] = [];
  const has = (bit: number): boolean => (w & bit) === 0;
  if (has(W.inPort)) fields.push({ field: 'in_port', value: port16(b, o + 4) });
  if (has(W.dlDst)) fields.push({ field: 'eth_dst', value: copyOf(b, o + 12, 6) });
  if (has(W.dlSrc)) fields.push({ field: 'eth_src', value: copyOf(b, o + 6, 6) });
  const type = has(W.dlType) ? u16(b, o + 22) : undefined;
  if (type !== undefined) fields.push({ field: 'eth_type', value: type });
  const vlan = u16(b, o + 18);
  if (has(W.dlVlan)) {
    fields.push({ field: 'vlan_vid', value: vlan === VLAN_NONE ? 0 : VLAN_PRESENT | (vlan & 0xfff) });
  } else if (has(W.dlVlanPcp)) {
    fields.push({ field: 'vlan_vid', value: VLAN_PRESENT, mask: VLAN_PRESENT });
  }
  if (has(W.dlVlanPcp) && !(has(W.dlVlan) && vlan === VLAN_NONE)) {
    fields.push({ field: 'vlan_pcp', value: b[o + 20]! & 7 });
  }
  if (type !== IPV4 && type !== ARP) return finish(fields, o);
  const arp = type === ARP;
  const proto = has(W.nwProto) ? b[o + 25]! : undefined;
  if (!arp && has(W.nwTos)) fields.push({ field: 'ip_dscp', value: b[o + 24]! >> 2 });
  if (proto !== undefined) fields.push(arp ? { field: 'arp_op', value: proto } : { field: 'ip_proto', value: proto });
  fields.push(...address(arp ? 'arp_spa' : 'ipv4_src', u32(b, o + 28), (w >>> W.nwSrcShift) & 63));
  fields.push(...address(arp ? 'arp_tpa' : 'ipv4_dst', u32(b, o + 32), (w >>> W.nwDstShift) & 63));
  const names = arp || proto === undefined ? undefined : TRANSPORT[proto];
  if (names !== undefined) {
    const narrow = proto === 1 ? 0xff : 0xffff;
    if (has(W.tpSrc)) fields.push({ field: names[0], value: u16(b, o + 36) & narrow } as OxmField);
    if (has(W.tpDst)) fields.push({ field: names[1], value: u16(b, o + 38) & narrow } as OxmField);
  }
  return finish(fields, o);
}

function finish(fields: OxmField[], o: number): OxmField[] {
  cursor.at = o + SIZE;
  return fields;
}

function exact(bit: number, write: (o: number, value: unknown, name: string) => void): Put {
  return (o, { value, mask }, name) => {
    if (mask !== undefined) throw new OfpEncodeError(name, 'cannot be masked in OpenFlow 1.0');
    write(o, value, name);
    return bit;
  };
}

function prefix(shift: number, at: number): Put {
  return (o, { value, mask }, name) => {
    put32(o + at, number(value, 0xffffffff, name));
    if (mask === undefined) return 63 << shift;
    const wild = ~number(mask, 0xffffffff, name) >>> 0;
    if ((wild & (wild + 1)) !== 0) throw new OfpEncodeError(name, 'only address prefixes exist in OpenFlow 1.0');
    const bits = 32 - Math.clz32(wild);
    return (63 ^ bits) << shift;
  };
}

const putByte = (at: number, max: number, shift = 0) =>
  function write(o: number, value: unknown, name: string): void {
    out[o + at] = number(value, max, name) << shift;
  };
const putWord = (at: number, max: number) =>
  function write(o: number, value: unknown, name: string): void {
    put16(o + at, number(value, max, name));
  };

const putVlan: Put = (o, { value, mask }, name) => {
  const vid = number(value, 0x1fff, name);
  if (mask !== undefined && mask !== 0x1fff) {
    if (mask !== VLAN_PRESENT || vid !== VLAN_PRESENT)
      throw new OfpEncodeError(name, 'cannot be masked in OpenFlow 1.0');
    return 0;
  }
  put16(o + 18, vid === 0 ? VLAN_NONE : vid & 0xfff);
  return W.dlVlan;
};

const tpSrc = exact(W.tpSrc, putWord(36, 0xffff));
const tpDst = exact(W.tpDst, putWord(38, 0xffff));

const PUT: { readonly [name: string]: Put } = {
  in_port: exact(W.inPort, (o, value, name) => putPort16(o + 4, value, name)),
  eth_src: exact(W.dlSrc, (o, value, name) => putFixed(o + 6, value, 6, name)),
  eth_dst: exact(W.dlDst, (o, value, name) => putFixed(o + 12, value, 6, name)),
  vlan_vid: putVlan,
  vlan_pcp: exact(W.dlVlanPcp, putByte(20, 7)),
  eth_type: exact(W.dlType, putWord(22, 0xffff)),
  ip_dscp: exact(W.nwTos, putByte(24, 63, 2)),
  ip_proto: exact(W.nwProto, putByte(25, 0xff)),
  arp_op: exact(W.nwProto, putByte(25, 0xff)),
  ipv4_src: prefix(W.nwSrcShift, 28),
  arp_spa: prefix(W.nwSrcShift, 28),
  ipv4_dst: prefix(W.nwDstShift, 32),
  arp_tpa: prefix(W.nwDstShift, 32),
  tcp_src: tpSrc,
  udp_src: tpSrc,
  sctp_src: tpSrc,
  icmpv4_type: exact(W.tpSrc, putWord(36, 0xff)),
  tcp_dst: tpDst,
  udp_dst: tpDst,
  sctp_dst: tpDst,
  icmpv4_code: exact(W.tpDst, putWord(38, 0xff)),
};

function write(value: unknown): void {
  if (!Array.isArray(value)) bad('match', value);
  const o = cursor.at;
  putZeros(o, SIZE);
  let wildcards: number = W.all;
  for (const field of value as readonly (Field & { field: string })[]) {
    const put = PUT[field.field];
    if (put === undefined) throw new OfpEncodeError(field.field, 'is not a match field of OpenFlow 1.0');
    wildcards &= ~put(o, field, field.field);
  }
  put32(o, wildcards);
  cursor.at = o + SIZE;
}

export const MATCH_10: Codec = { read, write };
