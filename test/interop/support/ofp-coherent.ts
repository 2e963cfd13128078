/** Flows that make sense: matches with their prerequisites, and actions that need none. Open vSwitch checks both. */
import fc from 'fast-check';
import type { OfpVersion } from '../../../ofp/index.ts';
import type { Options } from '../../property/ofp-codec-arbitraries.ts';
import { match11Arbitrary } from '../../property/ofp-codec-matches.ts';
import { maskedValue } from './ofp-valid.ts';

type Values = fc.Arbitrary<unknown>;
interface Field {
  field: string;
  value: unknown;
  mask?: unknown;
}
type Fields = fc.Arbitrary<Field[]>;

const int = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const u64 = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn });
const bytes = (n: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: n, maxLength: n });

const none: Fields = fc.constant([]);
const must = (field: string, value: number): Fields => fc.constant([{ field, value }]);
const maybe = (field: string, value: Values): Fields =>
  fc.oneof(
    none,
    value.map((v): Field[] => [{ field, value: v }]),
  );
const join = (...parts: Fields[]): Fields => fc.tuple(...parts).map((p) => p.flat());

function masked(field: string, value: fc.Arbitrary<Uint8Array>): Fields {
  const both = fc.tuple(value, value).filter(([, m]) => m.some((o) => o !== 0) && m.some((o) => o !== 255));
  return fc.oneof(
    maybe(field, value),
    both.map(([v, mask]): Field[] => [{ field, value: v.map((o, i) => o & mask[i]!), mask }]),
  );
}
const address = (field: string): Fields =>
  fc.oneof(
    maybe(field, int(0xffffffff)),
    fc
      .tuple(int(0xffffffff), fc.integer({ min: 1, max: 0xfffffffe }))
      .map(([v, mask]): Field[] => [{ field, value: (v & mask) >>> 0, mask }]),
  );

const port = fc.oneof(fc.integer({ min: 1, max: 0xfeff }), fc.constant(0xfffffffe));
const base = (version: OfpVersion): Fields =>
  join(
    maybe('in_port', port),
    maybe('metadata', u64),
    version < 4 ? none : maybe('tunnel_id', u64),
    masked('eth_dst', bytes(6)),
    masked('eth_src', bytes(6)),
  );
const vlan: Fields = fc.oneof(
  none,
  must('vlan_vid', 0),
  int(0xfff).chain((vid) => join(must('vlan_vid', 0x1000 | vid), maybe('vlan_pcp', int(7)))),
);
const l4: Fields = fc.oneof(
  none,
  ...(
    [
      ['tcp', 6],
      ['udp', 17],
      ['sctp', 132],
    ] as const
  ).map(([name, proto]) =>
    join(must('ip_proto', proto), maybe(`${name}_src`, int(0xffff)), maybe(`${name}_dst`, int(0xffff))),
  ),
);
const ip = join(maybe('ip_dscp', int(63)), maybe('ip_ecn', int(3)));
const mpls = (version: OfpVersion): Fields =>
  join(
    must('eth_type', 0x8847),
    maybe('mpls_label', int(0xfffff)),
    maybe('mpls_tc', int(7)),
    version < 4 ? none : maybe('mpls_bos', int(1)),
  );
