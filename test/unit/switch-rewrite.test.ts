import { describe, expect, it } from 'vitest';
import {
  type Action,
  BadActionCode,
  ErrorType,
  type Instruction,
  type OxmField,
  type OxmName,
  PacketInReason,
  PortNo,
} from '../../ofp/index.ts';
import { OpenFlowRefusal } from '../../switch/index.ts';
import {
  buildIcmpv4Echo,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  checksumOf,
  Packet,
  pseudoHeaderSum,
  put16,
  put32,
  sctpChecksum,
  sumWords,
} from '../../switch/packet/index.ts';
import { apply, BridgeLab, hex, mac, output } from './support/switch-lab.ts';

const ip6 = (last: number) => hex(`fd00000000000000000000000000000${last}`);
const eth = (type: string, ...rest: Uint8Array[]) =>
  Uint8Array.of(...mac(2), ...mac(1), ...hex(type), ...rest.flatMap((part) => [...part]));
const set = (field: OxmField): Action => ({ type: 'setField', field });
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** An IPv4 header of a packet with an unknown protocol, TTL 32, with its checksum. */
const ip4 = (ttl = 32): Uint8Array => {
  const header = hex(`4520 0018 0001 0000 00 fd 0000 0a000001 0a000002 01020304`);
  header[8] = ttl;
  put16(header, 10, checksumOf(sumWords(header, 0, 20)));
  return header;
};

/** Runs actions on a frame by packet-out and gives the one that leaves. */
function run(frame: Uint8Array, ...actions: Action[]): Uint8Array {
  const lab = new BridgeLab();
  const port = lab.leaf();
  const all = [...actions, output(port.no)];
  lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions: all, data: frame }, 0);
  expect(port.sent).toHaveLength(1);
  return port.sent[0]!;
}

/** 0 when the transport's checksum is right; `proto` and the header's place as the packet says. */
function transportErrors(frame: Uint8Array, destination?: Uint8Array): number {
  const packet = new Packet();
  packet.load(frame);
  const { l3At, l4At, l4End, ipProto } = packet;
  const isIpv4 = packet.etherType === 0x800;
  const length = l4End - l4At;
  const body = sumWords(frame, l4At, length);
  if (isIpv4 && ipProto === 1) return checksumOf(body);
  const addresses = frame.slice(l3At + (isIpv4 ? 12 : 8), l3At + (isIpv4 ? 20 : 40));
  if (destination) addresses.set(destination, 16);
  return checksumOf(pseudoHeaderSum(addresses, 0, addresses.length, ipProto, length) + body);
}

