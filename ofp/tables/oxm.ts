/**
 * OpenFlow extensible match fields.
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------+-+---------------+
 * | class                         | field       |M| length        |
 * +-------------------------------+-------------+-+---------------+
 * | value, then mask if M is set ...                              |
 * ```
 *
 * `bits` is the width of the value; `maskable` says whether the specification allows a mask; `needs` lists the fields
 * that must be in the match with one of the values given (any value when empty), prerequisites of prerequisites too.
 */
import type { OfpVersion } from '../errors.ts';

export type OxmKind = 'u8' | 'u16' | 'u24' | 'u32' | 'u64' | 'mac' | 'ipv6' | 'u128';

export interface OxmInfo {
  readonly class: number;
  readonly code: number;
  /** For the experimenter class: the id that follows the header, counted in its length. */
  readonly experimenter?: number;
  readonly kind: OxmKind;
  readonly bits: number;
  readonly maskable: boolean;
  readonly since: OfpVersion;
  readonly needs?: readonly (readonly [field: string, values: readonly number[]])[];
  readonly spec: string;
}

const BASIC = 0x8000;
const ARP = [['eth_type', [0x0806]]] as const;
const IP = [['eth_type', [0x0800, 0x86dd]]] as const;
const IPV4 = [['eth_type', [0x0800]]] as const;
const IPV6 = [['eth_type', [0x86dd]]] as const;
const MPLS = [['eth_type', [0x8847, 0x8848]]] as const;
const PBB = [['eth_type', [0x88e7]]] as const;
const TCP = [
  ['eth_type', [0x0800, 0x86dd]],
  ['ip_proto', [6]],
] as const;
const UDP = [
  ['eth_type', [0x0800, 0x86dd]],
  ['ip_proto', [17]],
] as const;
const SCTP = [
  ['eth_type', [0x0800, 0x86dd]],
  ['ip_proto', [132]],
] as const;
const ICMPV4 = [
  ['eth_type', [0x0800]],
  ['ip_proto', [1]],
] as const;
const ICMPV6 = [
  ['eth_type', [0x86dd]],
  ['ip_proto', [58]],
] as const;
const ND = [...ICMPV6, ['icmpv6_type', [135, 136]]] as const;
const ND_SLL = [...ICMPV6, ['icmpv6_type', [135]]] as const;
const ND_TLL = [...ICMPV6, ['icmpv6_type', [136]]] as const;