const icmp4 = join(must('ip_proto', 1), maybe('icmpv4_type', int(255)), maybe('icmpv4_code', int(255)));
const icmp6 = join(must('ip_proto', 58), maybe('icmpv6_type', int(255)), maybe('icmpv6_code', int(255)));
const nd = fc.oneof(
  join(
    must('ip_proto', 58),
    must('icmpv6_type', 135),
    must('icmpv6_code', 0),
    maybe('ipv6_nd_target', bytes(16)),
    maybe('ipv6_nd_sll', bytes(6)),
  ),
  join(
    must('ip_proto', 58),
    must('icmpv6_type', 136),
    must('icmpv6_code', 0),
    maybe('ipv6_nd_target', bytes(16)),
    maybe('ipv6_nd_tll', bytes(6)),
  ),
);
const ipv4 = join(must('eth_type', 0x0800), ip, fc.oneof(l4, icmp4), address('ipv4_src'), address('ipv4_dst'));
const ipv6 = join(
  must('eth_type', 0x86dd),
  ip,
  fc.oneof(l4, icmp6, nd),
  masked('ipv6_src', bytes(16)),
  masked('ipv6_dst', bytes(16)),
  maybe('ipv6_flabel', int(0xfffff)),
);
const arp = join(
  must('eth_type', 0x0806),
  maybe('arp_op', int(255)),
  address('arp_spa'),
  address('arp_tpa'),
  masked('arp_sha', bytes(6)),
  masked('arp_tha', bytes(6)),
);

/** An OXM match with every prerequisite before the field that needs it. */
export const coherentMatch = (version: OfpVersion): Fields =>
  join(base(version), vlan, fc.oneof(none, ipv4, ipv6, arp, mpls(version)));

/** What the matches of 1.0 and 1.1 have, by their own arbitraries. */
const match = (version: OfpVersion): Values | undefined => (version < 3 ? undefined : coherentMatch(version));
const nxm = (): Values =>
  join(
    base(4).map((f) => f.filter(({ field }) => field !== 'metadata')),
    fc.oneof(none, ipv4, ipv6, arp),
  );

const outPort = fc.oneof(fc.integer({ min: 1, max: 0xfeff }), fc.integer({ min: 0xfffffff8, max: 0xfffffffe }));
const settable = ['eth_dst', 'eth_src'] as const;

const record = (members: { readonly [name: string]: Values }): Values => fc.record(members, { noNullPrototype: true });
const action = (type: string, members: { readonly [name: string]: Values } = {}): Values =>
  record({ type: fc.constant(type), ...members });

function actions(version: OfpVersion): Values {
  const output = action('output', { port: outPort, maxLen: int(0xffff) });
  const old =
    version > 1
      ? []
      : [
          action('setVlanVid', { vlanVid: int(0xfff) }),
          action('setVlanPcp', { vlanPcp: int(7) }),
          action('setDlSrc', { dlAddr: bytes(6) }),
          action('setDlDst', { dlAddr: bytes(6) }),
        ];
  const later =
    version < 2
      ? [action('enqueue', { port: fc.integer({ min: 1, max: 0xfeff }), queueId: int(0xffffffff) })]
      : [action('group', { groupId: int(0xffffff00) }), action('setQueue', { queueId: int(0xfffffffe) })];
  const fields =
    version < 3
      ? []
      : settable.map((field) => action('setField', { field: record({ field: fc.constant(field), value: bytes(6) }) }));
  return fc.array(fc.oneof(output, ...old, ...later, ...fields), { maxLength: 4 });
}

/** At most one instruction of each kind, in their order of execution. */
function instructions(version: OfpVersion): Values {
  const kinds: Values[] = [
    ...(version === 4 || version === 5 ? [action('meter', { meterId: fc.integer({ min: 1, max: 0xffff0000 }) })] : []),
    action('applyActions', { actions: actions(version) }),
    action('clearActions'),
    action('writeActions', { actions: actions(version) }),
    action('writeMetadata', { metadata: u64, metadataMask: fc.constant(0xffffffffffffffffn) }),
    action('gotoTable', { tableId: fc.integer({ min: 200, max: 254 }) }),
  ];
  return fc.subarray(kinds).chain((chosen) => fc.tuple(...chosen));
}

const actionsAsApply = (version: OfpVersion): Values =>
  actions(version).map((list) => ((list as unknown[]).length === 0 ? [] : [{ type: 'applyActions', actions: list }]));

export const COHERENT: NonNullable<Options['overrides']> = { match, nxm, actions, instructions, actionsAsApply };

const oneOf =
  (...values: number[]) =>
  (): Values =>
    fc.constantFrom(...values);
