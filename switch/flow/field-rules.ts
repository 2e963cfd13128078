import { EtherType, Icmpv6Type, IpProto } from '../packet/index.ts';

/** What must stand in the match before a field. */
interface Prerequisite {
  readonly field: 'eth_type' | 'ip_proto' | 'icmpv6_type' | 'vlan_vid';
  /** One of these, exactly; none given: any tagged frame. */
  readonly values: readonly number[];
}

export interface FieldRule {
  readonly bits: number;
  readonly maskable: boolean;
  readonly needs: readonly Prerequisite[];
}

const anyIp: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.IPV4, EtherType.IPV6] }];
const ipv4: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.IPV4] }];
const ipv6: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.IPV6] }];
const arp: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.ARP] }];
const mpls: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.MPLS, EtherType.MPLS_MULTICAST] }];
const pbb: readonly Prerequisite[] = [{ field: 'eth_type', values: [EtherType.PBB] }];
const tagged: readonly Prerequisite[] = [{ field: 'vlan_vid', values: [] }];
const over = (proto: number): readonly Prerequisite[] => [...anyIp, { field: 'ip_proto', values: [proto] }];
const icmpv4: readonly Prerequisite[] = [...ipv4, { field: 'ip_proto', values: [IpProto.ICMP] }];
const icmpv6: readonly Prerequisite[] = [...ipv6, { field: 'ip_proto', values: [IpProto.ICMPV6] }];
const nd = (...types: number[]): readonly Prerequisite[] => [...icmpv6, { field: 'icmpv6_type', values: types }];

const { NEIGHBOUR_SOLICITATION: solicitation, NEIGHBOUR_ADVERTISEMENT: advertisement } = Icmpv6Type;

/** OpenFlow 1.3 table 12: width, whether a mask may stand, prerequisites. */
export const fieldRules: { readonly [field: string]: FieldRule } = {
  in_port: { bits: 32, maskable: false, needs: [] },
  in_phy_port: { bits: 32, maskable: false, needs: [] },
  metadata: { bits: 64, maskable: true, needs: [] },
  eth_dst: { bits: 48, maskable: true, needs: [] },
  eth_src: { bits: 48, maskable: true, needs: [] },
  eth_type: { bits: 16, maskable: false, needs: [] },
  vlan_vid: { bits: 13, maskable: true, needs: [] },
  vlan_pcp: { bits: 3, maskable: false, needs: tagged },
  ip_dscp: { bits: 6, maskable: false, needs: anyIp },
  ip_ecn: { bits: 2, maskable: false, needs: anyIp },
  ip_proto: { bits: 8, maskable: false, needs: anyIp },
  ipv4_src: { bits: 32, maskable: true, needs: ipv4 },
  ipv4_dst: { bits: 32, maskable: true, needs: ipv4 },
  tcp_src: { bits: 16, maskable: false, needs: over(IpProto.TCP) },
  tcp_dst: { bits: 16, maskable: false, needs: over(IpProto.TCP) },
  udp_src: { bits: 16, maskable: false, needs: over(IpProto.UDP) },
  udp_dst: { bits: 16, maskable: false, needs: over(IpProto.UDP) },
  sctp_src: { bits: 16, maskable: false, needs: over(IpProto.SCTP) },
  sctp_dst: { bits: 16, maskable: false, needs: over(IpProto.SCTP) },
  icmpv4_type: { bits: 8, maskable: false, needs: icmpv4 },
  icmpv4_code: { bits: 8, maskable: false, needs: icmpv4 },
  arp_op: { bits: 16, maskable: false, needs: arp },
  arp_spa: { bits: 32, maskable: true, needs: arp },
  arp_tpa: { bits: 32, maskable: true, needs: arp },
  arp_sha: { bits: 48, maskable: true, needs: arp },
  arp_tha: { bits: 48, maskable: true, needs: arp },
  ipv6_src: { bits: 128, maskable: true, needs: ipv6 },
  ipv6_dst: { bits: 128, maskable: true, needs: ipv6 },
  ipv6_flabel: { bits: 20, maskable: true, needs: ipv6 },
  icmpv6_type: { bits: 8, maskable: false, needs: icmpv6 },
  icmpv6_code: { bits: 8, maskable: false, needs: icmpv6 },
  nd_target: { bits: 128, maskable: false, needs: nd(solicitation, advertisement) },
  nd_sll: { bits: 48, maskable: false, needs: nd(solicitation) },
  nd_tll: { bits: 48, maskable: false, needs: nd(advertisement) },
  mpls_label: { bits: 20, maskable: false, needs: mpls },
  mpls_tc: { bits: 3, maskable: false, needs: mpls },
  mpls_bos: { bits: 1, maskable: false, needs: mpls },
  pbb_isid: { bits: 24, maskable: true, needs: pbb },
  tunnel_id: { bits: 64, maskable: true, needs: [] },
  ipv6_exthdr: { bits: 9, maskable: true, needs: ipv6 },
};
