/**
 * The 88-byte match of 1.1 (spec 1.1 A.2.3), shown as OXM fields. Masks have a 1 where a bit does not matter.
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------------------------+
 * | type = 0                      | length = 88                   |
 * +-------------------------------+-------------------------------+
 * | in_port                                                       |
 * | wildcards                                                     |
 * | dl_src (6), dl_src_mask (6), dl_dst (6), dl_dst_mask (6)      |
 * +-------------------------------+---------------+---------------+
 * | dl_vlan                       | dl_vlan_pcp   | pad           |
 * +-------------------------------+---------------+---------------+
 * | dl_type                       | nw_tos        | nw_proto      |
 * +-------------------------------+---------------+---------------+
 * | nw_src, nw_src_mask, nw_dst, nw_dst_mask                      |
 * +-------------------------------+-------------------------------+
 * | tp_src                        | tp_dst                        |
 * +-------------------------------+-------------------------------+
 * | mpls_label                                                    |
 * +---------------+-----------------------------------------------+
 * | mpls_tc       | pad                                           |
 * +---------------+-----------------------------------------------+
 * | metadata (8), metadata_mask (8)                               |
 * +---------------------------------------------------------------+
 * ```
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
  put16,
  put32,
  put64,
  putFixed,
  putZeros,
  u16,
  u32,
  u64,
} from './io.ts';
import {
  ARP,
  type Field,
  type FieldName,
  IPV4,
  number,
  type Put,
  TRANSPORT,
  VLAN_NONE,
  VLAN_PRESENT,
} from './match-fixed.ts';

const SIZE = 88;
const STANDARD = 0;
const W = {
  inPort: 1 << 0,
  dlVlan: 1 << 1,
  dlVlanPcp: 1 << 2,
  dlType: 1 << 3,
  nwTos: 1 << 4,
  nwProto: 1 << 5,
  tpSrc: 1 << 6,
  tpDst: 1 << 7,
  mplsLabel: 1 << 8,
  mplsTc: 1 << 9,
  all: 0x3ff,
} as const;
const AT = {
  inPort: 4,
  wildcards: 8,
  dlSrc: 12,
  dlDst: 24,
  dlVlan: 36,
  dlVlanPcp: 38,
  dlType: 40,
  nwTos: 42,
  nwProto: 43,
  nwSrc: 44,
  nwDst: 52,
  tpSrc: 60,
  tpDst: 62,
  mplsLabel: 64,
  mplsTc: 68,
  metadata: 72,
} as const;

const VLAN_ANY = 0xfffe;
const MPLS = [0x8847, 0x8848];
const ALL64 = 0xffffffffffffffffn;

function mac(fields: OxmField[], field: 'eth_src' | 'eth_dst', b: Uint8Array, at: number): void {
  const value = copyOf(b, at, 6);
  const mask = copyOf(b, at + 6, 6).map((octet) => ~octet);
  if (mask.every((octet) => octet === 0)) return;
  fields.push(mask.every((octet) => octet === 0xff) ? { field, value } : { field, value, mask });
}

function ipv4(fields: OxmField[], field: FieldName, b: Uint8Array, at: number): void {
  const value = u32(b, at);
  const mask = ~u32(b, at + 4) >>> 0;
  if (mask === 0) return;
  fields.push((mask === 0xffffffff ? { field, value } : { field, value, mask }) as OxmField);
}

function read(b: Uint8Array, o: number, end: number): OxmField[] {
  if (end - o < SIZE) fail('too short', o, 'match', FAULTS.matchLength);
  if (u16(b, o) !== STANDARD) fail(`type ${u16(b, o)}`, o, 'match.type', FAULTS.matchType);
  if (u16(b, o + 2) !== SIZE) fail(`length ${u16(b, o + 2)}`, o + 2, 'match.length', FAULTS.matchLength);
  const w = u32(b, o + AT.wildcards);
  const fields: OxmField[] = [];
  const has = (bit: number): boolean => (w & bit) === 0;
  if (has(W.inPort)) fields.push({ field: 'in_port', value: u32(b, o + AT.inPort) });
  const metadataMask = ~u64(b, o + AT.metadata + 8) & ALL64;
  const metadata = u64(b, o + AT.metadata);
  if (metadataMask === ALL64) fields.push({ field: 'metadata', value: metadata });
  else if (metadataMask !== 0n) fields.push({ field: 'metadata', value: metadata, mask: metadataMask });
  mac(fields, 'eth_dst', b, o + AT.dlDst);
  mac(fields, 'eth_src', b, o + AT.dlSrc);
  const type = has(W.dlType) ? u16(b, o + AT.dlType) : undefined;
  if (type !== undefined) fields.push({ field: 'eth_type', value: type });
  const vlan = u16(b, o + AT.dlVlan);
  if (has(W.dlVlan)) {
    if (vlan === VLAN_NONE) fields.push({ field: 'vlan_vid', value: 0 });
    else if (vlan === VLAN_ANY) fields.push({ field: 'vlan_vid', value: VLAN_PRESENT, mask: VLAN_PRESENT });
    else fields.push({ field: 'vlan_vid', value: VLAN_PRESENT | (vlan & 0xfff) });
    if (vlan !== VLAN_NONE && has(W.dlVlanPcp)) fields.push({ field: 'vlan_pcp', value: b[o + AT.dlVlanPcp]! & 7 });
  }
  network(fields, b, o, type, has);
  if (type !== undefined && MPLS.includes(type)) {
    if (has(W.mplsLabel)) fields.push({ field: 'mpls_label', value: u32(b, o + AT.mplsLabel) });
    if (has(W.mplsTc)) fields.push({ field: 'mpls_tc', value: b[o + AT.mplsTc]! & 7 });
  }
  cursor.at = o + SIZE;
  return fields;
}

function network(
  fields: OxmField[],
  b: Uint8Array,
  o: number,
  type: number | undefined,
  has: (bit: number) => boolean,
): void {
  if (type !== IPV4 && type !== ARP) return;
  const arp = type === ARP;
  const proto = has(W.nwProto) ? b[o + AT.nwProto]! : undefined;
  if (!arp && has(W.nwTos)) fields.push({ field: 'ip_dscp', value: b[o + AT.nwTos]! >> 2 });
  if (proto !== undefined) fields.push(arp ? { field: 'arp_op', value: proto } : { field: 'ip_proto', value: proto });
  ipv4(fields, arp ? 'arp_spa' : 'ipv4_src', b, o + AT.nwSrc);
  ipv4(fields, arp ? 'arp_tpa' : 'ipv4_dst', b, o + AT.nwDst);
  const names = arp || proto === undefined ? undefined : TRANSPORT[proto];
  if (names === undefined) return;
  const narrow = proto === 1 ? 0xff : 0xffff;
  if (has(W.tpSrc)) fields.push({ field: names[0], value: u16(b, o + AT.tpSrc) & narrow } as OxmField);
  if (has(W.tpDst)) fields.push({ field: names[1], value: u16(b, o + AT.tpDst) & narrow } as OxmField);
}

/** A number of 1, 2 or 4 bytes that has no mask. */
function exact(bit: number, at: number, size: 1 | 2 | 4, max: number, shift = 0): Put {
  return (o, { value, mask }, name) => {
    if (mask !== undefined) throw new OfpEncodeError(name, 'cannot be masked in OpenFlow 1.1');
    const n = number(value, max, name) << shift;
    if (size === 4) put32(o + at, n);
    else if (size === 2) put16(o + at, n);
    else out[o + at] = n;
    return bit;
  };
}