describe('MPLS', () => {
  const mpls: Action = { type: 'pushMpls', ethertype: 0x8847 };
  const entry = hex('00064 7 20'.replaceAll(' ', '')); // label 100, TC 3, S, TTL 32

  it('is pushed with the TTL of IP, behind VLAN tags, and again with the values of the entry below', () => {
    expect(text(run(eth('0800', ip4(32)), mpls))).toBe(text(eth('8847', hex('00000120'), ip4(32))));
    expect(text(run(eth('810060050800', ip4(7)), mpls))).toBe(text(eth('810060058847', hex('00000107'), ip4(7))));
    expect(text(run(eth('8847', entry, ip4()), mpls))).toBe(text(eth('8847', hex('00064620'), entry, ip4())));
    expect(text(run(eth('0806', hex('0001')), mpls))).toBe(text(eth('8847', hex('00000100'), hex('0001'))));
  });

  it('is popped down to the type given', () => {
    expect(text(run(eth('8847', entry, ip4()), { type: 'popMpls', ethertype: 0x800 }))).toBe(text(eth('0800', ip4())));
    const two = eth('88a8000a8847', hex('00064620'), entry, ip4());
    const popped = run(two, { type: 'popMpls', ethertype: 0x8847 });
    expect(text(popped)).toBe(text(eth('88a8000a8847', entry, ip4())));
  });

  it('sets label, class, bottom and TTL', () => {
    const changed = run(
      eth('8847', entry, ip4()),
      set({ field: 'mpls_label', value: 0xfffff }),
      set({ field: 'mpls_tc', value: 5 }),
      set({ field: 'mpls_bos', value: 0 }),
      { type: 'setMplsTtl', mplsTtl: 9 },
      { type: 'decMplsTtl' },
    );
    expect(text(changed.subarray(14, 18))).toBe('fffffa08');
  });

  it('copies the TTL in and out, between entries and to and from IP, with the checksum', () => {
    const inner = run(eth('8847', hex('00064140'), ip4(7)), { type: 'copyTtlIn' });
    expect(text(inner)).toBe(text(eth('8847', hex('00064140'), ip4(64))));
    expect(text(run(eth('8847', hex('00064140'), ip4(7)), { type: 'copyTtlOut' }))).toBe(
      text(eth('8847', hex('00064107'), ip4(7))),
    );
    const two = eth('8847', hex('00064040'), hex('00065107'), ip4(3));
    expect(text(run(two, { type: 'copyTtlIn' }).subarray(14, 22))).toBe('0006404000065140');
    expect(text(run(two, { type: 'copyTtlOut' }).subarray(14, 22))).toBe('0006400700065107');
    const ipv6 = new Uint8Array(40);
    ipv6.set([0x60, 0, 0, 0, 0, 0, 59, 12]);
    expect(run(eth('8847', hex('00064140'), ipv6), { type: 'copyTtlIn' })[14 + 4 + 7]).toBe(64);
    expect(run(eth('8847', hex('00064140'), ipv6), { type: 'copyTtlOut' })[17]).toBe(12);
  });

  it('ends at a TTL of 1, and tells the controllers', () => {
    const lab = new BridgeLab();
    const port = lab.leaf();
    const mplsType: OxmField = { field: 'eth_type', value: 0x8847 };
    lab.flow({ match: [mplsType], instructions: [apply({ type: 'decMplsTtl' }, output(PortNo.IN_PORT))] });
    lab.bridge.receive(port.no, [eth('8847', hex('00064102')), eth('8847', hex('00064101'))], 0);
    expect(port.sent.map(text)).toEqual([text(eth('8847', hex('00064101')))]);
    expect(lab.eventsNamed('packetIn')).toMatchObject([[{ reason: PacketInReason.INVALID_TTL }]]);
  });
});

describe('PBB', () => {
  const pbb: Action = { type: 'pushPbb', ethertype: 0x88e7 };
  const inner = eth('0800', ip4());

  it('is pushed around the frame with its addresses, twice as well, and popped', () => {
    const once = run(inner, pbb);
    expect(text(once)).toBe(text(eth('88e7', hex('00000000'), inner)));
    expect(text(run(once, { type: 'popPbb' }))).toBe(text(inner));
    const named = run(once, set({ field: 'pbb_isid', value: 100 }), set({ field: 'pbb_uca', value: 1 }));
    expect(text(named.subarray(12, 18))).toBe('88e708000064');
    expect(text(run(named, pbb).subarray(12, 18))).toBe('88e708000064');
    expect(text(run(run(named, pbb), { type: 'popPbb' }, { type: 'popPbb' }))).toBe(text(inner));
  });

  it('takes the priority of a tag, and leaves tags of the backbone when it is popped', () => {
    const tagged = eth('8100a0050800', ip4());
    const pushed = run(tagged, pbb);
    expect(text(pushed)).toBe(text(eth('88e7', hex('a0000000'), tagged)));
    const outer = run(pushed, { type: 'pushVlan', ethertype: 0x88a8 }, set({ field: 'vlan_vid', value: 0x1007 }));
    expect(text(outer.subarray(12, 18))).toBe('88a8000788e7');
    expect(text(run(outer, { type: 'popPbb' }))).toBe(text(eth('88a800078100a0050800', ip4())));
  });

  it('is matched by its I-SID, with a mask', () => {
    const lab = new BridgeLab();
    const port = lab.leaf();
    lab.flow({
      match: [
        { field: 'eth_type', value: 0x88e7 },
        { field: 'pbb_isid', value: 0x60, mask: 0xfffff0 },
      ],
      instructions: [apply(output(PortNo.IN_PORT))],
    });
    lab.bridge.receive(port.no, [eth('88e7', hex('00000064'), inner), eth('88e7', hex('00000074'), inner)], 0);
    expect(port.sent).toHaveLength(1);
  });
});

