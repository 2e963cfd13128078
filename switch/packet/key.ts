/**
 * The flow key: everything a flow entry can match on, in 64 words, so that a lookup is word arithmetic.
 * Wide fields are big-endian across words. Fields that can never be in the same packet share a place; the prerequisites of a
 * match (OpenFlow 1.3 section 7.2.3.6) keep them apart. Word 0 says which headers were really there: a match on a field
 * of a header requires that header's bit, so that a field beyond the end of the data never matches, not even as zero.
 *
 *  word 0   1        2..3      4..5       6..7.5  7.5..8   9                   10
 * +--------+--------+---------+----------+-------+--------+-------------------+-------------------+
 * | layers | in_port| metadata| tunnel_id|eth_dst|eth_src | eth_type|vlan_vid | pcp|dscp|ecn|proto|
 * +--------+--------+---------+----------+-------+--------+-------------------+-------------------+
 *  11                  12..15         16..19         20..23      24..25.5  25.5..26
 * +-------------------+--------------+--------------+-----------+---------+---------+
 * | port or ICMP type | IP source or | IP destin. or| nd_target | nd_sll, | nd_tll, |
 * | port or ICMP code | ARP sender   | ARP target   | TCP flags | arp_sha | arp_tha |
 * +-------------------+--------------+--------------+-----------+---------+---------+
 *  27            28           29                       30                31
 * +-------------+------------+------------------------+-----------------+--------------+
 * | flow label  | MPLS label | tc | bos | IPv6 ext.   | PBB I-SID | UCA | in_phy_port  |
 * +-------------+------------+------------------------+-----------------+--------------+
 *  32..47        48         49             50             51..63
 * +-------------+----------+--------------+--------------+------------------------------+
 * | reg0..reg15 | pkt_mark | tun_ipv4_src | tun_ipv4_dst | tunnel options               |
 * +-------------+----------+--------------+--------------+------------------------------+
 *
 * From word 32 on, there is what only actions write: fields of Open vSwitch that rules pass on to later tables. Of these, links carry
 * a small pkt_mark.
 */

export const keyWords = 64;
export type FlowKey = Uint32Array;

/** Bits of word 0. */
export const Layer = {
  IP: 0x01,
  ARP: 0x02,
  TRANSPORT: 0x04,
  ND: 0x08,
  ND_SOURCE: 0x10,
  ND_TARGET: 0x20,
  MPLS: 0x40,
  PBB: 0x80,
  FRAGMENT: 0x100,
} as const;

/** Word indices that the frame path writes by hand. */
export const KeyWord = {
  LAYERS: 0,
  IN_PORT: 1,
  METADATA: 2,
  TUNNEL_ID: 4,
  ETH: 6,
  TYPE_VLAN: 9,
  IP: 10,
  TRANSPORT: 11,
  SRC: 12,
  DST: 16,
  ND_TARGET: 20,
  LINK_ADDRESSES: 24,
  FLOW_LABEL: 27,
  MPLS_LABEL: 28,
  MPLS_BITS: 29,
  PBB: 30,
  IN_PHY_PORT: 31,
  REGISTERS: 32,
  PKT_MARK: 48,
} as const;

/** Where tunnel options that match fields stand for may lie in a key, in bytes. */
export const optionRoom = { at: 204, bytes: 52 } as const;

/** VLAN ids in a key carry this bit when a tag is there (OFPVID_PRESENT). */
export const vlanPresent = 0x1000;

export interface KeyField {
  /** First byte of the field in the key, big-endian. */
  readonly at: number;
  readonly bytes: number;
  /** Header that must be there, a `Layer` bit, or 0. */
  readonly layer: number;
}

const ip = Layer.IP;
const arp = Layer.ARP;
const transport = Layer.TRANSPORT;

/** Sixteen words that are fields by themselves, and in twos and fours, the first one of most significance. */
const registers = (['reg', 'xreg', 'xxreg'] as const).flatMap((name, shift) =>
  Array.from({ length: 16 >> shift }, (_, i) => {
    const bytes = 4 << shift;
    return [`${name}${i}`, { at: 4 * KeyWord.REGISTERS + bytes * i, bytes, layer: 0 }] as const;
  }),
);

