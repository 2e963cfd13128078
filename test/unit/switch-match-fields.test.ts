import { describe, expect, it } from 'vitest';
import { OXM_FIELDS, type OxmField, PortNo } from '../../ofp/index.ts';
import {
  buildArp,
  buildIcmpv4Echo,
  buildIcmpv6Echo,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  type EchoFields,
} from '../../switch/packet/index.ts';
import { apply, BridgeLab, hex, mac, output } from './support/switch-lab.ts';

const ip6 = (last: number) => hex(`fd00000000000000000000000000000${last}`);
const from = hex('020000000002 020000000001');
const eth = (type: string, rest: string) => Uint8Array.of(...from, ...hex(type), ...hex(rest));
const ip = (proto: string, rest: string) =>
  eth('0800', `45b9 0030 0001 0000 40 ${proto} 0000 0a000001 0a000002 ${rest}`);
const echo: Omit<EchoFields<number>, 'srcIp' | 'dstIp'> = {
  ...{ kind: 'request', srcMac: mac(1), dstMac: mac(2), identifier: 1, sequence: 2, payload: new Uint8Array(4) },
};

const tcp = ip('06', '1f90 0050 00000001 00000002 5012 0000 0000 0000');
const udp = ip('11', '1f90 0050 0010 0000 0000000000000000');
const sctp = ip('84', '1f90 0050 00000001 00000000 00030004');
const icmp = buildIcmpv4Echo({ ...echo, srcIp: 0x0a000001, dstIp: 0x0a000002 });
const arp = buildArp({ op: 1, srcMac: mac(1), srcIp: 0x0a000001, dstMac: mac(7), dstIp: 0x0a000002 });
const icmpv6 = buildIcmpv6Echo({ ...echo, srcIp: ip6(1), dstIp: ip6(2) });
const labelled = icmpv6.slice();
labelled.set([0x60, 0x0a, 0xbc, 0xde], 14);
const solicitation = buildNeighbourSolicitation({ srcMac: mac(1), srcIp: ip6(1), target: ip6(3) });
const advertisement = buildNeighbourAdvertisement({
  ...{ srcMac: mac(8), dstMac: mac(2), srcIp: ip6(1), dstIp: ip6(2), target: ip6(1) },
});
const tagged = eth('8100 a064 0800', '4500 0014 0000 0000 40 fd 0000 0a000001 0a000002');
const stacked = eth('88a8 600a 8100 a064 86dd', '60000000 0000 3b 40'.padEnd(96, '0'));
const mpls = eth('8847', '00064720 4500');
const pbb = eth('88e7', '08000064 020000000002 020000000001 0800 4500');
const hops = eth('86dd', `60000000 0010 00 40 ${'00'.repeat(32)} 3c00000000000000 3b00000000000000`);

const type = (value: number): OxmField => ({ field: 'eth_type', value });
const proto = (value: number): OxmField => ({ field: 'ip_proto', value });
const ipv4 = [type(0x800)];
const ipv6 = [type(0x86dd)];
const nd = (value: number): OxmField[] => [...ipv6, proto(58), { field: 'icmpv6_type', value }];
const vid = (value: number): OxmField => ({ field: 'vlan_vid', value });

