import { describe, expect, it } from 'vitest';
import {
  ArpOp,
  buildArp,
  buildIcmpv4Echo,
  buildIcmpv6Echo,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  checksumOf,
  EtherType,
  getKeyBytes,
  IpProto,
  isLinkLocalGroup,
  keyFields,
  Layer,
  macNumber,
  Packet,
  pseudoHeaderSum,
  sumWords,
} from '../../switch/packet/index.ts';

const macA = Uint8Array.of(2, 0, 0, 0, 0, 0xa);
const macB = Uint8Array.of(2, 0, 0, 0, 0, 0xb);
const ip6A = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ip6B = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);

function bytes(...parts: (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)]),
  );
}

function load(frame: Uint8Array): Packet {
  const packet = new Packet();
  packet.load(frame);
  return packet;
}

function field(packet: Packet, name: string): number[] {
  const { at, bytes: length } = keyFields[name]!;
  return [...getKeyBytes(packet.key, at, length)];
}

const tcp = bytes(
  macB,
  macA,
  '0800 45b8 0028 0001 0000 40 06 0000 0a000001 0a000002 1f90 0050 00000001 00000002 5010 0000 0000 0000',
);

describe('key of an untagged TCP segment', () => {
  const packet = load(tcp);
  it.each([
    ['eth_dst', [...macB]],
    ['eth_src', [...macA]],
    ['eth_type', [8, 0]],
    ['vlan_vid', [0, 0]],
    ['ip_dscp', [0xb8 >> 2]],
    ['ip_ecn', [0]],
    ['ip_proto', [6]],
    ['ipv4_src', [10, 0, 0, 1]],
    ['ipv4_dst', [10, 0, 0, 2]],
    ['tcp_src', [0x1f, 0x90]],
    ['tcp_dst', [0, 0x50]],
  ])('%s', (name, expected) => {
    expect(field(packet, name)).toEqual(expected);
  });

  it('has IP and transport', () => {
    expect(packet.has(Layer.IP)).toBe(true);
    expect(packet.has(Layer.TRANSPORT)).toBe(true);
    expect(packet.has(Layer.ARP)).toBe(false);
  });
});

describe('tags', () => {
  it('takes id and priority of the outermost tag, and the type after all of them', () => {
    const packet = load(bytes(macB, macA, '88a8 a064 8100 0005 0806', new Uint8Array(28)));
    expect(field(packet, 'vlan_vid')).toEqual([0x10, 0x64]);
    expect(field(packet, 'vlan_pcp')).toEqual([5]);
    expect(packet.etherType).toBe(EtherType.ARP);
    expect(packet.l3At).toBe(22);
  });

  it('takes a cut-off tag for an unknown payload', () => {
    const packet = load(bytes(macB, macA, '8100 00'));
    expect(packet.hasVlan).toBe(false);
    expect(packet.etherType).toBe(EtherType.VLAN);
  });

  it('reads the type behind a SNAP header, and knows other 802.3 frames as such', () => {
    expect(load(bytes(macB, macA, '0020 aaaa03 000000 0800', new Uint8Array(20))).etherType).toBe(EtherType.IPV4);
    expect(load(bytes(macB, macA, '0020 424203', new Uint8Array(20))).etherType).toBe(EtherType.NONE);
  });
});

describe('absent fields', () => {
  it('has no transport in a later fragment', () => {
    const later = tcp.slice();
    later[21] = 1;
    const packet = load(later);
    expect(packet.has(Layer.IP)).toBe(true);
    expect(packet.has(Layer.FRAGMENT)).toBe(true);
    expect(packet.has(Layer.TRANSPORT)).toBe(false);
    expect(field(packet, 'tcp_src')).toEqual([0, 0]);
  });

  it.each([
    ['a cut-off transport header', tcp.subarray(0, 50), Layer.TRANSPORT],
    ['a cut-off IP header', tcp.subarray(0, 30), Layer.IP],
    ['a cut-off ARP packet', bytes(macB, macA, '0806 0001 0800 06 04 0001'), Layer.ARP],
    ['ARP for something else than IPv4', bytes(macB, macA, '0806 0001 86dd 06 04 0001', new Uint8Array(40)), Layer.ARP],
    ['an IPv4 header that is shorter than it may be', bytes(macB, macA, '0800 44', new Uint8Array(40)), Layer.IP],
    ['a total length below that of the header', bytes(macB, macA, '0800 4500 0010', new Uint8Array(40)), Layer.IP],
  ])('%s', (_name, frame, layer) => {
    expect(load(frame).has(layer)).toBe(false);
  });

  it('is not an Ethernet frame below 14 bytes', () => {
    const packet = new Packet();
    expect(packet.load(new Uint8Array(13))).toBe(false);
    expect(packet.load(new Uint8Array(14))).toBe(true);
  });

  it('keeps nothing of the frame before', () => {
    const packet = load(tcp);
    packet.load(bytes(macB, macA, '88b5 00'));
    expect(field(packet, 'ip_proto')).toEqual([0]);
    expect(field(packet, 'ipv4_src')).toEqual([0, 0, 0, 0]);
    expect(packet.has(Layer.IP)).toBe(false);
  });
});