/** By OXM name (OpenFlow 1.3 table 12, and Open vSwitch's meta-flow.h). */
export const keyFields: { readonly [name: string]: KeyField } = {
  in_port: { at: 4, bytes: 4, layer: 0 },
  in_phy_port: { at: 124, bytes: 4, layer: 0 },
  metadata: { at: 8, bytes: 8, layer: 0 },
  tunnel_id: { at: 16, bytes: 8, layer: 0 },
  eth_dst: { at: 24, bytes: 6, layer: 0 },
  eth_src: { at: 30, bytes: 6, layer: 0 },
  eth_type: { at: 36, bytes: 2, layer: 0 },
  vlan_vid: { at: 38, bytes: 2, layer: 0 },
  vlan_pcp: { at: 40, bytes: 1, layer: 0 },
  ip_dscp: { at: 41, bytes: 1, layer: ip },
  ip_ecn: { at: 42, bytes: 1, layer: ip },
  ip_proto: { at: 43, bytes: 1, layer: ip },
  tcp_src: { at: 44, bytes: 2, layer: transport },
  tcp_dst: { at: 46, bytes: 2, layer: transport },
  udp_src: { at: 44, bytes: 2, layer: transport },
  udp_dst: { at: 46, bytes: 2, layer: transport },
  sctp_src: { at: 44, bytes: 2, layer: transport },
  sctp_dst: { at: 46, bytes: 2, layer: transport },
  icmpv4_type: { at: 45, bytes: 1, layer: transport },
  icmpv4_code: { at: 47, bytes: 1, layer: transport },
  icmpv6_type: { at: 45, bytes: 1, layer: transport },
  icmpv6_code: { at: 47, bytes: 1, layer: transport },
  arp_op: { at: 44, bytes: 2, layer: arp },
  arp_spa: { at: 48, bytes: 4, layer: arp },
  arp_tpa: { at: 64, bytes: 4, layer: arp },
  arp_sha: { at: 96, bytes: 6, layer: arp },
  arp_tha: { at: 102, bytes: 6, layer: arp },
  ipv4_src: { at: 48, bytes: 4, layer: ip },
  ipv4_dst: { at: 64, bytes: 4, layer: ip },
  ipv6_src: { at: 48, bytes: 16, layer: ip },
  ipv6_dst: { at: 64, bytes: 16, layer: ip },
  ipv6_flabel: { at: 108, bytes: 4, layer: ip },
  ipv6_exthdr: { at: 118, bytes: 2, layer: ip },
  ipv6_nd_target: { at: 80, bytes: 16, layer: Layer.ND },
  ipv6_nd_sll: { at: 96, bytes: 6, layer: Layer.ND_SOURCE },
  ipv6_nd_tll: { at: 102, bytes: 6, layer: Layer.ND_TARGET },
  mpls_label: { at: 112, bytes: 4, layer: Layer.MPLS },
  mpls_tc: { at: 116, bytes: 1, layer: Layer.MPLS },
  mpls_bos: { at: 117, bytes: 1, layer: Layer.MPLS },
  pbb_isid: { at: 120, bytes: 3, layer: Layer.PBB },
  pbb_uca: { at: 123, bytes: 1, layer: Layer.PBB },
  tcp_flags: { at: 80, bytes: 2, layer: transport },
  ...Object.fromEntries(registers),
  pkt_mark: { at: 192, bytes: 4, layer: 0 },
  tun_ipv4_src: { at: 196, bytes: 4, layer: 0 },
  tun_ipv4_dst: { at: 200, bytes: 4, layer: 0 },
};

/** ORs `bytes` into the key from byte `at` on. For building matches, not for the frame path. */
export function putKeyBytes(key: FlowKey | number[], at: number, bytes: ArrayLike<number>): void {
  for (let i = 0; i < bytes.length; i++) {
    const place = at + i;
    key[place >> 2]! |= (bytes[i]! & 0xff) << (24 - 8 * (place & 3));
  }
}

export function getKeyBytes(key: FlowKey, at: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => key[(at + i) >> 2]! >>> (24 - 8 * ((at + i) & 3)));
}