describe('set-field keeps checksums right', () => {
  it('of ICMP', () => {
    const echo = buildIcmpv4Echo({
      ...{ kind: 'request', srcMac: mac(1), dstMac: mac(2), srcIp: 1, dstIp: 2, identifier: 1, sequence: 2 },
      payload: hex('010203'),
    });
    const changed = run(echo, set({ field: 'icmpv4_type', value: 3 }), set({ field: 'icmpv4_code', value: 7 }));
    expect(text(changed.subarray(34, 36))).toBe('0307');
    expect(transportErrors(changed)).toBe(0);
    expect(transportErrors(run(echo, set({ field: 'ipv4_src', value: 77 })))).toBe(0);
  });

  it('of ICMPv6 and neighbour discovery', () => {
    const solicitation = buildNeighbourSolicitation({ srcMac: mac(1), srcIp: ip6(1), target: ip6(2) });
    const advertisement = buildNeighbourAdvertisement({
      ...{ srcMac: mac(1), dstMac: mac(2), srcIp: ip6(1), dstIp: ip6(2), target: ip6(1) },
    });
    const asked = run(
      solicitation,
      set({ field: 'ipv6_nd_target', value: ip6(9) }),
      set({ field: 'ipv6_nd_sll', value: mac(9) }),
      set({ field: 'ipv6_nd_tll', value: mac(8) }),
    );
    expect(transportErrors(asked)).toBe(0);
    expect(text(asked.subarray(62))).toBe(`${text(ip6(9))}0101${text(mac(9))}`);
    const told = run(advertisement, set({ field: 'ipv6_nd_tll', value: mac(7) }));
    expect(transportErrors(told)).toBe(0);
    expect(text(told.subarray(78))).toBe(`0201${text(mac(7))}`);
    const other = run(
      solicitation,
      set({ field: 'icmpv6_type', value: 128 }),
      set({ field: 'icmpv6_code', value: 1 }),
      set({ field: 'ipv6_nd_target', value: ip6(9) }),
    );
    expect(transportErrors(other)).toBe(0);
    expect(text(other.subarray(62, 78))).toBe(text(ip6(2)));
  });

  it('of SCTP: its CRC-32C (RFC 3720 appendix B.4), and what was wrong stays wrong', () => {
    expect(sctpChecksum(new Uint8Array(32), 0, 32)).toBe(0xaa36918a);
    const sctp = hex('03e8 07d0 00000001 00000000 0003 0004 01020304');
    const frame = eth('0800', ip4().subarray(0, 20), sctp);
    frame.set([0x45, 0, 0, frame.length - 14, 0, 0, 0, 0, 32, 132, 0, 0], 14);
    put16(frame, 24, checksumOf(sumWords(frame, 14, 20)));
    const withChecksum = (bytes: Uint8Array) => {
      const copy = bytes.slice();
      put32(copy, 42, sctpChecksum(bytes, 34, bytes.length));
      return copy;
    };
    const ports = [set({ field: 'sctp_src', value: 9 }), set({ field: 'sctp_dst', value: 10 })];
    const changed = run(withChecksum(frame), ...ports);
    expect(text(changed.subarray(34, 38))).toBe('0009000a');
    expect(text(changed)).toBe(text(withChecksum(changed)));
    const wrong = withChecksum(frame);
    wrong[42]! ^= 0x55;
    changed[42]! ^= 0x55;
    expect(text(run(wrong, ...ports))).toBe(text(changed));
  });

  it('of UDP behind IPv6 extension headers, where a routing header names the destination', () => {
    const udp = hex('1388 07d0 000a 0000 abcd');
    const headers = hex('2b00000000000000 1102000100000000 fd000000000000000000000000000007');
    const ip = hex('6a000063 0000 00 40');
    put16(ip, 4, headers.length + udp.length);
    const whole = eth('86dd', ip, ip6(1), ip6(2), headers, udp);
    const at = whole.length - udp.length;
    const last = ip6(7);
    const addresses = Uint8Array.of(...ip6(1), ...last);
    put16(
      whole,
      at + 6,
      checksumOf(pseudoHeaderSum(addresses, 0, 32, 17, udp.length) + sumWords(whole, at, udp.length)),
    );
    expect(transportErrors(whole, last)).toBe(0);
    const changed = run(
      whole,
      set({ field: 'ipv6_dst', value: ip6(5) }),
      set({ field: 'ipv6_src', value: ip6(6) }),
      set({ field: 'udp_dst', value: 1 }),
      set({ field: 'ipv6_flabel', value: 0xabcde }),
    );
    expect(transportErrors(changed, last)).toBe(0);
    expect(text(changed.subarray(14, 18))).toBe('6a0abcde');
  });
});

