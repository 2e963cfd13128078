/** Match fields as text: the names that ovs-ofctl gives them and how their values are written. */
import { OVS_FIELDS, OXM_FIELDS, type OxmInfo } from '../tables/oxm.ts';
import type { OxmName, StandardOxmName } from '../tables/oxm-types.ts';
import { formatIpv4, formatIpv6, formatMac, ipv4Bytes, prefixLength } from './addresses.ts';
import { formatPort, type PortNames } from './names.ts';

/** How a value is written. `hex0` pads to the digits of the field. */
export type Form =
  | 'decimal'
  | 'hex'
  | 'hex0'
  | 'bytes'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'port'
  | 'tcpFlags'
  | 'packetType'
  | 'ctState'
  | 'fragment';

export interface TextField {
  /** The name that a match prints. */
  readonly match: string;
  readonly form: Form;
  /** The name that set_field prints, where it differs. */
  readonly set?: string;
  /** How set_field writes the value, where that differs. */
  readonly setForm?: Form;
  /** Other names that are read. */
  readonly aliases?: readonly string[];
  /** Not to be set by an action: `set_field` refuses it. */
  readonly readOnly?: boolean;
}

type FieldTexts = { readonly [K in StandardOxmName]: TextField } & { readonly [K in OxmName]?: TextField };

