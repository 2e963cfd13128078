/** Random flows in the syntax of ovs-ofctl, which it accepts. */
import fc from 'fast-check';
import type { OfpVersion } from '../../../ofp/index.ts';

type Words = fc.Arbitrary<string[]>;
type Word = fc.Arbitrary<string>;

const int = (max: number) => fc.integer({ min: 0, max });
const hex = (n: number | bigint) => `0x${n.toString(16)}`;
/** A number in one of the ways to write it. */
const number = (max: number): Word =>
  fc.tuple(int(max), fc.boolean()).map(([n, isHex]) => (isHex ? hex(n) : String(n)));
const big: Word = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }).map((n) => `0x${n.toString(16)}`);
const octets = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const mac: Word = octets(6).map((bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':'));
const ipv4: Word = octets(4).map((bytes) => [...bytes].join('.'));
const ipv6: Word = fc
  .tuple(fc.array(int(0xffff), { minLength: 8, maxLength: 8 }), int(8), int(8))
  .map(([groups, from, to]) => groups.map((group, i) => (i >= from && i < to ? '0' : group.toString(16))).join(':'));
/** Open vSwitch takes a mask that begins with a digit for the length of a prefix. */
const ipv6Mask: Word = ipv6.map((address) => `f${address.slice(1)}`);
const shortIpv6: Word = fc.constantFrom('::', '::1', 'fe80::1', '2001:db8::', '::ffff:1.2.3.4', '1:2:3:4:5:6:7:8');
const port: Word = fc.oneof(int(65279).map(String), fc.constantFrom('LOCAL', 'controller', 'IN_PORT'));

const masked = (value: Word, mask: Word): Word =>
  fc.oneof(
    value,
    fc.tuple(value, mask).map(([v, m]) => `${v}/${m}`),
  );
const field = (name: string, value: Word): Word => value.map((text) => `${name}=${text}`);
const some = (...words: Word[]): Words =>
  fc.subarray([...words.keys()]).chain((picked) => fc.tuple(...picked.map((i) => words[i]!))) as Words;

/** A layer above Ethernet: what it matches on, and what may be done to it. */
interface Layer {
  readonly match: Words;
  readonly actions: readonly Word[];
}

const ipActions = (version: OfpVersion): Word[] => [
  int(63).map((n) => `mod_nw_tos:${n << 2}`),
  // Extensions of Open vSwitch in 1.0.
  ...(version === 1 ? [] : [fc.constant('dec_ttl'), int(255).map((n) => `mod_nw_ttl:${n}`)]),
];
const setField = (name: string, value: Word): Word => value.map((text) => `set_field:${text}->${name}`);