describe('set-field', () => {
  it('of eth_type and ip_proto changes what later actions see', () => {
    expect(text(run(eth('0800', ip4()), set({ field: 'eth_type', value: 0x8848 })).subarray(12, 14))).toBe('8848');
    expect(text(run(eth('810000050800', ip4()), set({ field: 'eth_type', value: 0x8848 })).subarray(12, 18))).toBe(
      '810000058848',
    );
    const longer = eth('0800', ip4(), hex('0000000000000000'));
    put16(longer, 16, 40);
    const changed = run(longer, set({ field: 'ip_proto', value: 17 }), set({ field: 'udp_dst', value: 9 }));
    expect(changed[23]).toBe(17);
    expect(text(changed.subarray(34, 38))).toBe('01020009');
    const v6 = eth('86dd', hex('60000000 0008 00 40'), ip6(1), ip6(2), hex('fd00000000000000'));
    expect(run(v6, set({ field: 'ip_proto', value: 59 }))[54]).toBe(59);
  });

  it('of ip_proto keeps the checksum of the transport right for the pseudo header', () => {
    const udp = eth('0800', ip4().subarray(0, 20), hex('1f90 0050 000c 0000 01020304'));
    udp.set([17, 0, 0], 23);
    put16(udp, 16, udp.length - 14);
    put16(udp, 24, checksumOf(sumWords(udp, 14, 20)));
    put16(udp, 40, checksumOf(pseudoHeaderSum(udp, 26, 8, 17, 12) + sumWords(udp, 34, 12)));
    const changed = run(udp, set({ field: 'ip_proto', value: 6 }));
    expect(changed[23]).toBe(6);
    expect(checksumOf(sumWords(changed, 14, 20))).toBe(0);
    expect(checksumOf(pseudoHeaderSum(changed, 26, 8, 6, 12) + sumWords(changed, 34, 12))).toBe(0);
  });

  it('with a mask changes the bits of the mask only', () => {
    const frame = eth('0800', ip4());
    const ipv4 = run(frame, set({ field: 'ipv4_dst', value: 0xff00, mask: 0xffff }));
    expect(text(ipv4.subarray(30, 34))).toBe('0a00ff00');
    expect(checksumOf(sumWords(ipv4, 14, 20))).toBe(0);
    const lab = new BridgeLab();
    const port = lab.leaf();
    const twice = [
      set({ field: 'metadata', value: 0xff00n }),
      set({ field: 'metadata', value: 0x0fn, mask: 0xffn }),
      set({ field: 'tunnel_id', value: 7n }),
    ];
    lab.flow({ instructions: [apply(...twice), { type: 'gotoTable', tableId: 1 }] });
    lab.flow({
      tableId: 1,
      match: [
        { field: 'metadata', value: 0xff0fn },
        { field: 'tunnel_id', value: 7n },
      ],
      instructions: [apply(output(PortNo.IN_PORT))],
    });
    lab.bridge.receive(port.no, [frame], 0);
    expect(port.sent).toHaveLength(1);
  });
});

