import { describe, expect, it } from 'vitest';
import { type Action, type OxmField, PacketInReason, PortNo } from '../../ofp/index.ts';
import {
  buildArp,
  buildIcmpv6Echo,
  checksumOf,
  EtherType,
  get16,
  IpProto,
  Packet,
  pseudoHeaderSum,
  put16,
  sumWords,
} from '../../switch/packet/index.ts';
import { apply, BridgeLab, hex, mac, output } from './support/switch-lab.ts';

const ip6 = (last: number) => hex(`fd00000000000000000000000000000${last}`);

/** An IPv4 packet of 5 payload bytes with right checksums. */
function ipv4(proto: number, tag = ''): Uint8Array {
  const headerLength = proto === IpProto.TCP ? 20 : 8;
  const transport = new Uint8Array(headerLength + 5).fill(7, headerLength);
  put16(transport, 0, 1000);
  put16(transport, 2, 2000);
  if (proto === IpProto.TCP) transport[12] = 0x50;
  else put16(transport, 4, transport.length);
  const ip = hex(`4500 0000 0001 0000 40 00 0000 0a000001 0a000002`);
  ip[9] = proto;
  put16(ip, 2, 20 + transport.length);
  put16(ip, 10, checksumOf(sumWords(ip, 0, 20)));
  const sumAt = proto === IpProto.TCP ? 16 : 6;
  const whole = Uint8Array.of(...ip, ...transport);
  put16(
    whole,
    20 + sumAt,
    checksumOf(pseudoHeaderSum(whole, 12, 8, proto, transport.length) + sumWords(whole, 20, transport.length)),
  );
  return Uint8Array.of(...mac(2), ...mac(1), ...hex(tag), 8, 0, ...whole);
}

/** Runs actions on a frame by packet-out and gives what leaves. */
function run(frame: Uint8Array, ...actions: Action[]): Uint8Array[] {
  const lab = new BridgeLab();
  const port = lab.leaf();
  lab.bridge.packetOut(
    { bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions: [...actions, output(port.no)], data: frame },
    0,
  );
  return port.sent;
}

function set(field: OxmField): Action {
  return { type: 'setField', field };
}

/** 0 when IP's and the transport's checksum are right. */
function checksumErrors(frame: Uint8Array): number {
  const packet = new Packet();
  packet.load(frame);
  const { l3At, l4At, ipProto } = packet;
  const isIpv4 = packet.etherType === EtherType.IPV4;
  const length = packet.l4End - l4At;
  const addresses = isIpv4
    ? pseudoHeaderSum(frame, l3At + 12, 8, ipProto, length)
    : pseudoHeaderSum(frame, l3At + 8, 32, ipProto, length);
  return (isIpv4 ? checksumOf(sumWords(frame, l3At, 20)) : 0) + checksumOf(addresses + sumWords(frame, l4At, length));
}

describe('set-field keeps checksums right', () => {
  const fields: OxmField[] = [
    { field: 'ipv4_src', value: 0xc0a80105 },
    { field: 'ipv4_dst', value: 0xffffffff },
    { field: 'ip_dscp', value: 46 },
    { field: 'ip_ecn', value: 3 },
    { field: 'tcp_src', value: 65535 },
    { field: 'udp_dst', value: 53 },
  ];
  it.each([
    ['TCP', IpProto.TCP],
    ['UDP', IpProto.UDP],
  ])('%s over IPv4', (_name, proto) => {
    const frame = ipv4(proto);
    expect(checksumErrors(frame)).toBe(0);
    for (const field of fields) expect(checksumErrors(run(frame, set(field))[0]!)).toBe(0);
    expect(checksumErrors(run(frame, ...fields.map(set))[0]!)).toBe(0);
  });

  it('ICMPv6', () => {
    const frame = buildIcmpv6Echo({
      kind: 'request',
      srcMac: mac(1),
      dstMac: mac(2),
      srcIp: ip6(1),
      dstIp: ip6(2),
      identifier: 1,
      sequence: 2,
      payload: hex('010203'),
    });
    const changed = run(
      frame,
      set({ field: 'ipv6_src', value: ip6(7) }),
      set({ field: 'ip_dscp', value: 46 }),
      set({ field: 'ip_ecn', value: 1 }),
    )[0]!;
    expect(checksumErrors(changed)).toBe(0);
    expect([...changed.subarray(22, 38)]).toEqual([...ip6(7)]);
    expect(get16(changed, 14)).toBe(0x6000 | (46 << 6) | (1 << 4));
  });

  it('leaves a UDP packet without a checksum without one', () => {
    const frame = ipv4(IpProto.UDP);
    put16(frame, 40, 0);
    expect(get16(run(frame, set({ field: 'udp_src', value: 9 }))[0]!, 40)).toBe(0);
  });
});