export const OXM_FIELDS = {
  in_port: { class: BASIC, code: 0, kind: 'u32', bits: 32, maskable: false, since: 3, spec: '1.3 7.2.3.7' },
  in_phy_port: {
    class: BASIC,
    code: 1,
    kind: 'u32',
    bits: 32,
    maskable: false,
    since: 3,
    needs: [['in_port', []]],
    spec: '1.3 7.2.3.7',
  },
  metadata: { class: BASIC, code: 2, kind: 'u64', bits: 64, maskable: true, since: 3, spec: '1.3 7.2.3.7' },
  eth_dst: { class: BASIC, code: 3, kind: 'mac', bits: 48, maskable: true, since: 3, spec: '1.3 7.2.3.7' },
  eth_src: { class: BASIC, code: 4, kind: 'mac', bits: 48, maskable: true, since: 3, spec: '1.3 7.2.3.7' },
  eth_type: { class: BASIC, code: 5, kind: 'u16', bits: 16, maskable: false, since: 3, spec: '1.3 7.2.3.7' },
  vlan_vid: { class: BASIC, code: 6, kind: 'u16', bits: 13, maskable: true, since: 3, spec: '1.3 7.2.3.7' },
  vlan_pcp: {
    class: BASIC,
    code: 7,
    kind: 'u8',
    bits: 3,
    maskable: false,
    since: 3,
    needs: [['vlan_vid', []]],
    spec: '1.3 7.2.3.7',
  },
  ip_dscp: { class: BASIC, code: 8, kind: 'u8', bits: 6, maskable: false, since: 3, needs: IP, spec: '1.3 7.2.3.7' },
  ip_ecn: { class: BASIC, code: 9, kind: 'u8', bits: 2, maskable: false, since: 3, needs: IP, spec: '1.3 7.2.3.7' },
  ip_proto: { class: BASIC, code: 10, kind: 'u8', bits: 8, maskable: false, since: 3, needs: IP, spec: '1.3 7.2.3.7' },
  ipv4_src: {
    class: BASIC,
    code: 11,
    kind: 'u32',
    bits: 32,
    maskable: true,
    since: 3,
    needs: IPV4,
    spec: '1.3 7.2.3.7',
  },
  ipv4_dst: {
    class: BASIC,
    code: 12,
    kind: 'u32',
    bits: 32,
    maskable: true,
    since: 3,
    needs: IPV4,
    spec: '1.3 7.2.3.7',
  },
  tcp_src: {
    class: BASIC,
    code: 13,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: TCP,
    spec: '1.3 7.2.3.7',
  },
  tcp_dst: {
    class: BASIC,
    code: 14,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: TCP,
    spec: '1.3 7.2.3.7',
  },
  udp_src: {
    class: BASIC,
    code: 15,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: UDP,
    spec: '1.3 7.2.3.7',
  },
  udp_dst: {
    class: BASIC,
    code: 16,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: UDP,
    spec: '1.3 7.2.3.7',
  },
  sctp_src: {
    class: BASIC,
    code: 17,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: SCTP,
    spec: '1.3 7.2.3.7',
  },
  sctp_dst: {
    class: BASIC,
    code: 18,
    kind: 'u16',
    bits: 16,
    maskable: false,
    since: 3,
    needs: SCTP,
    spec: '1.3 7.2.3.7',
  },
  icmpv4_type: {
    class: BASIC,
    code: 19,
    kind: 'u8',
    bits: 8,
    maskable: false,
    since: 3,
    needs: ICMPV4,
    spec: '1.3 7.2.3.7',
  },
  icmpv4_code: {
    class: BASIC,
    code: 20,
    kind: 'u8',
    bits: 8,
    maskable: false,
    since: 3,
    needs: ICMPV4,
    spec: '1.3 7.2.3.7',
  },
  arp_op: { class: BASIC, code: 21, kind: 'u16', bits: 16, maskable: false, since: 3, needs: ARP, spec: '1.3 7.2.3.7' },
  arp_spa: { class: BASIC, code: 22, kind: 'u32', bits: 32, maskable: true, since: 3, needs: ARP, spec: '1.3 7.2.3.7' },
  arp_tpa: { class: BASIC, code: 23, kind: 'u32', bits: 32, maskable: true, since: 3, needs: ARP, spec: '1.3 7.2.3.7' },
  arp_sha: { class: BASIC, code: 24, kind: 'mac', bits: 48, maskable: true, since: 3, needs: ARP, spec: '1.3 7.2.3.7' },
  arp_tha: { class: BASIC, code: 25, kind: 'mac', bits: 48, maskable: true, since: 3, needs: ARP, spec: '1.3 7.2.3.7' },
  ipv6_src: {
    class: BASIC,
    code: 26,
    kind: 'ipv6',
    bits: 128,
    maskable: true,
    since: 3,
    needs: IPV6,
    spec: '1.3 7.2.3.7',
  },
  ipv6_dst: {
    class: BASIC,
    code: 27,
    kind: 'ipv6',
    bits: 128,
    maskable: true,
    since: 3,
    needs: IPV6,
    spec: '1.3 7.2.3.7',
  },
  ipv6_flabel: {
    class: BASIC,
    code: 28,
    kind: 'u32',
    bits: 20,
    maskable: true,
    since: 3,
    needs: IPV6,
    spec: '1.3 7.2.3.7',
  },
  icmpv6_type: {
    class: BASIC,
    code: 29,
    kind: 'u8',
    bits: 8,
    maskable: false,
    since: 3,
    needs: ICMPV6,
    spec: '1.3 7.2.3.7',
  },
  icmpv6_code: {
    class: BASIC,
    code: 30,
    kind: 'u8',
    bits: 8,
    maskable: false,
    since: 3,
    needs: ICMPV6,
    spec: '1.3 7.2.3.7',
  },
  ipv6_nd_target: {
    class: BASIC,
    code: 31,
    kind: 'ipv6',
    bits: 128,
    maskable: false,
    since: 3,
    needs: ND,
    spec: '1.3 7.2.3.7',
  },
  ipv6_nd_sll: {
    class: BASIC,
    code: 32,
    kind: 'mac',
    bits: 48,
    maskable: false,
    since: 3,
    needs: ND_SLL,
    spec: '1.3 7.2.3.7',
  },
  ipv6_nd_tll: {
    class: BASIC,
    code: 33,
    kind: 'mac',
    bits: 48,
    maskable: false,
    since: 3,
    needs: ND_TLL,
    spec: '1.3 7.2.3.7',
  },
  mpls_label: {
    class: BASIC,
    code: 34,
    kind: 'u32',
    bits: 20,
    maskable: false,
    since: 3,
    needs: MPLS,
    spec: '1.3 7.2.3.7',
  },
  mpls_tc: { class: BASIC, code: 35, kind: 'u8', bits: 3, maskable: false, since: 3, needs: MPLS, spec: '1.3 7.2.3.7' },
  mpls_bos: {
    class: BASIC,
    code: 36,
    kind: 'u8',
    bits: 1,
    maskable: false,
    since: 4,
    needs: MPLS,
    spec: '1.3 7.2.3.7',
  },
  pbb_isid: {
    class: BASIC,
    code: 37,
    kind: 'u24',
    bits: 24,
    maskable: true,
    since: 4,
    needs: PBB,
    spec: '1.3 7.2.3.7',
  },
  tunnel_id: { class: BASIC, code: 38, kind: 'u64', bits: 64, maskable: true, since: 4, spec: '1.3 7.2.3.7' },
  ipv6_exthdr: {
    class: BASIC,
    code: 39,
    kind: 'u16',
    bits: 9,
    maskable: true,
    since: 4,
    needs: IPV6,
    spec: '1.3 7.2.3.7',
  },
  pbb_uca: { class: BASIC, code: 41, kind: 'u8', bits: 1, maskable: false, since: 5, needs: PBB, spec: '1.4 7.2.2.7' },
  tcp_flags: {
    class: BASIC,
    code: 42,
    kind: 'u16',
    bits: 12,
    maskable: true,
    since: 6,
    needs: TCP,
    spec: '1.5 7.2.3.7',
  },
  actset_output: { class: BASIC, code: 43, kind: 'u32', bits: 32, maskable: false, since: 6, spec: '1.5 7.2.3.7' },
  packet_type: { class: BASIC, code: 44, kind: 'u32', bits: 32, maskable: false, since: 6, spec: '1.5 7.2.3.7' },
} as const satisfies { readonly [name: string]: OxmInfo };