describe('copy-field', () => {
  const copy = (src: OxmName, dst: OxmName, nBits: number, srcOffset = 0, dstOffset = 0): Action => ({
    ...{ type: 'copyField', nBits, srcOffset, dstOffset },
    src: { field: src, hasMask: false },
    dst: { field: dst, hasMask: false },
  });

  it('copies runs of bits between fields, with checksums', () => {
    const frame = eth('0800', ip4());
    const changed = run(frame, copy('ipv4_src', 'ipv4_dst', 32), copy('eth_dst', 'eth_src', 8, 0, 8));
    expect(text(changed.subarray(26, 34))).toBe('0a0000010a000001');
    expect(text(changed.subarray(6, 12))).toBe('020000000201');
    expect(checksumOf(sumWords(changed, 14, 20))).toBe(0);
    const tagged = run(eth('810060050800', ip4()), copy('ipv4_dst', 'vlan_vid', 12));
    expect(text(tagged.subarray(14, 16))).toBe('6002');
  });

  it.each<[string, number, Action]>([
    ['beyond a field', BadActionCode.BAD_SET_LEN, copy('eth_src', 'eth_dst', 8, 41)],
    ['of nothing', BadActionCode.BAD_SET_LEN, copy('eth_src', 'eth_dst', 0)],
    ['to what cannot be set', BadActionCode.BAD_SET_TYPE, copy('metadata', 'in_port', 32)],
    ['with an unknown field', BadActionCode.BAD_SET_TYPE, copy('ct_mark', 'eth_dst', 8)],
  ])('%s is refused', (_name, code, action) => {
    expect(refusalOf(() => run(eth('0800', ip4()), action))).toBe(code);
  });
});

function refusalOf(work: () => void): number | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof OpenFlowRefusal) return error.errorCode;
    throw error;
  }
  return undefined;
}

describe('actions are refused', () => {
  const refused = (match: OxmField[], ...actions: Action[]): number | undefined => {
    const instructions: Instruction[] = [apply(...actions)];
    try {
      new BridgeLab().flow({ match, instructions });
    } catch (error) {
      if (!(error instanceof OpenFlowRefusal)) throw error;
      expect(error.errorType).toBe(ErrorType.BAD_ACTION);
      return error.errorCode;
    }
    return undefined;
  };
  const type = (value: number): OxmField => ({ field: 'eth_type', value });
  const { BAD_ARGUMENT, BAD_SET_ARGUMENT, BAD_SET_MASK, BAD_SET_TYPE, MATCH_INCONSISTENT } = BadActionCode;

  it.each<[string, number | undefined, OxmField[], Action[]]>([
    ['a label of another type', BAD_ARGUMENT, [], [{ type: 'pushMpls', ethertype: 0x800 }]],
    ['a backbone tag of another type', BAD_ARGUMENT, [], [{ type: 'pushPbb', ethertype: 0x8847 }]],
    ['a pop of no label', MATCH_INCONSISTENT, [type(0x800)], [{ type: 'popMpls', ethertype: 0x800 }]],
    ['a pop of no backbone tag', MATCH_INCONSISTENT, [], [{ type: 'popPbb' }]],
    ['the TTL of no label', MATCH_INCONSISTENT, [], [{ type: 'decMplsTtl' }]],
    [
      'a port below a label that was pushed',
      MATCH_INCONSISTENT,
      [type(0x800), { field: 'ip_proto', value: 6 }],
      [{ type: 'pushMpls', ethertype: 0x8847 }, set({ field: 'tcp_dst', value: 1 })],
    ],
    ['in_port', BAD_SET_TYPE, [], [set({ field: 'in_port', value: 1 })]],
    ['the extension headers', BAD_SET_TYPE, [type(0x86dd)], [set({ field: 'ipv6_exthdr', value: 1 })]],
    ['a VLAN id without a tag', MATCH_INCONSISTENT, [type(0x800)], [set({ field: 'vlan_vid', value: 0x1001 })]],
    ['a label that is too wide', BAD_SET_ARGUMENT, [type(0x8847)], [set({ field: 'mpls_label', value: 0x100000 })]],
    [
      'a mask where none may be',
      BAD_SET_MASK,
      [type(0x8847)],
      [set({ field: 'mpls_label', value: 1, mask: 1 } as OxmField)],
    ],
    ['bits outside the mask', BAD_SET_ARGUMENT, [type(0x800)], [set({ field: 'ipv4_dst', value: 2, mask: 1 })]],
    [
      'nothing that a pushed label allows',
      undefined,
      [],
      [
        { type: 'pushMpls', ethertype: 0x8847 },
        set({ field: 'mpls_label', value: 1 }),
        { type: 'popMpls', ethertype: 0x800 },
        { type: 'decNwTtl' },
      ],
    ],
  ])('%s', (_name, code, match, actions) => {
    expect(refused(match, ...actions)).toBe(code);
  });
});