const upTo = (max: number) => (): Values => int(max);
const barrier = (version: OfpVersion): Uint8Array =>
  Uint8Array.from([version, version === 1 ? 18 : 20, 0, 8, 0, 0, 0, 1]);
const unique = (): Values => fc.noBias(fc.integer({ min: 0, max: 0xfffffeff }));
const addOrModify = oneOf(0, 1);

const async = Object.fromEntries(
  (
    [
      ['packetIn', 7],
      ['portStatus', 7],
      ['flowRemoved', 15],
      ['roleStatus', 7],
      ['requestForward', 3],
    ] as const
  ).flatMap(([name, max]) => ['Slave', 'Master'].map((role) => [`asyncProperty.${name}${role}.mask`, upTo(max)])),
);

const FEATURE_FIELDS = ['in_port', 'metadata', 'eth_dst', 'eth_src', 'eth_type', 'ipv4_src', 'ipv6_dst', 'tcp_src'];
const MASKED_FIELDS = ['metadata', 'eth_dst', 'eth_src', 'ipv4_src', 'ipv6_dst'];

/** All eight properties that table features must have, each once. */
function tableFeatureProperties(version: OfpVersion): Values {
  const ids = (names: readonly string[], masks: boolean): Values =>
    fc
      .subarray([...names])
      .map((some) => some.map((field) => ({ field, hasMask: masks && MASKED_FIELDS.includes(field) })));
  const types = (...names: string[]): Values => fc.subarray(names).map((some) => some.map((type) => ({ type })));
  const actionIds = types('output', 'group', 'setQueue', 'pushVlan', 'popVlan', 'decNwTtl', 'setField');
  const instructionIds = types('gotoTable', 'writeMetadata', 'writeActions', 'applyActions', 'clearActions');
  const tables = fc.uniqueArray(int(254), { maxLength: 5 }).map((list) => list.sort((a, b) => a - b));
  return fc.tuple(
    action('instructions', { instructionIds }),
    action('nextTables', { nextTableIds: tables }),
    action('writeActions', { actionIds }),
    action('applyActions', { actionIds }),
    action('match', { oxmIds: ids(FEATURE_FIELDS, true) }),
    action('wildcards', { oxmIds: ids(FEATURE_FIELDS, false) }),
    action('writeSetfield', { oxmIds: ids(FEATURE_FIELDS.slice(1, 4), false) }),
    action('applySetfield', { oxmIds: ids(FEATURE_FIELDS.slice(1, 4), false) }),
    ...(version > 4 ? [action('tableSyncFrom', { tableIds: tables })] : []),
  );
}