const maskedMac =
  (at: number): Put =>
  (o, { value, mask }, name) => {
    putFixed(o + at, value, 6, name);
    if (mask === undefined) putZeros(o + at + 6, 6);
    else putFixed(o + at + 6, mask, 6, name);
    if (mask !== undefined) for (let i = 6; i < 12; i++) out[o + at + i] = ~out[o + at + i]!;
    return 0;
  };

const maskedIpv4 =
  (at: number): Put =>
  (o, { value, mask }, name) => {
    put32(o + at, number(value, 0xffffffff, name));
    put32(o + at + 4, mask === undefined ? 0 : ~number(mask, 0xffffffff, name));
    return 0;
  };

const putMetadata: Put = (o, { value, mask }, name) => {
  put64(o + AT.metadata, value, name);
  put64(o + AT.metadata + 8, mask === undefined ? 0n : mask, name);
  if (mask !== undefined) for (let i = 8; i < 16; i++) out[o + AT.metadata + i] = ~out[o + AT.metadata + i]!;
  return 0;
};

const putVlan: Put = (o, { value, mask }, name) => {
  const vid = number(value, 0x1fff, name);
  if (mask !== undefined && mask !== 0x1fff) {
    if (mask !== VLAN_PRESENT || vid !== VLAN_PRESENT)
      throw new OfpEncodeError(name, 'cannot be masked in OpenFlow 1.1');
    put16(o + AT.dlVlan, VLAN_ANY);
  } else put16(o + AT.dlVlan, vid === 0 ? VLAN_NONE : vid & 0xfff);
  return W.dlVlan;
};