describe('IPv6', () => {
  const header = (next: string, payload: string) => {
    const body = bytes(payload);
    const length = body.length.toString(16).padStart(4, '0');
    return bytes(macB, macA, `86dd 6b84 5678 ${length} ${next} 40`, ip6A, ip6B, body);
  };

  it('reads traffic class, flow label and addresses', () => {
    const packet = load(header('11', '1234 0035 0008 0000'));
    expect(field(packet, 'ip_dscp')).toEqual([0xb8 >> 2]);
    expect(field(packet, 'ipv6_flabel')).toEqual([0, 4, 0x56, 0x78]);
    expect(field(packet, 'ipv6_src')).toEqual([...ip6A]);
    expect(field(packet, 'udp_src')).toEqual([0x12, 0x34]);
  });

  it('finds the transport behind extension headers and names them', () => {
    const packet = load(header('00', '2b00 000000000000 1100 000000000000 1234 0035 0008 0000'));
    expect(field(packet, 'ip_proto')).toEqual([IpProto.UDP]);
    expect(field(packet, 'udp_dst')).toEqual([0, 0x35]);
    expect(field(packet, 'ipv6_exthdr')).toEqual([0, 64 | 32]);
  });

  it('marks repeated headers and headers out of order', () => {
    const packet = load(header('2b', '2b00 000000000000 0000 000000000000 3b00 000000000000'));
    expect(field(packet, 'ipv6_exthdr')).toEqual([1, 32 | 64 | 128 | 1]);
  });

  it('has no transport in a later fragment, but in the first', () => {
    const first = load(header('2c', '1100 0001 00000001 1234 0035 0008 0000'));
    expect(first.has(Layer.TRANSPORT)).toBe(true);
    expect(first.has(Layer.FRAGMENT)).toBe(true);
    const later = load(header('2c', '1100 0009 00000001 1234 0035 0008 0000'));
    expect(later.has(Layer.TRANSPORT)).toBe(false);
    expect(field(later, 'ip_proto')).toEqual([IpProto.UDP]);
  });
});

describe('copy on write', () => {
  it('leaves the frame that came in alone, and copies again after sharing', () => {
    const frame = tcp.slice();
    const packet = load(frame);
    const first = packet.own();
    first[0] = 0xff;
    expect(frame[0]).toBe(2);
    expect(packet.own()).toBe(first);
    const shared = packet.share();
    packet.own()[0] = 0xee;
    expect(shared[0]).toBe(0xff);
    expect(packet.frame[0]).toBe(0xee);
  });
});

describe('builders', () => {
  it('builds ARP', () => {
    const packet = load(buildArp({ op: ArpOp.REQUEST, srcMac: macA, srcIp: 0x0a000001, dstIp: 0x0a000002 }));
    expect(field(packet, 'eth_dst')).toEqual([255, 255, 255, 255, 255, 255]);
    expect(field(packet, 'arp_op')).toEqual([0, 1]);
    expect(field(packet, 'arp_spa')).toEqual([10, 0, 0, 1]);
    expect(field(packet, 'arp_tpa')).toEqual([10, 0, 0, 2]);
    expect(field(packet, 'arp_sha')).toEqual([...macA]);
    expect(field(packet, 'arp_tha')).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('builds an IPv4 echo with right checksums', () => {
    const payload = bytes('010203');
    const frame = buildIcmpv4Echo({
      kind: 'reply',
      srcMac: macA,
      dstMac: macB,
      srcIp: 1,
      dstIp: 2,
      identifier: 7,
      sequence: 9,
      payload,
    });
    expect(checksumOf(sumWords(frame, 14, 20))).toBe(0);
    expect(checksumOf(sumWords(frame, 34, frame.length - 34))).toBe(0);
    expect(field(load(frame), 'icmpv4_type')).toEqual([0]);
  });

  it('builds an IPv6 echo with a right checksum', () => {
    const frame = buildIcmpv6Echo({
      kind: 'request',
      srcMac: macA,
      dstMac: macB,
      srcIp: ip6A,
      dstIp: ip6B,
      identifier: 7,
      sequence: 9,
      payload: bytes('0102'),
    });
    const length = frame.length - 54;
    expect(checksumOf(pseudoHeaderSum(frame, 22, 32, IpProto.ICMPV6, length) + sumWords(frame, 54, length))).toBe(0);
    expect(field(load(frame), 'icmpv6_type')).toEqual([128]);
  });

  it('builds neighbour discovery', () => {
    const solicitation = load(buildNeighbourSolicitation({ srcMac: macA, srcIp: ip6A, target: ip6B }));
    expect(field(solicitation, 'eth_dst')).toEqual([0x33, 0x33, 0xff, 0, 0, 2]);
    expect(field(solicitation, 'ipv6_nd_target')).toEqual([...ip6B]);
    expect(field(solicitation, 'ipv6_nd_sll')).toEqual([...macA]);
    expect(solicitation.has(Layer.ND_TARGET)).toBe(false);
    const advertisement = load(
      buildNeighbourAdvertisement({ srcMac: macB, dstMac: macA, srcIp: ip6B, dstIp: ip6A, target: ip6B }),
    );
    expect(field(advertisement, 'ipv6_nd_tll')).toEqual([...macB]);
    expect(field(advertisement, 'ipv6_nd_target')).toEqual([...ip6B]);
  });
});

it('knows the groups that no bridge forwards', () => {
  expect(isLinkLocalGroup(bytes('0180c200000e'))).toBe(true);
  expect(isLinkLocalGroup(bytes('0180c2000010'))).toBe(false);
  expect(macNumber(bytes('ffffffffffff'), 0)).toBe(2 ** 48 - 1);
});
