import type { Kind, Tag } from './tester-frames.ts';

/** A field, the frames it is in, and two values: the one that is looked for and another. */
export interface Row {
  readonly on: readonly Kind[];
  /** The only tags to have; none: as they are, and below each of the tags. */
  readonly tags?: readonly Tag[];
  readonly values: readonly [number | string, number | string];
  /** Whether no set-field is tried. */
  readonly isFixed?: true;
}

/** Frames that are enough where it does not matter what is carried. */
export const plain = ['ipv4/tcp', 'ipv6/tcp', 'arp'] as const;
const ips = ['ipv4/tcp', 'ipv6/tcp'] as const;

/** Fields of frames; those of a VLAN tag and further out are looked for under any of `plain`. */
export const rows: { readonly [field: string]: Row } = {
  eth_dst: { on: plain, tags: [], values: ['02:10:20:30:40:50', '02:10:20:30:7f:01'] },
  eth_src: { on: plain, tags: [], values: ['02:0a:0b:0c:0d:0e', '02:0a:0b:0c:7f:02'] },
  vlan_vid: { on: plain, tags: ['vlan'], values: [0x1000 | 0x2b7, 0x1000 | 0x15a] },
  vlan_pcp: { on: plain, tags: ['vlan'], values: [5, 2] },
  mpls_label: { on: plain, tags: ['mpls'], values: [70_001, 900] },
  mpls_tc: { on: plain, tags: ['mpls'], values: [6, 1] },
  mpls_bos: { on: plain, tags: ['mpls'], values: [1, 0] },
  pbb_isid: { on: plain, tags: ['pbb'], values: [0x12_3456, 0x77] },
  ip_dscp: { on: ips, values: [46, 10] },
  ip_ecn: { on: ips, values: [1, 2] },
  ip_proto: { on: ips, values: [6, 17] },
  ipv4_src: { on: ['ipv4/tcp'], values: ['10.1.2.3', '10.1.99.3'] },
  ipv4_dst: { on: ['ipv4/tcp'], values: ['10.8.9.7', '172.16.0.1'] },
  ipv6_src: { on: ['ipv6/tcp'], values: ['fd00:1:2:3:4:5:6:7', 'fd00:ffff::1'] },
  ipv6_dst: { on: ['ipv6/tcp'], values: ['fd00:8:7:6:5:4:3:2', 'fd00:eeee::2'] },
  ipv6_flabel: { on: ['ipv6/tcp'], values: [0xabcde, 0x12] },
  ipv6_exthdr: { on: ['ipv6/tcp'], values: [0x44, 0], isFixed: true },
  tcp_src: { on: ips, values: [40_000, 53] },
  tcp_dst: { on: ips, values: [443, 50_001] },
  udp_src: { on: ['ipv4/udp', 'ipv6/udp'], values: [40_000, 53] },
  udp_dst: { on: ['ipv4/udp', 'ipv6/udp'], values: [443, 50_001] },
  // os-ken makes the checksum of SCTP from the text of the bytes: what a switch makes of a new port never equals it.
  sctp_src: { on: ['ipv4/sctp', 'ipv6/sctp'], values: [40_000, 53], isFixed: true },
  sctp_dst: { on: ['ipv4/sctp', 'ipv6/sctp'], values: [443, 50_001], isFixed: true },
  icmpv4_type: { on: ['ipv4/icmp'], values: [8, 0] },
  icmpv4_code: { on: ['ipv4/icmp'], values: [0, 3] },
  icmpv6_type: { on: ['ipv6/icmp'], values: [128, 129] },
  icmpv6_code: { on: ['ipv6/icmp'], values: [0, 3] },
  ipv6_nd_target: { on: ['ipv6/ns', 'ipv6/na'], values: ['fe80::5', 'fe80::77'] },
  ipv6_nd_sll: { on: ['ipv6/ns'], values: ['02:01:02:03:04:05', '02:01:02:03:7f:03'] },
  ipv6_nd_tll: { on: ['ipv6/na'], values: ['02:05:04:03:02:01', '02:05:04:03:7f:04'] },
  arp_op: { on: ['arp'], values: [1, 2] },
  arp_spa: { on: ['arp'], values: ['10.1.2.3', '10.1.99.3'] },
  arp_tpa: { on: ['arp'], values: ['10.8.9.7', '172.16.0.1'] },
  arp_sha: { on: ['arp'], values: ['02:0a:0b:0c:0d:0e', '02:0a:0b:0c:7f:05'] },
  arp_tha: { on: ['arp'], values: ['02:10:20:30:40:50', '02:10:20:30:7f:06'] },
};

/** Fields that no frame has: table 0 sets them and table 1 looks. */
export const ofTables: { readonly [field: string]: readonly [number, number] } = {
  metadata: [0x1234_5678, 0x8765_4321],
  tunnel_id: [0x4_5678, 0x9_8765],
};