const tpSrc = exact(W.tpSrc, AT.tpSrc, 2, 0xffff);
const tpDst = exact(W.tpDst, AT.tpDst, 2, 0xffff);

const PUT: { readonly [name: string]: Put } = {
  in_port: exact(W.inPort, AT.inPort, 4, 0xffffffff),
  metadata: putMetadata,
  eth_src: maskedMac(AT.dlSrc),
  eth_dst: maskedMac(AT.dlDst),
  vlan_vid: putVlan,
  vlan_pcp: exact(W.dlVlanPcp, AT.dlVlanPcp, 1, 7),
  eth_type: exact(W.dlType, AT.dlType, 2, 0xffff),
  ip_dscp: exact(W.nwTos, AT.nwTos, 1, 63, 2),
  ip_proto: exact(W.nwProto, AT.nwProto, 1, 0xff),
  arp_op: exact(W.nwProto, AT.nwProto, 1, 0xff),
  ipv4_src: maskedIpv4(AT.nwSrc),
  arp_spa: maskedIpv4(AT.nwSrc),
  ipv4_dst: maskedIpv4(AT.nwDst),
  arp_tpa: maskedIpv4(AT.nwDst),
  tcp_src: tpSrc,
  udp_src: tpSrc,
  sctp_src: tpSrc,
  icmpv4_type: exact(W.tpSrc, AT.tpSrc, 2, 0xff),
  tcp_dst: tpDst,
  udp_dst: tpDst,
  sctp_dst: tpDst,
  icmpv4_code: exact(W.tpDst, AT.tpDst, 2, 0xff),
  mpls_label: exact(W.mplsLabel, AT.mplsLabel, 4, 0xfffff),
  mpls_tc: exact(W.mplsTc, AT.mplsTc, 1, 7),
};

/** Places of the four masks, which are all ones (nothing matters) unless a field says otherwise. */
const MASKS = [
  [AT.dlSrc + 6, 6],
  [AT.dlDst + 6, 6],
  [AT.nwSrc + 4, 4],
  [AT.nwDst + 4, 4],
  [AT.metadata + 8, 8],
] as const;

function write(value: unknown): void {
  if (!Array.isArray(value)) bad('match', value);
  const o = cursor.at;
  putZeros(o, SIZE);
  for (const [at, size] of MASKS) out.fill(0xff, o + at, o + at + size);
  let wildcards: number = W.all;
  for (const field of value as readonly (Field & { field: string })[]) {
    const put = PUT[field.field];
    if (put === undefined) throw new OfpEncodeError(field.field, 'is not a match field of OpenFlow 1.1');
    wildcards &= ~put(o, field, field.field);
  }
  put16(o, STANDARD);
  put16(o + 2, SIZE);
  put32(o + AT.wildcards, wildcards);
  cursor.at = o + SIZE;
}

export const MATCH_11: Codec = { read, write };
