/** Matches that the fixed structures of 1.0 and 1.1 can say, in the order in which they are read back. */
import fc from 'fast-check';

interface Field {
  field: string;
  value: unknown;
  mask?: unknown;
}
type Fields = fc.Arbitrary<Field[]>;

const number = (field: string, max: number): Fields =>
  fc.option(fc.integer({ min: 0, max })).map((value) => (value === null ? [] : [{ field, value }]));
const mac = (field: string): Fields =>
  fc.option(fc.uint8Array({ minLength: 6, maxLength: 6 })).map((value) => (value === null ? [] : [{ field, value }]));
const prefix = (field: string): Fields =>
  fc.tuple(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 0xffffffff })).map(([bits, value]) => {
    if (bits === 0) return [];
    if (bits === 32) return [{ field, value }];
    const mask = (0xffffffff << (32 - bits)) >>> 0;
    return [{ field, value: (value & mask) >>> 0, mask }];
  });
const join = (...parts: Fields[]): Fields => fc.tuple(...parts).map((p) => p.flat());

const none: Fields = fc.constant([]);

const vlan: Fields = fc.oneof(
  none,
  fc.constant<Field[]>([{ field: 'vlan_vid', value: 0 }]),
  fc
    .integer({ min: 0, max: 0xfff })
    .chain((vid) => number('vlan_pcp', 7).map((pcp): Field[] => [{ field: 'vlan_vid', value: 0x1000 | vid }, ...pcp])),
  fc.integer({ min: 0, max: 7 }).map((pcp): Field[] => [
    { field: 'vlan_vid', value: 0x1000, mask: 0x1000 },
    { field: 'vlan_pcp', value: pcp },
  ]),
);

const TRANSPORT = [
  [6, 'tcp_src', 'tcp_dst', 0xffff],
  [17, 'udp_src', 'udp_dst', 0xffff],
  [132, 'sctp_src', 'sctp_dst', 0xffff],
  [1, 'icmpv4_type', 'icmpv4_code', 0xff],
] as const;

function network(address: (field: string) => Fields, plain: (field: string) => Fields): Fields {
  const ip = (proto: Fields, rest: Fields): Fields =>
    join(
      fc.constant([{ field: 'eth_type', value: 0x0800 }]),
      plain('vlan'),
      number('ip_dscp', 63),
      proto,
      address('ipv4_src'),
      address('ipv4_dst'),
      rest,
    );
  return fc.oneof(
    plain('vlan'),
    join(
      fc.constant([{ field: 'eth_type', value: 0x0806 }]),
      plain('vlan'),
      number('arp_op', 0xff),
      address('arp_spa'),
      address('arp_tpa'),
    ),
    ip(fc.constant([]), fc.constant([])),
    ...TRANSPORT.map(([proto, src, dst, max]) =>
      ip(fc.constant([{ field: 'ip_proto', value: proto }]), join(number(src, max), number(dst, max))),
    ),
  );
}

const port16 = fc.oneof(fc.integer({ min: 0, max: 0xfeff }), fc.integer({ min: 0xffffff00, max: 0xffffffff }));
const inPort = (port: fc.Arbitrary<number>): Fields =>
  fc.option(port).map((value) => (value === null ? [] : [{ field: 'in_port', value }]));

export const match10Arbitrary: Fields = join(
  inPort(port16),
  mac('eth_dst'),
  mac('eth_src'),
  network(prefix, () => vlan),
);

const maskedMac = (field: string): Fields => {
  const octets = fc.uint8Array({ minLength: 6, maxLength: 6 });
  const mask = octets.filter((m) => m.some((o) => o !== 0) && m.some((o) => o !== 0xff));
  return fc.oneof(
    mac(field),
    fc.tuple(octets, mask).map(([value, m]) => [{ field, value, mask: m }]),
  );
};
const maskedIpv4 = (field: string): Fields => {
  const any = fc.integer({ min: 0, max: 0xffffffff });
  return fc.oneof(
    number(field, 0xffffffff),
    fc.tuple(any, fc.integer({ min: 1, max: 0xfffffffe })).map(([value, mask]) => [{ field, value, mask }]),
  );
};
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const metadata: Fields = fc.oneof(
  none,
  u64.map((value): Field[] => [{ field: 'metadata', value }]),
  fc
    .tuple(u64, fc.bigInt({ min: 1n, max: 0xfffffffffffffffen }))
    .map(([value, mask]): Field[] => [{ field: 'metadata', value, mask }]),
);

export const match11Arbitrary: Fields = join(
  inPort(fc.integer({ min: 0, max: 0xffffffff })),
  metadata,
  maskedMac('eth_dst'),
  maskedMac('eth_src'),
  network(maskedIpv4, () => vlan),
);