function layers(version: OfpVersion): Layer[] {
  const early = version < 3;
  const ports = (name: string): Layer[] =>
    ['', '6']
      .filter((suffix) => !early || suffix === '')
      .map((suffix) => ({
        match: some(
          field('tp_src', early ? number(65535) : masked(number(65535), number(65535))),
          field(`${name}_dst`, number(65535)),
          ...(suffix === '' ? [field('nw_src', ipv4)] : [field('ipv6_dst', ipv6)]),
        ).map((words) => [`${name}${suffix}`, ...words]),
        actions: [
          number(65535).map((n) => `mod_tp_src:${n}`),
          number(65535).map((n) => `mod_tp_dst:${n}`),
          ...ipActions(version),
        ],
      }));
  const all: Layer[] = [
    { match: fc.constant([]), actions: [] },
    { match: fc.integer({ min: 0x0900, max: 0xffff }).map((type) => [`dl_type=${hex(type)}`]), actions: [] },
    {
      match: some(
        field('nw_src', masked(ipv4, int(32).map(String))),
        field('nw_dst', early ? ipv4 : masked(ipv4, ipv4)),
        field('nw_proto', fc.integer({ min: 133, max: 255 }).map(String)),
        field(
          'nw_tos',
          int(63).map((n) => String(n << 2)),
        ),
      ).map((words) => ['ip', ...words]),
      actions: [ipv4.map((a) => `mod_nw_src:${a}`), ipv4.map((a) => `mod_nw_dst:${a}`), ...ipActions(version)],
    },
    {
      match: some(
        field('arp_op', int(255).map(String)),
        field('arp_spa', masked(ipv4, int(32).map(String))),
        field('nw_dst', ipv4),
      ).map((words) => ['arp', ...words]),
      actions: [],
    },
    ...ports('tcp'),
    ...ports('udp'),
    {
      match: some(field('icmp_type', number(255)), field('icmp_code', number(255))).map((words) => ['icmp', ...words]),
      actions: ipActions(version),
    },
  ];
  if (early) return all;
  return [
    ...all,
    ...ports('sctp'),
    {
      match: some(
        field('ipv6_src', masked(fc.oneof(ipv6, shortIpv6), int(128).map(String))),
        field('ipv6_dst', masked(ipv6, ipv6Mask)),
        field('ipv6_label', masked(number(0xfffff), number(0xfffff))),
        field('nw_ecn', int(3).map(String)),
        field('ip_dscp', int(63).map(String)),
      ).map((words) => ['ipv6', ...words]),
      actions: [setField('ipv6_src', ipv6), setField('ipv6_label', number(0xfffff)), ...ipActions(version)],
    },
    {
      match: some(field('nd_target', ipv6), field('nd_sll', mac), fc.constant('icmp_code=0')).map((words) => [
        'icmp6',
        'icmp_type=135',
        ...words,
      ]),
      actions: [setField('nd_target', ipv6), setField('nd_sll', mac), setField('icmpv6_code', number(255))],
    },
    {
      match: some(
        field('arp_sha', masked(mac, mac)),
        field('arp_tha', mac),
        field('arp_tpa', masked(ipv4, ipv4)),
        field('arp_op', int(255).map(String)),
      ).map((words) => ['arp', ...words]),
      actions: [setField('arp_op', number(255)), setField('arp_spa', ipv4), setField('arp_tha', mac)],
    },
    {
      match: some(
        field('mpls_label', number(0xfffff)),
        field('mpls_tc', int(7).map(String)),
        ...(version >= 4 ? [field('mpls_bos', int(1).map(String))] : []),
      ).chain((words) => fc.constantFrom('mpls', 'mplsm').map((name) => [name, ...words])),
      actions: [
        int(255).map((n) => `set_mpls_ttl(${n})`),
        fc.constant('dec_mpls_ttl'),
        number(0xfffff).map((n) => `set_mpls_label:${n}`),
        int(7).map((n) => `set_mpls_tc:${n}`),
      ],
    },
  ];
}

function ethernet(version: OfpVersion): Words {
  const early = version < 3;
  const vlan: Word = early
    ? fc.oneof(field('dl_vlan', int(4095).map(String)), field('dl_vlan_pcp', int(7).map(String)))
    : fc.oneof(
        field('dl_vlan', int(4095).map(String)),
        fc.constantFrom('dl_vlan=0xffff', 'vlan_tci=0x1000/0x1000', 'vlan_tci=0'),
        field('vlan_vid', masked(number(0x1fff), number(0x1fff))),
        fc.tuple(int(4095), int(7)).map(([vid, pcp]) => `dl_vlan=${vid},dl_vlan_pcp=${pcp}`),
      );
  const address = version === 1 ? mac : masked(mac, mac);
  return some(
    field('in_port', port),
    field('dl_src', address),
    field('eth_dst', address),
    vlan,
    ...(early ? [] : [field('metadata', masked(big, big))]),
    ...(version >= 4 ? [field('tun_id', masked(big, big))] : []),
  );
}

