import type { Json } from './ofp-os-ken.ts';

/** What the fields of a frame are, by their names in OpenFlow and as os-ken writes them. */
export type Values = { readonly [field: string]: number | string };

/** Tags outside of what a frame carries, from the outside in. */
export type Tag = 'vlan' | 'mpls' | 'pbb';

/** What is carried: a version of IP with what is in it, or ARP. */
export type Kind =
  | 'arp'
  | `${'ipv4' | 'ipv6'}/${'tcp' | 'udp' | 'sctp'}`
  | 'ipv4/icmp'
  | `ipv6/${'icmp' | 'ns' | 'na'}`;

const protocols: { readonly [inner: string]: number } = { tcp: 6, udp: 17, sctp: 132, icmp: 1 };
const protocols6: { readonly [inner: string]: number } = { ...protocols, icmp: 58, ns: 58, na: 58 };
const ndTypes: { readonly [inner: string]: number } = { ns: 135, na: 136 };

/** Fields that follow from what is carried, where they are not given. */
export function kindValues(kind: Kind): Values {
  if (kind === 'arp') return { eth_type: 0x806 };
  const [ip, inner] = kind.split('/') as [string, string];
  if (ip === 'ipv4') return { eth_type: 0x800, ip_proto: protocols[inner]! };
  return { eth_type: 0x86dd, ip_proto: protocols6[inner]!, ...(inner in ndTypes && { icmpv6_type: ndTypes[inner]! }) };
}

const payload = 'bytes(range(1, 60))';
const tos = (v: Values) => (Number(v.ip_dscp) << 2) | Number(v.ip_ecn);

const inner: { readonly [kind: string]: (v: Values) => string[] } = {
  tcp: (v) => [`tcp(src_port=${v.tcp_src}, dst_port=${v.tcp_dst})`, payload],
  udp: (v) => [`udp(src_port=${v.udp_src}, dst_port=${v.udp_dst})`, payload],
  sctp: (v) => [
    `sctp(src_port=${v.sctp_src}, dst_port=${v.sctp_dst}, chunks=[chunk_data(payload_data=bytes(range(1, 13)))])`,
  ],
  icmp4: (v) => [`icmp(type_=${v.icmpv4_type}, code=${v.icmpv4_code}, data=echo(data=${payload}))`],
  icmp6: (v) => [`icmpv6(type_=${v.icmpv6_type}, code=${v.icmpv6_code}, data=icmpv6echo(data=${payload}))`],
  ns: (v) => [neighbour(v, 135, `nd_option_sla(hw_src='${v.ipv6_nd_sll}')`)],
  na: (v) => [neighbour(v, 136, `nd_option_tla(hw_src='${v.ipv6_nd_tll}')`)],
};

const neighbour = (v: Values, type: number, option: string) =>
  `icmpv6(type_=${type}, code=0, data=nd_neighbor(dst='${v.ipv6_nd_target}', option=${option}))`;

function carried(kind: Kind, v: Values): string[] {
  if (kind === 'arp') {
    const [sender, target] = [`'${v.arp_sha}', src_ip='${v.arp_spa}'`, `'${v.arp_tha}', dst_ip='${v.arp_tpa}'`];
    return [`arp(opcode=${v.arp_op}, src_mac=${sender}, dst_mac=${target})`, 'bytes(18)'];
  }
  const [ip, name] = kind.split('/') as [string, string];
  const rest = inner[name === 'icmp' ? `icmp${ip.slice(3)}` : name]!(v);
  const addresses = `src='${v[`${ip}_src`]}', dst='${v[`${ip}_dst`]}'`;
  if (ip === 'ipv4') return [`ipv4(${addresses}, proto=${v.ip_proto}, ttl=${v.ttl}, tos=${tos(v)})`, ...rest];
  // Hop-by-hop options and authentication are bits 6 and 2 of ipv6_exthdr.
  const isLong = Number(v.ipv6_exthdr) !== 0;
  const next = isLong ? `nxt=0, ext_hdrs=[hop_opts(nxt=51), auth(nxt=${v.ip_proto})]` : `nxt=${v.ip_proto}`;
  const fixed = `flow_label=${v.ipv6_flabel}, hop_limit=${v.ttl}, traffic_class=${tos(v)}`;
  return [`ipv6(${addresses}, ${fixed}, ${next})`, ...rest];
}

/** A frame as the tester reads it: one expression of Python for each header. Fields that have no value here are as usual. */
export function frame(kind: Kind, tags: readonly Tag[], v: Values): Json[] {
  const ethernet = (type: unknown) => `ethernet(dst='${v.eth_dst}', src='${v.eth_src}', ethertype=${type})`;
  let type = v.eth_type!;
  let headers = carried(kind, v);
  for (const tag of tags.toReversed()) {
    if (tag === 'vlan') {
      headers = [`vlan(vid=${Number(v.vlan_vid) & 0xfff}, pcp=${v.vlan_pcp}, ethertype=${type})`, ...headers];
      type = 0x8100;
    }
    if (tag === 'mpls') {
      const ttl = v.mpls_ttl;
      headers = [`mpls(label=${v.mpls_label}, exp=${v.mpls_tc}, bsb=${v.mpls_bos}, ttl=${ttl})`, ...headers];
      type = 0x8847;
    }
    if (tag === 'pbb') {
      headers = [`itag(sid=${v.pbb_isid})`, ethernet(type), ...headers];
      type = 0x88e7;
    }
  }
  return [ethernet(type), ...headers];
}