/** What the frame is taken by, what it is not taken by, and the fields that must come before. */
const cases: [Uint8Array, OxmField, OxmField, OxmField[]?][] = [
  [tcp, { field: 'in_port', value: 1 }, { field: 'in_port', value: 2 }],
  [tcp, { field: 'in_phy_port', value: 1 }, { field: 'in_phy_port', value: 2 }, [{ field: 'in_port', value: 1 }]],
  [tcp, { field: 'metadata', value: 0n }, { field: 'metadata', value: 1n }],
  [tcp, { field: 'tunnel_id', value: 0n }, { field: 'tunnel_id', value: 1n, mask: 1n }],
  [tcp, { field: 'eth_dst', value: mac(2) }, { field: 'eth_dst', value: mac(1) }],
  [tcp, { field: 'eth_src', value: mac(1) }, { field: 'eth_src', value: mac(2) }],
  [
    tcp,
    { field: 'eth_dst', value: hex('020000000000'), mask: hex('ff0000000001') },
    { field: 'eth_dst', value: hex('010000000000'), mask: hex('010000000000') },
  ],
  [tcp, type(0x800), type(0x806)],
  [tagged, type(0x800), type(0x8100)],
  [stacked, type(0x86dd), type(0x8100)],
  [tagged, vid(0x1064), vid(0x1065)],
  [stacked, vid(0x100a), vid(0x1064)],
  [tcp, vid(0), vid(0x1064)],
  [tagged, { field: 'vlan_vid', value: 0x1000, mask: 0x1000 }, vid(0)],
  [tagged, { field: 'vlan_pcp', value: 5 }, { field: 'vlan_pcp', value: 4 }, [vid(0x1064)]],
  [tcp, { field: 'ip_dscp', value: 46 }, { field: 'ip_dscp', value: 45 }, ipv4],
  [tcp, { field: 'ip_ecn', value: 1 }, { field: 'ip_ecn', value: 0 }, ipv4],
  [tcp, proto(6), proto(17), ipv4],
  [tcp, { field: 'ipv4_src', value: 0x0a000001 }, { field: 'ipv4_src', value: 0x0a000002 }, ipv4],
  [
    tcp,
    { field: 'ipv4_dst', value: 0x0a000000, mask: 0xff00ff00 },
    { field: 'ipv4_dst', value: 0x0b000000, mask: 0xff000000 },
    ipv4,
  ],
  [tcp, { field: 'tcp_src', value: 8080 }, { field: 'tcp_src', value: 80 }, [...ipv4, proto(6)]],
  [tcp, { field: 'tcp_dst', value: 80 }, { field: 'tcp_dst', value: 8080 }, [...ipv4, proto(6)]],
  [tcp, { field: 'tcp_flags', value: 0x12 }, { field: 'tcp_flags', value: 1, mask: 1 }, [...ipv4, proto(6)]],
  [udp, { field: 'udp_src', value: 8080 }, { field: 'udp_src', value: 80 }, [...ipv4, proto(17)]],
  [udp, { field: 'udp_dst', value: 80 }, { field: 'udp_dst', value: 8080 }, [...ipv4, proto(17)]],
  [sctp, { field: 'sctp_src', value: 8080 }, { field: 'sctp_src', value: 80 }, [...ipv4, proto(132)]],
  [sctp, { field: 'sctp_dst', value: 80 }, { field: 'sctp_dst', value: 8080 }, [...ipv4, proto(132)]],
  [icmp, { field: 'icmpv4_type', value: 8 }, { field: 'icmpv4_type', value: 0 }, [...ipv4, proto(1)]],
  [icmp, { field: 'icmpv4_code', value: 0 }, { field: 'icmpv4_code', value: 1 }, [...ipv4, proto(1)]],
  [arp, { field: 'arp_op', value: 1 }, { field: 'arp_op', value: 2 }, [type(0x806)]],
  [arp, { field: 'arp_spa', value: 0x0a000001 }, { field: 'arp_spa', value: 2, mask: 2 }, [type(0x806)]],
  [arp, { field: 'arp_tpa', value: 0x0a000002 }, { field: 'arp_tpa', value: 1, mask: 1 }, [type(0x806)]],
  [arp, { field: 'arp_sha', value: mac(1) }, { field: 'arp_sha', value: mac(7) }, [type(0x806)]],
  [arp, { field: 'arp_tha', value: mac(7) }, { field: 'arp_tha', value: mac(1) }, [type(0x806)]],
  [icmpv6, { field: 'ipv6_src', value: ip6(1) }, { field: 'ipv6_src', value: ip6(2) }, ipv6],
  [
    icmpv6,
    { field: 'ipv6_dst', value: ip6(0), mask: hex('fffffffffffffffffffffffffffffff0') },
    { field: 'ipv6_dst', value: ip6(1), mask: hex('00000000000000000000000000000001').fill(255) },
    ipv6,
  ],
  [labelled, { field: 'ipv6_flabel', value: 0xabcde }, { field: 'ipv6_flabel', value: 1, mask: 1 }, ipv6],
  [icmpv6, { field: 'icmpv6_type', value: 128 }, { field: 'icmpv6_type', value: 129 }, [...ipv6, proto(58)]],
  [icmpv6, { field: 'icmpv6_code', value: 0 }, { field: 'icmpv6_code', value: 1 }, [...ipv6, proto(58)]],
  [solicitation, { field: 'ipv6_nd_target', value: ip6(3) }, { field: 'ipv6_nd_target', value: ip6(1) }, nd(135)],
  [solicitation, { field: 'ipv6_nd_sll', value: mac(1) }, { field: 'ipv6_nd_sll', value: mac(2) }, nd(135)],
  [advertisement, { field: 'ipv6_nd_tll', value: mac(8) }, { field: 'ipv6_nd_tll', value: mac(1) }, nd(136)],
  [hops, { field: 'ipv6_exthdr', value: 0x49 }, { field: 'ipv6_exthdr', value: 0x20, mask: 0x20 }, ipv6],
  [mpls, { field: 'mpls_label', value: 100 }, { field: 'mpls_label', value: 101 }, [type(0x8847)]],
  [mpls, { field: 'mpls_tc', value: 3 }, { field: 'mpls_tc', value: 4 }, [type(0x8847)]],
  [mpls, { field: 'mpls_bos', value: 1 }, { field: 'mpls_bos', value: 0 }, [type(0x8847)]],
  [pbb, { field: 'pbb_isid', value: 100 }, { field: 'pbb_isid', value: 1, mask: 1 }, [type(0x88e7)]],
  [pbb, { field: 'pbb_uca', value: 1 }, { field: 'pbb_uca', value: 0 }, [type(0x88e7)]],
];

function isTaken(frame: Uint8Array, match: OxmField[]): boolean {
  const lab = new BridgeLab();
  const port = lab.leaf();
  lab.flow({ match, instructions: [apply(output(PortNo.IN_PORT))] });
  lab.bridge.receive(port.no, [frame], 0);
  return port.sent.length === 1;
}

describe('a match', () => {
  it.each(cases.map(([frame, hit, miss, needs = []]) => [hit.field, { frame, hit, miss, needs }] as const))(
    'on %s takes what has the value, and nothing else',
    (_name, { frame, hit, miss, needs }) => {
      expect(isTaken(frame, [...needs, hit])).toBe(true);
      expect(isTaken(frame, [...needs, miss])).toBe(false);
    },
  );

  it('may be on every field of 1.3', () => {
    const tried = new Set(cases.map(([, { field }]) => field));
    const all = Object.entries(OXM_FIELDS).filter(([, { since }]) => since <= 4);
    expect(all.map(([name]) => name).filter((name) => !tried.has(name as OxmField['field']))).toEqual([]);
    expect(all).toHaveLength(40);
  });
});