/** Names of the fields, in the order in which a match prints them. */
const FIELD_TEXT: FieldTexts = {
  pkt_mark: { match: 'pkt_mark', form: 'hex' },
  recirc_id: { match: 'recirc_id', form: 'hex', readOnly: true },
  dp_hash: { match: 'dp_hash', form: 'hex', readOnly: true },
  conj_id: { match: 'conj_id', form: 'decimal', readOnly: true },
  actset_output: { match: 'actset_output', form: 'port', readOnly: true },
  ct_state: { match: 'ct_state', form: 'ctState', readOnly: true },
  ct_zone: { match: 'ct_zone', form: 'decimal', readOnly: true },
  ct_mark: { match: 'ct_mark', form: 'hex' },
  ct_label: { match: 'ct_label', form: 'bytes' },
  ct_nw_src: { match: 'ct_nw_src', form: 'ipv4', readOnly: true },
  ct_ipv6_src: { match: 'ct_ipv6_src', form: 'ipv6', readOnly: true },
  ct_nw_dst: { match: 'ct_nw_dst', form: 'ipv4', readOnly: true },
  ct_ipv6_dst: { match: 'ct_ipv6_dst', form: 'ipv6', readOnly: true },
  ct_nw_proto: { match: 'ct_nw_proto', form: 'decimal', readOnly: true },
  ct_tp_src: { match: 'ct_tp_src', form: 'decimal', readOnly: true },
  ct_tp_dst: { match: 'ct_tp_dst', form: 'decimal', readOnly: true },
  packet_type: { match: 'packet_type', form: 'packetType', readOnly: true },
  reg0: { match: 'reg0', form: 'hex' },
  reg1: { match: 'reg1', form: 'hex' },
  reg2: { match: 'reg2', form: 'hex' },
  reg3: { match: 'reg3', form: 'hex' },
  reg4: { match: 'reg4', form: 'hex' },
  reg5: { match: 'reg5', form: 'hex' },
  reg6: { match: 'reg6', form: 'hex' },
  reg7: { match: 'reg7', form: 'hex' },
  reg8: { match: 'reg8', form: 'hex' },
  reg9: { match: 'reg9', form: 'hex' },
  reg10: { match: 'reg10', form: 'hex' },
  reg11: { match: 'reg11', form: 'hex' },
  reg12: { match: 'reg12', form: 'hex' },
  reg13: { match: 'reg13', form: 'hex' },
  reg14: { match: 'reg14', form: 'hex' },
  reg15: { match: 'reg15', form: 'hex' },
  tunnel_id: { match: 'tun_id', form: 'hex', aliases: ['tunnel_id'] },
  tun_ipv4_src: { match: 'tun_src', form: 'ipv4' },
  tun_ipv4_dst: { match: 'tun_dst', form: 'ipv4' },
  tun_ipv6_src: { match: 'tun_ipv6_src', form: 'ipv6' },
  tun_ipv6_dst: { match: 'tun_ipv6_dst', form: 'ipv6' },
  tun_gbp_id: { match: 'tun_gbp_id', form: 'decimal' },
  metadata: { match: 'metadata', form: 'hex' },
  in_port: { match: 'in_port', form: 'port', set: 'in_port_oxm' },
  in_phy_port: { match: 'in_phy_port', form: 'port', readOnly: true },
  vlan_vid: { match: 'vlan_vid', form: 'decimal' },
  vlan_pcp: { match: 'dl_vlan_pcp', form: 'decimal', set: 'vlan_pcp' },
  eth_src: { match: 'dl_src', form: 'mac', set: 'eth_src' },
  eth_dst: { match: 'dl_dst', form: 'mac', set: 'eth_dst' },
  eth_type: { match: 'dl_type', form: 'hex0', aliases: ['eth_type'], readOnly: true },
  ipv6_src: { match: 'ipv6_src', form: 'ipv6' },
  ipv6_dst: { match: 'ipv6_dst', form: 'ipv6' },
  ipv6_flabel: { match: 'ipv6_label', form: 'hex0', setForm: 'hex' },
  arp_spa: { match: 'arp_spa', form: 'ipv4' },
  arp_tpa: { match: 'arp_tpa', form: 'ipv4' },
  ipv4_src: { match: 'nw_src', form: 'ipv4', set: 'ip_src' },
  ipv4_dst: { match: 'nw_dst', form: 'ipv4', set: 'ip_dst' },
  arp_op: { match: 'arp_op', form: 'decimal' },
  ip_proto: { match: 'nw_proto', form: 'decimal', aliases: ['ip_proto'], readOnly: true },
  arp_sha: { match: 'arp_sha', form: 'mac' },
  arp_tha: { match: 'arp_tha', form: 'mac' },
  /** Printed as `nw_tos`, the whole octet, in a match. */
  ip_dscp: { match: 'ip_dscp', form: 'decimal' },
  ip_ecn: { match: 'nw_ecn', form: 'decimal', aliases: ['ip_ecn'] },
  ip_ttl: { match: 'nw_ttl', form: 'decimal' },
  mpls_label: { match: 'mpls_label', form: 'decimal' },
  mpls_tc: { match: 'mpls_tc', form: 'decimal' },
  mpls_ttl: { match: 'mpls_ttl', form: 'decimal' },
  mpls_bos: { match: 'mpls_bos', form: 'decimal', readOnly: true },
  pbb_isid: { match: 'pbb_isid', form: 'hex' },
  pbb_uca: { match: 'pbb_uca', form: 'decimal' },
  ipv6_exthdr: { match: 'ipv6_exthdr', form: 'hex', readOnly: true },
  ip_frag: { match: 'nw_frag', form: 'fragment', aliases: ['ip_frag'], readOnly: true },
  icmpv4_type: { match: 'icmp_type', form: 'decimal' },
  icmpv4_code: { match: 'icmp_code', form: 'decimal' },
  icmpv6_type: { match: 'icmp_type', form: 'decimal', set: 'icmpv6_type' },
  icmpv6_code: { match: 'icmp_code', form: 'decimal', set: 'icmpv6_code' },
  ipv6_nd_target: { match: 'nd_target', form: 'ipv6' },
  ipv6_nd_sll: { match: 'nd_sll', form: 'mac' },
  ipv6_nd_tll: { match: 'nd_tll', form: 'mac' },
  tcp_src: { match: 'tp_src', form: 'decimal', set: 'tcp_src' },
  tcp_dst: { match: 'tp_dst', form: 'decimal', set: 'tcp_dst' },
  udp_src: { match: 'tp_src', form: 'decimal', set: 'udp_src' },
  udp_dst: { match: 'tp_dst', form: 'decimal', set: 'udp_dst' },
  sctp_src: { match: 'tp_src', form: 'decimal', set: 'sctp_src' },
  sctp_dst: { match: 'tp_dst', form: 'decimal', set: 'sctp_dst' },
  tcp_flags: { match: 'tcp_flags', form: 'tcpFlags', readOnly: true },
};