describe('set-field', () => {
  it('writes MACs, tags and ARP', () => {
    const tagged = ipv4(IpProto.UDP, '8100 6005');
    expect(get16(run(tagged, set({ field: 'vlan_vid', value: 0x1abc }))[0]!, 14)).toBe(0x6abc);
    expect(get16(run(tagged, set({ field: 'vlan_vid', value: 0xabc }))[0]!, 14)).toBe(0x6abc);
    expect(get16(run(tagged, set({ field: 'vlan_pcp', value: 5 }))[0]!, 14)).toBe(0xa005);
    expect([...run(tagged, set({ field: 'eth_dst', value: mac(9) }))[0]!.subarray(0, 6)]).toEqual([...mac(9)]);
    const arp = buildArp({ op: 1, srcMac: mac(1), srcIp: 1, dstIp: 2 });
    const reply = run(
      arp,
      set({ field: 'arp_op', value: 2 }),
      set({ field: 'arp_sha', value: mac(7) }),
      set({ field: 'arp_spa', value: 2 }),
      set({ field: 'arp_tha', value: mac(1) }),
      set({ field: 'arp_tpa', value: 1 }),
    )[0]!;
    expect(reply).toEqual(
      Uint8Array.of(
        ...arp.subarray(0, 14),
        ...buildArp({ op: 2, srcMac: mac(7), srcIp: 2, dstMac: mac(1), dstIp: 1 }).subarray(14),
      ),
    );
  });

  it('does nothing to a frame without the header', () => {
    const frame = new Uint8Array(14).fill(2, 0, 12);
    const fields: OxmField[] = [
      { field: 'ipv4_src', value: 1 },
      { field: 'tcp_dst', value: 1 },
      { field: 'vlan_vid', value: 0x1001 },
      { field: 'arp_op', value: 1 },
      { field: 'ip_dscp', value: 1 },
    ];
    expect(
      run(frame, ...fields.map(set), { type: 'popVlan' }, { type: 'decNwTtl' }, { type: 'setNwTtl', nwTtl: 1 }),
    ).toEqual([frame]);
  });
});

describe('tags', () => {
  it('pushes a tag with the values of the one below, and pops it', () => {
    const tagged = ipv4(IpProto.UDP, '8100 6005');
    const twice = run(tagged, { type: 'pushVlan', ethertype: 0x88a8 })[0]!;
    expect(Buffer.from(twice.subarray(12, 22)).toString('hex')).toBe('88a8600581006005' + '0800');
    expect(run(twice, { type: 'popVlan' })).toEqual([tagged]);
    const plain = ipv4(IpProto.UDP);
    const once = run(plain, { type: 'pushVlan', ethertype: 0x8100 })[0]!;
    expect(Buffer.from(once.subarray(12, 18)).toString('hex')).toBe('810000000800');
    expect(run(once, { type: 'popVlan' }, { type: 'popVlan' })).toEqual([plain]);
  });
});

describe('TTL', () => {
  it('sets and decrements it with the checksum', () => {
    const frame = ipv4(IpProto.TCP);
    const changed = run(frame, { type: 'setNwTtl', nwTtl: 9 }, { type: 'decNwTtl' })[0]!;
    expect(changed[22]).toBe(8);
    expect(checksumErrors(changed)).toBe(0);
  });

  it('stops a packet whose TTL runs out and tells of it', () => {
    const lab = new BridgeLab();
    const port = lab.leaf();
    lab.flow({
      match: [{ field: 'eth_type', value: 0x800 }],
      cookie: 5n,
      instructions: [
        apply(output(PortNo.IN_PORT), { type: 'setNwTtl', nwTtl: 1 }, { type: 'decNwTtl' }, output(PortNo.IN_PORT)),
        { type: 'gotoTable', tableId: 1 },
      ],
    });
    lab.flow({ tableId: 1, instructions: [apply(output(PortNo.IN_PORT))] });
    const frame = ipv4(IpProto.TCP);
    lab.bridge.receive(port.no, [frame], 0);
    expect(port.sent).toEqual([frame]);
    expect(lab.eventsNamed('packetIn')).toMatchObject([
      [{ reason: PacketInReason.INVALID_TTL, cookie: 5n, inPort: port.no }],
    ]);
  });
});

it('sends each output as the packet was at that point', () => {
  const lab = new BridgeLab();
  const [a, b] = [lab.leaf(), lab.leaf()];
  const frame = ipv4(IpProto.UDP);
  const original = frame.slice();
  const actions = [
    output(a.no),
    set({ field: 'eth_dst', value: mac(9) }),
    output(b.no),
    set({ field: 'eth_dst', value: mac(8) }),
    output(a.no),
  ];
  lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions, data: frame }, 0);
  expect([a.sent[0]![5], b.sent[0]![5], a.sent[1]![5]]).toEqual([2, 9, 8]);
  expect(frame).toEqual(original);
});