/** Actions that need nothing of the match. */
function plainActions(version: OfpVersion): Word[] {
  const always: Word[] = [
    int(65279).map((n) => `output:${n}`),
    int(65279).map(String),
    fc.constantFrom('LOCAL', 'normal', 'FLOOD', 'all', 'in_port', 'table'),
    int(65535).map((n) => `CONTROLLER:${n}`),
    mac.map((a) => `mod_dl_src:${a}`),
    mac.map((a) => `mod_dl_dst:${a}`),
  ];
  if (version === 1) return [...always, fc.tuple(int(65279), number(1000)).map(([p, q]) => `enqueue:${p}:${q}`)];
  const later: Word[] = [
    number(0xffffff00).map((n) => `group:${n}`),
    number(0xffffffff).map((n) => `set_queue:${n}`),
    setField('eth_src', mac),
    int(4095).map((n) => `mod_vlan_vid:${n}`),
    int(7).map((n) => `mod_vlan_pcp:${n}`),
  ];
  if (version < 3) return [...always, ...later.slice(0, 2)];
  const modern: Word[] = [setField('metadata', big), ...(version >= 4 ? [setField('tun_id', big)] : [])];
  const masks: Word[] =
    version >= 6
      ? [
          fc
            .tuple(big, big)
            .map(([v, m]) => `set_field:${hex(BigInt(v) & (BigInt(m) | 1n))}/${hex(BigInt(m) | 1n)}->metadata`),
        ]
      : [];
  return [...always, ...later, ...modern, ...masks];
}

function instructions(version: OfpVersion, actions: Words): Word {
  const list = actions.map((words) => words.join(','));
  if (version === 1) return list.map((text) => text || 'drop');
  const optional = (word: Word): fc.Arbitrary<string[]> =>
    fc.oneof(
      fc.constant<string[]>([]),
      word.map((text) => [text]),
    );
  const written = fc.array(fc.oneof(...plainActions(version).slice(0, 5)), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(
      version >= 4
        ? optional(fc.integer({ min: 1, max: 0xffff0000 }).map((n) => `meter:${n}`))
        : fc.constant<string[]>([]),
      list,
      optional(fc.constant('clear_actions')),
      optional(written.map((words) => `write_actions(${words.join(',')})`)),
      optional(masked(big, big).map((text) => `write_metadata:${text}`)),
      optional(fc.integer({ min: 200, max: 254 }).map((n) => `goto_table:${n}`)),
    )
    .map(([meter, applied, ...rest]) => [...meter, ...(applied ? [applied] : []), ...rest.flat()].join(',') || 'drop');
}

function properties(version: OfpVersion): Words {
  return some(
    field('priority', number(65535)),
    field('cookie', big),
    field('idle_timeout', number(65535)),
    field('hard_timeout', number(65535)),
    fc.constantFrom('send_flow_rem', 'check_overlap'),
    ...(version >= 2 ? [field('table', int(199).map(String))] : []),
    ...(version >= 3 ? [fc.constant('reset_counts')] : []),
    ...(version >= 4 ? [fc.constantFrom('no_packet_counts', 'no_byte_counts')] : []),
    ...(version >= 5 ? [field('importance', number(65535))] : []),
  );
}

/** A flow that ovs-ofctl reads in the version: the order of its words, and what separates them, vary. */
export function flowText(version: OfpVersion): Word {
  return fc.constantFrom(...layers(version)).chain((layer) => {
    const actions = fc.array(fc.oneof(...plainActions(version), ...layer.actions), { maxLength: 5 });
    return fc
      .tuple(
        properties(version),
        ethernet(version),
        layer.match,
        instructions(version, actions),
        fc.constantFrom(',', ', ', ' '),
      )
      .chain(([before, below, above, list, separator]) =>
        fc
          .shuffledSubarray([...before, ...below, above.join(',')].filter(Boolean), {
            minLength: [...before, ...below, above.join(',')].filter(Boolean).length,
          })
          .map((words) => `${words.join(separator)}${words.length > 0 ? separator : ''}actions=${list}`),
      );
  });
}