/** The packet is always there; the ninth property is Open vSwitch's own state. */
const packetIn2Properties = (): Values =>
  fc
    .subarray([
      action('fullLen', { fullLen: fc.integer({ min: 100, max: 0xffff }) }),
      action('bufferId', { bufferId: int(0xfffffffe) }),
      action('tableId', { tableId: int(254) }),
      action('cookie', { cookie: u64 }),
      action('reason', { reason: int(2) }),
      action('metadata', { fields: join(must('in_port', 7), must('reg3', 0x12345)) }),
      action('userdata', { data: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
    ])
    .chain((some) => fc.tuple(action('packet', { data: fc.uint8Array({ minLength: 14, maxLength: 60 }) }), ...some));

/** A field of a 1.1 match with a port that exists and no bit outside of its mask. */
function plainField({ field, value, mask }: Field): Field {
  if (field === 'in_port') return { field, value: ((value as number) & 0x7fff) | 1 };
  return mask === undefined ? { field, value } : { field, value: maskedValue(value, mask), mask };
}

/** Values that Open vSwitch takes, where it takes fewer than the field can hold. */
export const OVS_VALUES: NonNullable<Options['overrides']> = {
  ...COHERENT,
  ...async,
  match: (version) => (version === 2 ? match11Arbitrary.map((fields) => fields.map(plainField)) : match(version)),
  port: () => port,
  port16: () => port,
  experimenterProperties: () => fc.constant([]),
  inPortMatch: () => port.map((value) => [{ field: 'in_port', value }]),
  'error.errorType': oneOf(1),
  'error.code': upTo(8),
  'error.data': (version) => fc.constant(barrier(version)),
  'setConfig.flags': upTo(2),
  'portStatus.reason': upTo(2),
  'packetOut.inPort': () => port,
  'flowMod.command': upTo(4),
  'flowMod.flags': (version) => int(version < 4 ? 3 : 31),
  'flowMod.tableId': upTo(199),
  'flowMod.outGroup': upTo(0xffffff00),
  'nxFlowMod.command': upTo(4),
  'nxFlowMod.flags': upTo(3),
  'groupMod.command': addOrModify,
  'groupMod.groupType': oneOf(1),
  'groupMod.groupId': upTo(0xffffff00),
  'groupMod.commandBucketId': oneOf(0xffffffff),
  'multipartReply.groupDesc.groupType': oneOf(1),
  'bucket.bucketId': unique,
  'bucket.watchPort': oneOf(0xffffffff),
  'bucket.watchGroup': oneOf(0xffffffff),
  'nxSetPacketInFormat.format': upTo(2),
  'nxRoleRequest.role': upTo(2),
  'nxRoleReply.role': upTo(2),
  'roleRequest.role': upTo(3),
  'roleReply.role': upTo(3),
  'roleStatus.role': upTo(3),
  'roleStatus.reason': upTo(2),
  'tableStatus.reason': oneOf(3, 4),
  'nxTlvTableMod.command': upTo(2),
  'tlvMaps[]': () =>
    fc.array(
      record({
        optionClass: int(0xffff),
        optionType: int(255),
        optionLen: fc.constantFrom(4, 8, 124),
        index: int(63),
      }),
      { maxLength: 1 },
    ),
  'multipartRequest.tableFeatures.tableId': upTo(254),
  'multipartReply.tableFeatures.tableId': upTo(254),
  'multipartRequest.tableFeatures.command': upTo(3),
  'multipartReply.tableFeatures.command': upTo(3),
  tableFeatureProperties,
  packetIn2Properties,
  'nxTlvTableReply.maxFields': oneOf(64),
  'queueGetConfigRequest.port': () => fc.integer({ min: 1, max: 0xfeff }),
  'multipartRequest.flowMonitor.flags': oneOf(2, 4, 8, 15, 31),
  'multipartRequest.flowMonitor.command': oneOf(0),
  'meterMod.command': addOrModify,
  'meterMod.flags': oneOf(1, 2, 5, 9, 10),
  'meterMod.meterId': () => fc.integer({ min: 1, max: 0xffff0000 }),
  'multipartReply.meterConfig.flags': oneOf(1, 2, 5, 9, 10),
  'tableModProperty.eviction.flags': upTo(7),
  'tableModProperty.vacancy.vacancyDown': upTo(50),
  'tableModProperty.vacancy.vacancyUp': () => fc.integer({ min: 51, max: 100 }),
  'tableModProperty.vacancy.vacancy': oneOf(0),
  'multipartReply.flow.flags': upTo(31),
  'multipartReply.flowDesc.flags': upTo(31),
  'flowRemoved.reason': upTo(5),
  'packetIn.reason': (version) => int(version < 5 ? 2 : 5),
};

export const OVS_ONLY: NonNullable<Options['only']> = {
  bucketProperty: ['weight'],
  band: ['drop'],
  tableModProperty: ['eviction'],
  portModProperty: ['ethernet'],
  portProperty: ['ethernet'],
  portStatsProperty: ['ethernet'],
  queueDescProperty: ['minRate', 'maxRate'],
  queueProperty: ['minRate', 'maxRate'],
  asyncProperty: ['packetIn', 'portStatus', 'flowRemoved', 'roleStatus', 'requestForward'].flatMap((n) => [
    `${n}Slave`,
    `${n}Master`,
  ]),
};
