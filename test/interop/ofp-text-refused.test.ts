import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decode,
  encode,
  OfpEncodeError,
  type OfpMessage,
  OfpTextError,
  type OfpVersion,
  parseFlow,
} from '../../ofp/index.ts';
import { flowText } from './support/ofp-text-flows.ts';
import { flowModOfOvs } from './support/ofp-text-ovs.ts';

/** What mutants say is one of many small differences; the same ones are looked at unless told otherwise. */
const seed = Number(process.env.OFP_SEED ?? 1);
const MUTANTS = 250;

/** Read here and not by Open vSwitch, which lacks them. */
const MORE: readonly { readonly why: string; readonly flow: RegExp }[] = [
  { why: 'Open vSwitch has no such action', flow: /copy_ttl_(in|out)|push_pbb|pop_pbb|experimenter\(/ },
  { why: 'Open vSwitch has no such field', flow: /pbb_isid|pbb_uca|ipv6_exthdr|in_phy_port/ },
  { why: 'it takes a mask that begins with a digit for the length of a prefix', flow: /ipv6_\w+=[0-9a-f:.]+\/\d/ },
];

/** Refused here and not by Open vSwitch. */
const LESS: readonly { readonly why: string; readonly flow: RegExp; readonly ours?: RegExp }[] = [
  {
    why: 'a field without its prerequisite: it is left out there, so that the flow matches more',
    flow: /./,
    ours: / with \w+ instead/,
  },
  {
    why: 'a value that does not fit is cut there',
    flow: /./,
    ours: /bits|ECN of|type of service|priority of|VLAN id|prefix length|tunnel id/,
  },
  {
    why: 'digits too many in a part of an address are cut there, and what follows an address',
    flow: /./,
    ours: /an (IPv4|Ethernet|IPv6) address/,
  },
  {
    why: 'an extension of Open vSwitch',
    flow: /./,
    ours: /an action instead|max_len|no argument|a value without a mask|an action of OpenFlow|a field of OpenFlow|a field instead/,
  },
  {
    why: 'a whole priority of a tagged packet is all that OXM can match',
    flow: /vlan_tci/,
    ours: /a whole VLAN priority/,
  },
  { why: 'it looks for `action` anywhere in the text', flow: /action/, ours: /actions=/ },
  { why: '`0x` without digits is a zero there', flow: /0x/, ours: /"0x"|"0x\// },
  { why: 'a table that does not exist', flow: /goto_table:255/, ours: /a table of/ },
];

/** Read here in another way, on purpose. */
const OTHERWISE: readonly { readonly why: string; readonly flow: RegExp }[] = [
  { why: 'an operation above 255 loses its upper byte there', flow: /arp_op=/ },
  { why: 'write_actions of nothing is left out there', flow: /write_actions\((drop)?\)/ },
  { why: 'it reads the two registers that a longer one covers', flow: /xx?reg/ },
  { why: 'bits outside of the mask are sent there', flow: /set_field:[^,]*\// },
];

function verdict(flow: string, version: OfpVersion): string | undefined {
  const theirs = flowModOfOvs(flow, version);
  let ours: Uint8Array | Error;
  try {
    ours = encode(parseFlow(flow, { version }));
  } catch (error) {
    if (!(error instanceof OfpTextError || error instanceof OfpEncodeError)) throw error;
    ours = error;
  }
  if (typeof theirs === 'string') {
    if (ours instanceof Error || MORE.some((each) => each.flow.test(flow))) return undefined;
    return `ovs-ofctl refuses what is read here: ${theirs.slice(-200)}`;
  }
  if (ours instanceof Error) {
    const { message } = ours;
    if (LESS.some((each) => each.flow.test(flow) && (each.ours?.test(message) ?? true))) return undefined;
    return `ovs-ofctl reads what is refused here: ${message}`;
  }
  if (OTHERWISE.some((each) => each.flow.test(flow))) return undefined;
  const [a, b] = [normal(decode(ours)), normal(decode(theirs))];
  expect(a, flow).toEqual(b);
  return undefined;
}

function normal(message: OfpMessage): OfpMessage {
  if (message.type !== 'flowMod') return message;
  return {
    ...message,
    xid: 0,
    match: message.match.filter(({ field }) => field !== 'packet_type').sort((a, b) => (a.field < b.field ? -1 : 1)),
  };
}

const EDGES = `actions=
priority=10
priority=70000,actions=1
priority=-1,actions=1
priority=,actions=1
priority=0x10,actions=1
priority=010,actions=1
foo=1,actions=1
foo,actions=1
constructor=1,actions=1
ip,nw_src=10.0.0.300,actions=1
ip,nw_src=10.0.0.1/33,actions=1
ip,nw_src=10.0.0.1/255.255.255.0,actions=1
ip,nw_src=10.0.0.1/0,actions=1
ip,nw_src=*,actions=1
in_port=*,actions=1
in_port=65280,actions=1
in_port=65534,actions=1
in_port=65535,actions=1
in_port=70000,actions=1
in_port=4294967294,actions=1
in_port=4294967040,actions=1
in_port=-1,actions=1
in_port=0x5,actions=1
in_port=any,actions=1
in_port=none,actions=1
dl_src=00:11:22:33:44,actions=1
dl_src=0:1:2:3:4:5,actions=1
dl_src=00-11-22-33-44-55,actions=1
dl_type=0x10000,actions=1
dl_type=0x800/0xff00,actions=1
dl_type=2048,nw_dst=1.2.3.4,actions=1
ip,nw_proto=256,actions=1
ip,nw_tos=3,actions=1
ip,nw_tos=256,actions=1
ip,nw_ecn=4,actions=1
ip,ip_dscp=63,actions=1
ip,ip_dscp=64,actions=1
dl_vlan=4096,actions=1
dl_vlan=65535,actions=1
dl_vlan=0xffff,dl_vlan_pcp=3,actions=1
dl_vlan_pcp=8,actions=1
vlan_vid=0x2000,actions=1
vlan_vid=0x1005,vlan_pcp=3,actions=1
vlan_tci=0x10000,actions=1
vlan_tci=0x7123/0xffff,actions=1
vlan_tci=0x7123,actions=1
vlan_tci=0xe000/0xe000,actions=1
vlan_tci=0x3000/0xf000,actions=1
tcp,tp_src=65536,actions=1
tcp,tcp_flags=+syn+syn,actions=1
tcp,tp_src=80,tp_dst=0,actions=1
udp,tcp_dst=80,actions=1
icmp,icmp_type=256,actions=1
icmp,tp_src=5,actions=1
icmp6,icmp_type=135,icmp_code=0,actions=1
icmp6,icmpv6_type=136,nd_tll=00:11:22:33:44:55,actions=1
icmp6,icmp_type=135,nd_tll=00:11:22:33:44:55,actions=1
icmp6,nd_target=fe80::1,actions=1
arp,arp_op=256,actions=1
arp,nw_proto=2,nw_src=1.2.3.4,actions=1
arp,arp_tpa=1.2.3.4,nw_dst=5.6.7.8,actions=1
rarp,arp_op=3,actions=1
ipv6,nw_src=1.2.3.4,actions=1
ipv6,ipv6_src=fe80::1::2,actions=1
ipv6,ipv6_src=1:2:3:4:5:6:7:8,actions=1
ipv6,ipv6_src=1:2:3:4:5:6:7,actions=1
ipv6,ipv6_src=::ffff:1.2.3.4,actions=1
ipv6,ipv6_src=::1.2.3.4/96,actions=1
ipv6,ipv6_src=::1/129,actions=1
ipv6,ipv6_label=0x100000,actions=1
mpls,mpls_label=1048576,actions=1
mpls,mpls_tc=8,actions=1
mpls,mpls_bos=2,actions=1
metadata=0x1ffffffffffffffff,actions=1
metadata=-1,actions=1
tun_id=5/-1,actions=1
tunnel_id=5,actions=1
cookie=0x5,actions=1
cookie=5/6,actions=1
table=255,actions=1
table=256,actions=1
table=254,actions=1
idle_timeout=65536,actions=1
send_flow_rem,check_overlap,reset_counts,no_packet_counts,no_byte_counts,actions=1
importance=5,actions=1
out_port=3,actions=1
duration=5s,n_packets=3,n_bytes=4,idle_age=3,actions=1
 cookie=0x0, duration=5.1s, table=0, n_packets=3, n_bytes=4, priority=3,ip actions=output:1
eth,actions=1
tcp,udp,actions=1
ip,arp,actions=1
actions=drop,1
actions=1,drop
actions=,
actions=1,,2
actions=output
actions=output:
actions=output:foo
actions=output:0
actions=0
actions=65280
actions=65279
actions=output:IN_PORT,NORMAL,flood,All,Local
actions=controller:70000
actions=controller:0
actions=controller(max_len=5)
actions=controller(max_len=5,id=0)
actions=controller(reason=no_match)
actions=CONTROLLER:65535,controller()
actions=table
actions=none
actions=group
actions=group:-1
actions=group:5
actions=enqueue:1:2
actions=set_queue:5
actions=set_queue:
actions=push_vlan:0x8101
actions=push_vlan:0x8100,push_vlan:0x88a8
actions=push_vlan:0x8100,push_vlan:0x88a8,push_vlan:0x8100
actions=pop_vlan
actions=strip_vlan
dl_vlan=5,actions=pop_vlan,1
dl_vlan=5,actions=strip_vlan,strip_vlan
actions=mod_vlan_vid:5,1
actions=set_vlan_vid:5,1
dl_vlan=3,actions=mod_vlan_vid:5,mod_vlan_pcp:3
actions=mod_vlan_pcp:3,mod_vlan_vid:5
actions=mod_vlan_vid:4096
actions=mod_vlan_pcp:8
actions=mod_dl_src:00:11:22:33:44:5
actions=mod_nw_src:1.2.3.4
ip,actions=mod_nw_tos:33
ipv6,actions=mod_nw_tos:32
ipv6,actions=mod_nw_src:1.2.3.4
arp,actions=mod_nw_src:1.2.3.4
actions=mod_tp_src:5
icmp,actions=mod_tp_src:5
udp6,actions=mod_tp_src:5
actions=dec_ttl
ip,actions=dec_ttl(1,2)
ip,actions=dec_ttl()
actions=set_mpls_ttl:5
mpls,actions=set_mpls_ttl(5),set_mpls_label(5),set_mpls_tc(3),dec_mpls_ttl
mpls,actions=set_mpls_label(1048576)
mpls,actions=pop_mpls:0x800,dec_ttl
actions=push_mpls:0x8847,set_mpls_label:5
actions=push_mpls:0x1234
actions=pop_mpls:0x800
tcp,actions=push_mpls:0x8847,pop_mpls:0x800,mod_tp_src:5
actions=set_field:5->tun_id,set_tunnel:6,set_tunnel64:7
actions=set_tunnel:0x100000000
actions=set_field:5->eth_type
actions=set_field:5
actions=set_field:5->
actions=set_field:->metadata
actions=set_field:5->foo
actions=set_field:0x1ffffffffffffffff->metadata
ip,actions=set_field:64->ip_dscp
tcp,actions=set_field:5->udp_src
udp,actions=set_field:5->udp_dst
actions=set_field:5->tcp_src
dl_vlan=4,actions=set_field:5->vlan_vid
actions=set_field:5->vlan_vid
actions=set_field:3->vlan_pcp
ip,actions=set_field:1.2.3.4->nw_src,set_field:1.2.3.4->ip_src
arp,actions=set_field:1.2.3.4->arp_spa
actions=write_actions(),1
actions=1,write_actions(output:2)
actions=write_actions(drop)
actions=write_actions(goto_table:3)
actions=write_actions(output:2),write_actions(output:3)
actions=goto_table:255
actions=goto_table:254
actions=goto_table:0
table=3,actions=goto_table:3
table=3,actions=goto_table:4
actions=goto_table:4,1
actions=goto_table:4,goto_table:5
actions=meter:0
actions=meter:4294901761
actions=meter:5,meter:6
actions=meter:5,drop
actions=clear_actions
actions=clear_actions,clear_actions
actions=write_metadata:5
actions=write_metadata:5/0xff,goto_table:3
actions=write_metadata:0x1ffffffffffffffff
actions=apply_actions(output:1)
actions=resubmit(,3)
actions=note:00.11
actions=exit
actions=copy_ttl_in
actions=push_pbb:0x88e7
in_port=1 actions=2
in_port=1	actions=2
in_port=1,action=2
in_port=1;actions=2
in_port=1,,ip actions=2
in_port:1,actions:2
in_port:1,actions=2
in_port(1),actions=2
IP,actions=1
ip,NW_SRC=1.2.3.4,actions=1
actions=OUTPUT:1,Drop
nw_frag=later,ip,actions=1
ip,nw_frag=no,actions=1
ip,nw_ttl=5,actions=1
reg0=5,reg15=0x5/0xff,actions=1
pkt_mark=5,actions=1
ct_state=+trk+est-new,actions=1
conj_id=5,actions=1
pbb_isid=5,actions=1
dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions=1
tun_src=1.2.3.4,tun_ipv6_dst=::1,actions=1
xreg0=5,actions=1
ct_label=0x5,actions=1
ct_zone=5,ct_mark=5,actions=1`.split('\n');

describe('what ovs-ofctl refuses is refused', () => {
  test.each(EDGES)('%s', (flow) => {
    expect(verdict(flow, 4)).toBeUndefined();
  });

  test(`and so it is of flows with errors in them (seed ${seed})`, () => {
    const mutant = fc
      .tuple(flowText(4), fc.nat(), fc.constantFrom(...',=:/(->)x09af. '.split(''), '', '4096', '-1', 'ip'), fc.nat(2))
      .map(([flow, at, piece, cut]) => {
        const place = at % flow.length;
        return flow.slice(0, place) + piece + flow.slice(place + cut);
      });
    for (const flow of fc.sample(mutant, { seed, numRuns: MUTANTS })) {
      expect(verdict(flow, 4), flow).toBeUndefined();
    }
  });
});
