"""Frames before and after an action, made by os-ken: prints a JSON list of {name, actions, before, after}, frames as hex."""
import json

from os_ken.lib.packet import ethernet, icmp, icmpv6, ipv4, ipv6, mpls, packet, pbb, tcp, udp, vlan

PAYLOAD = bytes(range(1, 32))
cases = []


def build(*protocols):
    built = packet.Packet()
    for protocol in protocols:
        built.add_protocol(protocol)
    built.serialize()
    return bytes(built.data).hex()


def case(name, action, before, after):
    cases.append({'name': name, 'actions': [action], 'before': build(*before), 'after': build(*after)})


def set_field(field, value):
    return {'type': 'setField', 'field': {'field': field, 'value': value}}


def eth(ethertype):
    return ethernet.ethernet(dst='22:22:22:22:22:22', src='12:11:11:11:11:11', ethertype=ethertype)


def tcp_segment(src=11111, dst=2222):
    return tcp.tcp(src_port=src, dst_port=dst, option=b'\0\0\0\0')


def ip4(proto=6, ttl=64, dscp=8, src='192.168.10.10'):
    return ipv4.ipv4(tos=dscp << 2, proto=proto, src=src, dst='192.168.20.20', ttl=ttl)


def ip6(proto=6, ttl=64, dscp=8, src='10::10'):
    return ipv6.ipv6(
        dst='20::20', flow_label=100, src=src, nxt=proto, hop_limit=ttl, traffic_class=dscp << 2
    )


def solicitation(mac='22:22:22:22:22:22', target='20::20'):
    option = icmpv6.nd_option_sla(hw_src=mac)
    return icmpv6.icmpv6(type_=135, code=0, data=icmpv6.nd_neighbor(option=option, dst=target))


for version, ethertype, ip in (('IPv4', 0x0800, ip4), ('IPv6', 0x86DD, ip6)):
    plain = [eth(ethertype), ip(), tcp_segment(), PAYLOAD]

    def over(changed, transport=None):  # An empty header counts as false.
        return [eth(ethertype), changed, tcp_segment() if transport is None else transport, PAYLOAD]

    case(f'ip_proto of {version}', set_field('ip_proto', 17), plain, over(ip(proto=17)))
    case(f'ip_dscp of {version}', set_field('ip_dscp', 16), plain, over(ip(dscp=16)))
    case(f'tcp_src over {version}', set_field('tcp_src', 12345), plain, over(ip(), tcp_segment(src=12345)))
    case(f'tcp_dst over {version}', set_field('tcp_dst', 12345), plain, over(ip(), tcp_segment(dst=12345)))
    case(
        f'udp_src over {version}',
        set_field('udp_src', 12345),
        over(ip(proto=17), udp.udp(11111, 2222)),
        over(ip(proto=17), udp.udp(12345, 2222)),
    )
    case(f'TTL of {version}', {'type': 'decNwTtl'}, plain, over(ip(ttl=63)))
    labelled = [eth(0x8847), mpls.mpls(label=100, exp=3, ttl=9), ip(), tcp_segment(), PAYLOAD]
    case(
        f'a label on {version}',
        {'type': 'pushMpls', 'ethertype': 0x8847},
        plain,
        [eth(0x8847), mpls.mpls(ttl=64), ip(), tcp_segment(), PAYLOAD],
    )
    case(f'no label on {version}', {'type': 'popMpls', 'ethertype': ethertype}, labelled, plain)
    case(
        f'TTL into {version}',
        {'type': 'copyTtlIn'},
        labelled,
        [eth(0x8847), mpls.mpls(label=100, exp=3, ttl=9), ip(ttl=9), tcp_segment(), PAYLOAD],
    )
    case(f'a backbone around {version}', {'type': 'pushPbb', 'ethertype': 0x88E7}, plain, [eth(0x88E7), pbb.itag(), *plain])

IP4 = [ip4(), tcp_segment(), PAYLOAD]
case(
    'ipv4_src',
    set_field('ipv4_src', 0x0A0A0A0A),
    [eth(0x0800), *IP4],
    [eth(0x0800), ip4(src='10.10.10.10'), tcp_segment(), PAYLOAD],
)
case(
    'ipv6_src',
    set_field('ipv6_src', '00aa' + '00' * 12 + '00aa'),
    [eth(0x86DD), ip6(), tcp_segment(), PAYLOAD],
    [eth(0x86DD), ip6(src='aa::aa'), tcp_segment(), PAYLOAD],
)
echo = icmp.echo(1, 2, b'abcdef')
case(
    'icmpv4_type',
    set_field('icmpv4_type', 0),
    [eth(0x0800), ip4(proto=1), icmp.icmp(type_=8, code=0, data=echo)],
    [eth(0x0800), ip4(proto=1), icmp.icmp(type_=0, code=0, data=echo)],
)
echo = icmpv6.echo(1, 2, b'abcdef')
case(
    'icmpv6_type',
    set_field('icmpv6_type', 129),
    [eth(0x86DD), ip6(proto=58), icmpv6.icmpv6(type_=128, code=0, data=echo)],
    [eth(0x86DD), ip6(proto=58), icmpv6.icmpv6(type_=129, code=0, data=echo)],
)
asked = [eth(0x86DD), ip6(proto=58), solicitation()]
case(
    'ipv6_nd_sll',
    set_field('ipv6_nd_sll', 'aa' * 6),
    asked,
    [eth(0x86DD), ip6(proto=58), solicitation(mac='aa:aa:aa:aa:aa:aa')],
)
case(
    'ipv6_nd_target',
    set_field('ipv6_nd_target', '0030' + '00' * 12 + '0030'),
    asked,
    [eth(0x86DD), ip6(proto=58), solicitation(target='30::30')],
)
customer = [eth(0x88A8), vlan.svlan(ethertype=0x8100, vid=10), vlan.vlan(pcp=3, vid=100, ethertype=0x0800), *IP4]
case('no backbone', {'type': 'popPbb'}, [eth(0x88E7), pbb.itag(sid=100), *customer], customer)
case(
    'a tag on a tag',
    {'type': 'pushVlan', 'ethertype': 0x88A8},
    [eth(0x8100), vlan.vlan(pcp=3, vid=100, ethertype=0x0800), *IP4],
    [
        eth(0x88A8),
        vlan.svlan(pcp=3, vid=100, ethertype=0x8100),
        vlan.vlan(pcp=3, vid=100, ethertype=0x0800),
        *IP4,
    ],
)
print(json.dumps(cases))