/** Every match field: width, kind and prerequisites. */
export const FIELD_INFO: { readonly [K in OxmName]: OxmInfo } = { ...OXM_FIELDS, ...OVS_FIELDS };

const KIND_FORMS: { readonly [K in OxmInfo['kind']]: Form } = {
  u8: 'hex',
  u16: 'hex',
  u24: 'hex',
  u32: 'hex',
  u64: 'hex',
  mac: 'mac',
  ipv6: 'ipv6',
  u128: 'bytes',
  bytes: 'bytes',
};

/** How a field is written; one of Open vSwitch's that has no entry goes by its own name. */
export function textOf(field: OxmName): TextField {
  return FIELD_TEXT[field] ?? { match: field, form: KIND_FORMS[FIELD_INFO[field].kind] };
}

const NAMED = Object.keys(FIELD_TEXT) as OxmName[];

/** Every field, in the order in which a match prints them: those without an entry are of tunnels, before the metadata. */
export const MATCH_ORDER: readonly OxmName[] = NAMED.flatMap((name) =>
  name === 'metadata'
    ? [...(Object.keys(FIELD_INFO) as OxmName[]).filter((each) => !NAMED.includes(each)), name]
    : [name],
);

/** A field's value or mask: a number, a bigint for 64 bits, bytes for addresses. */
export type FieldValue = number | bigint | Uint8Array;

/** One TCP flag a bit, from bit 0. */
export const TCP_FLAG_NAMES = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr', 'ns', '[200]', '[400]', '[800]'];

/** All ones, in the width of the field. */
export function fullMask(field: OxmName, like: FieldValue): FieldValue {
  if (like instanceof Uint8Array) return new Uint8Array(like.length).fill(0xff);
  const { bits } = FIELD_INFO[field];
  return typeof like === 'bigint' ? (1n << BigInt(bits)) - 1n : 2 ** bits - 1;
}

export function isZero(value: FieldValue): boolean {
  return value instanceof Uint8Array ? value.every((byte) => byte === 0) : Number(value) === 0;
}

export function sameValue(a: FieldValue, b: FieldValue): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? a.every((byte, i) => byte === b[i]) : a === b;
}

export function andValue(a: FieldValue, b: FieldValue): FieldValue {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.map((byte, i) => byte & b[i]!);
  return typeof a === 'bigint' && typeof b === 'bigint' ? a & b : (Number(a) & Number(b)) >>> 0;
}

/** States of a tracked connection, from bit 0. */
export const CT_STATE_NAMES = ['new', 'est', 'rel', 'rpl', 'inv', 'trk', 'snat', 'dnat'];

/** Fragments, by value and mask: bit 0 for any fragment, bit 1 for later ones. */
export const FRAGMENTS = [
  { name: 'no', value: 0, mask: 3 },
  { name: 'yes', value: 1, mask: 1 },
  { name: 'first', value: 1, mask: 3 },
  { name: 'later', value: 3, mask: 3 },
  { name: 'not_later', value: 0, mask: 2 },
] as const;

const hex = (value: FieldValue) => (Number(value) === 0 ? '0' : `0x${(value as number | bigint).toString(16)}`);

interface ValueWriter {
  /** A value that is compared, or set, whole. */
  exact: (value: FieldValue, bits: number, ports: PortNames | undefined) => string;
  /** A match's value and mask, neither trivial; by default both as `exact` writes them. */
  masked?: (value: FieldValue, mask: FieldValue, bits: number) => string;
}