it('runs an action set in the order of the standard, whatever the order written', () => {
  const lab = new BridgeLab();
  const [a, b] = [lab.leaf(), lab.leaf()];
  const written: Action[] = [
    output(b.no),
    { type: 'setQueue', queueId: 3 },
    set({ field: 'mpls_label', value: 5 }),
    set({ field: 'vlan_vid', value: 0x1007 }),
    { type: 'pushVlan', ethertype: 0x8100 },
    { type: 'decMplsTtl' },
    { type: 'copyTtlOut' },
    { type: 'pushMpls', ethertype: 0x8847 },
    { type: 'popVlan' },
  ];
  lab.flow({
    match: [{ field: 'vlan_vid', value: 0x1005 }],
    instructions: [
      { type: 'writeActions', actions: written },
      { type: 'gotoTable', tableId: 1 },
    ],
  });
  lab.flow({ tableId: 1, instructions: [{ type: 'writeActions', actions: [output(a.no), output(b.no)] }] });
  lab.bridge.receive(a.no, [eth('810000050800', ip4(9))], 0);
  expect(b.sent.map(text)).toEqual([text(eth('810000078847', hex('00005108'), ip4(9)))]);
});

it('counts neither packets nor bytes of an entry that asks for that', () => {
  const lab = new BridgeLab();
  const port = lab.leaf();
  lab.flow({ flags: 8, cookie: 1n, instructions: [{ type: 'gotoTable', tableId: 1 }] });
  lab.flow({ flags: 16, tableId: 1, cookie: 2n });
  lab.bridge.receive(port.no, [eth('0800', ip4())], 0);
  expect(lab.bridge.flowStats(0)).toMatchObject([
    { packetCount: 0n, byteCount: 38n },
    { packetCount: 1n, byteCount: 0n },
  ]);
});

it('goes on after a packet-out went through the tables as if it had not', () => {
  const lab = new BridgeLab();
  const [a, b] = [lab.leaf(), lab.leaf()];
  lab.flow({ cookie: 5n, instructions: [apply(set({ field: 'eth_src', value: mac(9) }), output(a.no))] });
  const rest: Action[] = [output(b.no), output(PortNo.CONTROLLER)];
  const actions: Action[] = [set({ field: 'eth_src', value: mac(7) }), output(PortNo.TABLE), ...rest];
  const data = eth('0800', ip4());
  lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions, data }, 0);
  expect([a.sent[0]![11], b.sent[0]![11]]).toEqual([9, 7]);
  expect(lab.eventsNamed('packetIn')).toMatchObject([
    [{ cookie: 0xffff_ffff_ffff_ffffn, reason: PacketInReason.ACTION, cause: PacketInReason.PACKET_OUT }],
  ]);
});

it('gathers a new action set each time that a packet-out goes through the tables', () => {
  const lab = new BridgeLab();
  const port = lab.leaf();
  const ipType: OxmField = { field: 'eth_type', value: 0x800 };
  const write: Instruction = { type: 'writeActions', actions: [output(port.no)] };
  lab.flow({
    match: [ipType, { field: 'ip_dscp', value: 8 }],
    instructions: [write, { type: 'gotoTable', tableId: 1 }],
  });
  lab.flow({ match: [ipType, { field: 'ip_dscp', value: 0 }] });
  lab.flow({
    tableId: 1,
    match: [ipType],
    instructions: [apply({ type: 'setNwTtl', nwTtl: 1 }, { type: 'decNwTtl' })],
  });
  const actions: Action[] = [output(PortNo.TABLE), set({ field: 'ip_dscp', value: 0 }), output(PortNo.TABLE)];
  const data = eth('0800', ip4());
  lab.bridge.packetOut({ bufferId: 0xffffffff, inPort: PortNo.CONTROLLER, actions, data }, 0);
  expect(port.sent).toEqual([]);
});
