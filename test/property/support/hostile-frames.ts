import type { Action } from '../../../ofp/index.ts';
import {
  buildArp,
  buildIcmpv4Echo,
  buildIcmpv6Echo,
  buildNeighbourSolicitation,
} from '../../../switch/packet/index.ts';
import { hex, mac } from '../../unit/support/switch-lab.ts';

const ip6 = hex('fd000000000000000000000000000001');
const echo = {
  kind: 'request',
  srcMac: mac(1),
  dstMac: mac(2),
  identifier: 1,
  sequence: 1,
  payload: new Uint8Array(8),
} as const;
/** Frames of all kinds that the switch looks into, to be damaged. */
export const seeds: readonly Uint8Array[] = [
  buildArp({ op: 1, srcMac: mac(1), srcIp: 1, dstIp: 2 }),
  buildIcmpv4Echo({ ...echo, srcIp: 1, dstIp: 2 }),
  buildIcmpv6Echo({ ...echo, srcIp: ip6, dstIp: ip6 }),
  buildNeighbourSolicitation({ srcMac: mac(1), srcIp: ip6, target: ip6 }),
  hex(
    '020000000002 020000000001 8100 2005 88a8 0007 0800 4500 0028 0001 0000 40 06 0000 0a000001 0a000002 1f90 0050 0000000100000002 5010 0000 0000 0000',
  ),
  hex(
    '020000000002 020000000001 86dd 60000000 0020 00 40 fd00000000000000 0000000000000001 fd00000000000000 0000000000000002 2b00 000000000000 2c00 000000000000 1100 0001 00000001 0035 0035 0008 0000',
  ),
  hex('020000000002 020000000001 8847 00064140 4500'),
  hex('020000000002 020000000001 8847 00064040 00065120 4500 0014 0000 0000 20 fd 0000 0a000001 0a000002'),
  hex('020000000002 020000000001 88a8 0005 88e7 08000064 020000000002 020000000001 8100 0007 0800 4500 0014'),
  hex(
    '020000000002 020000000001 0800 4500 0024 0001 0000 40 84 0000 0a000001 0a000002 03e8 07d0 00000001 00000000 00030004',
  ),
];

/** Every action that changes a packet. */
export const everyAction: readonly Action[] = [
  { type: 'setField', field: { field: 'eth_src', value: mac(9) } },
  { type: 'setField', field: { field: 'vlan_vid', value: 0x1fff } },
  { type: 'setField', field: { field: 'vlan_pcp', value: 7 } },
  { type: 'setField', field: { field: 'ip_dscp', value: 63 } },
  { type: 'setField', field: { field: 'ip_ecn', value: 3 } },
  { type: 'setField', field: { field: 'ipv4_src', value: 0xffffffff } },
  { type: 'setField', field: { field: 'ipv4_dst', value: 0xffffffff } },
  { type: 'setField', field: { field: 'ipv6_src', value: ip6 } },
  { type: 'setField', field: { field: 'ipv6_dst', value: ip6 } },
  { type: 'setField', field: { field: 'tcp_src', value: 1 } },
  { type: 'setField', field: { field: 'tcp_dst', value: 1 } },
  { type: 'setField', field: { field: 'udp_src', value: 1 } },
  { type: 'setField', field: { field: 'udp_dst', value: 1 } },
  { type: 'setField', field: { field: 'arp_op', value: 2 } },
  { type: 'setField', field: { field: 'arp_spa', value: 7 } },
  { type: 'setField', field: { field: 'arp_tha', value: mac(3) } },
  { type: 'setField', field: { field: 'tunnel_id', value: 7n } },
  { type: 'pushVlan', ethertype: 0x88a8 },
  { type: 'popVlan' },
  { type: 'setNwTtl', nwTtl: 2 },
  { type: 'decNwTtl' },
  { type: 'setField', field: { field: 'eth_type', value: 0x8847 } },
  { type: 'setField', field: { field: 'eth_type', value: 0x86dd } },
  { type: 'setField', field: { field: 'ip_proto', value: 58 } },
  { type: 'setField', field: { field: 'ip_proto', value: 132 } },
  { type: 'setField', field: { field: 'ipv4_dst', value: 1, mask: 0xff } },
  { type: 'setField', field: { field: 'ipv6_flabel', value: 0xfffff } },
  { type: 'setField', field: { field: 'ipv6_nd_target', value: ip6 } },
  { type: 'setField', field: { field: 'ipv6_nd_sll', value: mac(4) } },
  { type: 'setField', field: { field: 'ipv6_nd_tll', value: mac(4) } },
  { type: 'setField', field: { field: 'icmpv4_type', value: 3 } },
  { type: 'setField', field: { field: 'icmpv4_code', value: 3 } },
  { type: 'setField', field: { field: 'icmpv6_type', value: 136 } },
  { type: 'setField', field: { field: 'icmpv6_code', value: 0 } },
  { type: 'setField', field: { field: 'sctp_src', value: 1 } },
  { type: 'setField', field: { field: 'sctp_dst', value: 1 } },
  { type: 'setField', field: { field: 'mpls_label', value: 1 } },
  { type: 'setField', field: { field: 'mpls_tc', value: 1 } },
  { type: 'setField', field: { field: 'mpls_bos', value: 0 } },
  { type: 'setField', field: { field: 'pbb_isid', value: 1 } },
  { type: 'setField', field: { field: 'pbb_uca', value: 1 } },
  { type: 'setField', field: { field: 'metadata', value: 7n, mask: 7n } },
  { type: 'pushMpls', ethertype: 0x8848 },
  { type: 'popMpls', ethertype: 0x800 },
  { type: 'popMpls', ethertype: 0x8847 },
  { type: 'setMplsTtl', mplsTtl: 2 },
  { type: 'decMplsTtl' },
  { type: 'copyTtlIn' },
  { type: 'copyTtlOut' },
  { type: 'pushPbb', ethertype: 0x88e7 },
  { type: 'popPbb' },
  { type: 'setQueue', queueId: 1 },
];