const WRITERS: { readonly [F in Form]: ValueWriter } = {
  decimal: {
    exact: String,
    masked: (value, mask) => `0x${value.toString(16)}/0x${mask.toString(16)}`,
  },
  hex: { exact: hex },
  hex0: { exact: (value, bits) => `0x${(value as number).toString(16).padStart(Math.ceil(bits / 4), '0')}` },
  mac: { exact: (value) => formatMac(value as Uint8Array) },
  ipv4: {
    exact: (value) => formatIpv4(value as number),
    masked: (value, mask) =>
      `${formatIpv4(value as number)}/${prefixLength(ipv4Bytes(mask as number)) ?? formatIpv4(mask as number)}`,
  },
  ipv6: {
    exact: (value) => formatIpv6(value as Uint8Array),
    masked: (value, mask) =>
      `${formatIpv6(value as Uint8Array)}/${prefixLength(mask as Uint8Array) ?? formatIpv6(mask as Uint8Array)}`,
  },
  port: { exact: (value, _bits, ports) => formatPort(value as number, ports) },
  tcpFlags: {
    exact: (value) => namedFlags(value as number, TCP_FLAG_NAMES) || '0',
    masked: (value, mask) => signedFlags(value as number, mask as number, TCP_FLAG_NAMES),
  },
  ctState: {
    exact: (value) => namedFlags(value as number, CT_STATE_NAMES) || '0',
    masked: (value, mask) => signedFlags(value as number, mask as number, CT_STATE_NAMES),
  },
  fragment: {
    exact: (value) => fragmentName(value as number, 3),
    masked: (value, mask) => fragmentName(value as number, mask as number),
  },
  bytes: { exact: (value) => hexBytes(value as Uint8Array) },
  packetType: { exact: (value) => `(${(value as number) >>> 16},${hex((value as number) & 0xffff)})` },
};

const hasBit = (bits: number, bit: number) => ((bits >>> bit) & 1) === 1;

const namedFlags = (flags: number, names: readonly string[]) => names.filter((_, bit) => hasBit(flags, bit)).join('|');

/** Every flag that is compared, with what it must be. */
const signedFlags = (flags: number, mask: number, names: readonly string[]) =>
  names.map((name, bit) => (hasBit(mask, bit) ? `${hasBit(flags, bit) ? '+' : '-'}${name}` : '')).join('');

const fragmentName = (value: number, mask: number) =>
  FRAGMENTS.find((fragment) => fragment.value === value && fragment.mask === mask)?.name ?? `0x${value}/0x${mask}`;

/** A number of any length, without leading zeros. */
function hexBytes(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .replace(/^0+/, '');
  return digits === '' ? '0' : `0x${digits}`;
}

/** A match's value and mask; the mask must not be all zeros. Bits outside the mask print as zeros. */
export function formatMatchValue(field: OxmName, value: FieldValue, mask?: FieldValue, ports?: PortNames): string {
  const { form } = textOf(field);
  const { bits } = FIELD_INFO[field];
  const writer: ValueWriter = WRITERS[form];
  if (mask === undefined || sameValue(mask, fullMask(field, value))) return writer.exact(value, bits, ports);
  const compared = andValue(value, mask);
  return (
    writer.masked?.(compared, mask, bits) ?? `${writer.exact(compared, bits, ports)}/${writer.exact(mask, bits, ports)}`
  );
}

/** The value, and mask from 1.5 on, of a set_field. */
export function formatSetValue(field: OxmName, value: FieldValue, mask?: FieldValue, ports?: PortNames): string {
  const text = textOf(field);
  const { bits } = FIELD_INFO[field];
  const form = text.setForm ?? text.form;
  const writer: ValueWriter = WRITERS[form];
  if (mask === undefined || sameValue(mask, fullMask(field, value))) return writer.exact(value, bits, ports);
  if (form === 'decimal') return `${value}/${hex(mask)}`;
  return writer.masked?.(value, mask, bits) ?? `${writer.exact(value, bits, ports)}/${writer.exact(mask, bits, ports)}`;
}

/** The name of a field where an action sets it. */
export function setName(field: OxmName): string {
  const text = textOf(field);
  return text.set ?? text.match;
}
