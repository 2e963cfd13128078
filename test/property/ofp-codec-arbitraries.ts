/**
 * Random messages, derived from the same tables as the codec: whatever the tables can say, a property can ask for.
 *
 * `overrides` replaces the values of single fields (`flowMod.command`) or of whole wire types (`match`) by others, for
 * peers that accept fewer values than the wire can carry.
 */
import fc from 'fast-check';
import type { OfpMessage, OfpVersion } from '../../ofp/index.ts';
import { ACTIONS } from '../../ofp/tables/actions.ts';
import { FLOW_UPDATES } from '../../ofp/tables/flow-updates.ts';
import { HELLO_ELEMENTS } from '../../ofp/tables/hello.ts';
import { INSTRUCTIONS } from '../../ofp/tables/instructions.ts';
import { MESSAGES } from '../../ofp/tables/messages.ts';
import { METER_BANDS } from '../../ofp/tables/meters.ts';
import { MULTIPART_REPLIES, MULTIPART_REQUESTS, type MultipartFamily } from '../../ofp/tables/multipart.ts';
import { NXM_ALIASES, OVS_FIELDS, OXM_FIELDS, type OxmInfo } from '../../ofp/tables/oxm.ts';
import { OXS_FIELDS } from '../../ofp/tables/oxs.ts';
import * as props from '../../ofp/tables/properties.ts';
import type { Family, Layout, Struct } from '../../ofp/tables/schema.ts';
import * as structs from '../../ofp/tables/structs.ts';
import { match10Arbitrary, match11Arbitrary } from './ofp-codec-matches.ts';

type Values = fc.Arbitrary<unknown>;

export interface Options {
  readonly version: OfpVersion;
  /** By wire type, or by `structure.field`; nothing here means any value that the wire can carry. */
  readonly overrides?: { readonly [what: string]: (version: OfpVersion) => Values | undefined };
  /** Names of the entries of a family that may be used (e.g. `action`), or all. */
  readonly only?: { readonly [family: string]: readonly string[] };
  /** Whether TLVs and fields that no table knows are made as well. */
  readonly unknown: boolean;
}

export const VERSIONS: readonly OfpVersion[] = [1, 2, 3, 4, 5, 6];

/** Plain objects, as the decoder makes them. */
const record = (members: { readonly [name: string]: Values }): Values => fc.record(members, { noNullPrototype: true });

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 1, 0xffff));
const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xffffffff));
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), fc.constantFrom(0n, 0xffffffffffffffffn));
const octets = (n: number): Values => fc.uint8Array({ minLength: n, maxLength: n });
const port16 = fc.oneof(fc.integer({ min: 0, max: 0xfeff }), fc.integer({ min: 0xffffff00, max: 0xffffffff }));
const encoder = new TextEncoder();
const text = (max: number): Values =>
  fc.string({ unit: 'grapheme', maxLength: max }).filter((s) => !s.includes('\0') && encoder.encode(s).length <= max);

const KINDS: { readonly [kind: string]: Values } = {
  u8,
  u16,
  u24: fc.integer({ min: 0, max: 0xffffff }),
  u32,
  u64,
  mac: octets(6),
  ipv6: octets(16),
  u128: octets(16),
  bytes: fc.uint8Array({ maxLength: 60 }),
  port16,
  tos: fc.integer({ min: 0, max: 63 }),
};

export const ALL_FIELDS: { readonly [name: string]: OxmInfo } = { ...OXM_FIELDS, ...OVS_FIELDS };

function fieldArbitrary(field: string, kind: string, masked: fc.Arbitrary<boolean>): Values {
  const value = KINDS[kind]!;
  return masked.chain((hasMask) => {
    if (!hasMask) return record({ field: fc.constant(field), value });
    if (kind !== 'bytes') return record({ field: fc.constant(field), value, mask: value });
    return fc
      .integer({ min: 0, max: 40 })
      .chain((n) => record({ field: fc.constant(field), value: octets(n), mask: octets(n) }));
  });
}

const unknownField = record({
  field: fc.constant('unknown'),
  oxmClass: fc.constantFrom(0x4321, 0x8003),
  oxmField: fc.integer({ min: 0, max: 127 }),
  hasMask: fc.boolean(),
  data: fc.uint8Array({ maxLength: 40 }),
});

function oxmArbitrary({ unknown }: Options): Values {
  const known = fc
    .constantFrom(...Object.keys(ALL_FIELDS))
    .chain((name) => fieldArbitrary(name, ALL_FIELDS[name]!.kind, fc.boolean()));
  return unknown ? fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: unknownField }) : known;
}

/** A Nicira match has the VLAN tag in one field, so that only some masks of it are possible. */
function nxmArbitrary(): Values {
  const aliases: { readonly [name: string]: { kind: string } } = NXM_ALIASES;
  const names = Object.keys(ALL_FIELDS).filter((n) => !n.startsWith('vlan_'));
  const field = fc
    .constantFrom(...names)
    .chain((name) => fieldArbitrary(name, aliases[name]?.kind ?? ALL_FIELDS[name]!.kind, fc.boolean()));
  const vid = fc.integer({ min: 0, max: 0xfff });
  const tag = fc.oneof(
    fc.constant([{ field: 'vlan_vid', value: 0 }]),
    vid.map((v) => [{ field: 'vlan_vid', value: 0x1000 | v }]),
    fc.tuple(vid, fc.integer({ min: 0, max: 7 })).map(([v, p]) => [
      { field: 'vlan_vid', value: 0x1000 | v },
      { field: 'vlan_pcp', value: p },
    ]),
    vid.filter((m) => m !== 0xfff).map((m) => [{ field: 'vlan_vid', value: 0x1000, mask: 0x1000 | m }]),
  );
  return fc.tuple(fc.oneof(fc.constant([]), tag), fc.array(field, { maxLength: 4 })).map(([t, f]) => [...t, ...f]);
}

function oxmIdArbitrary({ unknown }: Options): Values {
  const names = Object.keys(ALL_FIELDS).filter((n) => ALL_FIELDS[n]!.kind !== 'bytes');
  const known = record({ field: fc.constantFrom(...names), hasMask: fc.boolean() });
  const other = record({
    field: fc.constant('unknown'),
    oxmClass: fc.constantFrom(0x4321, 0x8003),
    oxmField: fc.integer({ min: 0, max: 127 }),
    hasMask: fc.boolean(),
    length: u8,
  });
  return unknown ? fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: other }) : known;
}

function oxsArbitrary(): Values {
  const kinds: { readonly [kind: string]: Values } = { u32, u64, time: fc.tuple(u32, u32) };
  return fc.oneof(
    ...Object.entries(OXS_FIELDS).map(([name, { kind }]) => record({ field: fc.constant(name), value: kinds[kind]! })),
  );
}

const covers = (layout: Layout, version: OfpVersion): boolean =>
  layout.versions[0] <= version && version <= layout.versions[1];

export function layoutOf(struct: Struct, version: OfpVersion): Layout | undefined {
  return struct.layouts.find((l) => covers(l, version));
}

/** The members of a structure, with the defaults of the fields that only 1.3 has. */
export function structArbitrary(name: string, struct: Struct, options: Options): Values {
  const layout = layoutOf(struct, options.version);
  if (layout === undefined) throw new Error(`${name} is not in version ${options.version}`);
  const members: { [field: string]: Values } = {};
  for (const [field, wire] of Object.entries(layout.fields)) {
    if (field.startsWith('_')) continue;
    members[field] = options.overrides?.[`${name}.${field}`]?.(options.version) ?? wireArbitrary(wire, options);
  }
  const reference = layoutOf(struct, 4)?.fields ?? {};
  for (const [field, value] of Object.entries(struct.defaults ?? {})) {
    if (field in reference && !(field in layout.fields)) members[field] = fc.constant(value);
  }
  return record(members);
}

function familyArbitrary(name: string, family: Family, options: Options, skipUnknown = false): Values {
  const { version, only, unknown } = options;
  const known: Values[] = [];
  const codes = new Set<number>();
  for (const [type, struct] of Object.entries(family)) {
    const code = layoutOf(struct, version)?.code;
    if (code === undefined) continue;
    codes.add(code);
    if (only?.[name] !== undefined && !only[name].includes(type)) continue;
    known.push(structArbitrary(`${name}.${type}`, struct, options).map((value) => ({ type, ...(value as object) })));
  }
  const pad = (data: Uint8Array): Uint8Array => data.subarray(0, data.length - ((data.length + 4) % 8));
  const other = record({
    type: fc.constant('unknown'),
    code: fc.integer({ min: 0x100, max: 0xff00 }).filter((c) => !codes.has(c)),
    data: fc.uint8Array({ minLength: 4, maxLength: 28 }).map(pad),
  });
  if (known.length === 0) return other;
  return unknown && !skipUnknown
    ? fc.oneof({ weight: 9, arbitrary: fc.oneof(...known) }, { weight: 1, arbitrary: other })
    : fc.oneof(...known);
}

function typeIdArbitrary(name: string, family: Family, { version, unknown, only }: Options): Values {
  const types = Object.keys(family).filter(
    (t) => t !== 'experimenter' && layoutOf(family[t]!, version) !== undefined && (only?.[name]?.includes(t) ?? true),
  );
  const known: Values = record({ type: fc.constantFrom(...types) });
  const experimenter = record({
    type: fc.constant('experimenter'),
    experimenter: u32,
    data: fc.uint8Array({ maxLength: 8 }),
  });
  return unknown ? fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: experimenter }) : known;
}

const list = (item: Values, maxLength = 4): Values => fc.array(item, { maxLength });
/** Actions and the like have room for 8-byte multiples alone; their opaque data is cut to that. */
const paddedData = fc.uint8Array({ maxLength: 24 }).map((d) => d.subarray(0, d.length & ~7));

const family =
  (name: string, entries: Family) =>
  (options: Options): Values =>
    list(familyArbitrary(name, entries, options));
const struct =
  (name: string, entry: Struct) =>
  (options: Options): Values =>
    structArbitrary(name, entry, options);
const many =
  (name: string, entry: Struct) =>
  (options: Options): Values =>
    list(structArbitrary(name, entry, options), 3);

const WIRES: { readonly [wire: string]: (options: Options) => Values } = {
  u8: () => u8,
  u16: () => u16,
  u32: () => u32,
  u64: () => u64,
  port: ({ version }) => (version === 1 ? port16 : u32),
  port16: () => port16,
  ipv4: () => u32,
  mac: () => octets(6),
  str16: () => text(16),
  str32: () => text(32),
  str256: () => text(256),
  text: () => text(40),
  'u32[2]': () => fc.tuple(u32, u32),
  'u32[4]': () => fc.tuple(u32, u32, u32, u32),
  'u8[]': () => list(u8, 9),
  'u32[]': () => list(u32, 5),
  'u32?': () => fc.option(u32),
  bytes: () => fc.uint8Array({ maxLength: 80 }),
  match: (options) =>
    options.version === 1 ? match10Arbitrary : options.version === 2 ? match11Arbitrary : list(oxmArbitrary(options)),
  inPortMatch: ({ version }) => (version === 1 ? port16 : u32).map((value) => [{ field: 'in_port', value }]),
  nxm: nxmArbitrary,
  oxm: oxmArbitrary,
  'oxm[]': (options) => list(oxmArbitrary(options)),
  oxmId: oxmIdArbitrary,
  'oxmId[]': (options) => list(oxmIdArbitrary(options)),
  stats: () => list(oxsArbitrary()),
  actions: family('action', ACTIONS),
  actionsAsApply: (options) =>
    wireArbitrary('actions', options).map((actions) =>
      (actions as unknown[]).length === 0 ? [] : [{ type: 'applyActions', actions }],
    ),
  instructions: family('instruction', INSTRUCTIONS),
  actionIds: (options) => list(typeIdArbitrary('action', ACTIONS, options)),
  instructionIds: (options) => list(typeIdArbitrary('instruction', INSTRUCTIONS, options)),
  bands: family('band', METER_BANDS),
  helloElements: family('helloElement', HELLO_ELEMENTS),
  flowUpdates: family('flowUpdate', FLOW_UPDATES),
  portProperties: family('portProperty', props.PORT_PROPERTIES),
  portModProperties: family('portModProperty', props.PORT_MOD_PROPERTIES),
  portStatsProperties: family('portStatsProperty', props.PORT_STATS_PROPERTIES),
  queueProperties: family('queueProperty', props.QUEUE_PROPERTIES),
  queueDescProperties: family('queueDescProperty', props.QUEUE_DESC_PROPERTIES),
  tableModProperties: family('tableModProperty', props.TABLE_MOD_PROPERTIES),
  tableFeatureProperties: family('tableFeatureProperty', props.TABLE_FEATURE_PROPERTIES),
  asyncProperties: family('asyncProperty', props.ASYNC_PROPERTIES),
  packetIn2Properties: family('packetIn2Property', props.PACKET_IN2_PROPERTIES),
  bucketProperties: family('bucketProperty', props.BUCKET_PROPERTIES),
  bundleProperties: family('bundleProperty', props.BUNDLE_PROPERTIES),
  bundledProperties: family('bundleProperty', props.BUNDLE_PROPERTIES),
  bundleFeatureProperties: family('bundleFeatureProperty', props.BUNDLE_FEATURE_PROPERTIES),
  controllerStatusProperties: family('controllerStatusProperty', props.CONTROLLER_STATUS_PROPERTIES),
  experimenterProperties: family('experimenterProperty', props.EXPERIMENTER_PROPERTIES),
  portDesc: struct('port', structs.PORT),
  tableDesc: struct('tableDesc', structs.TABLE_DESC),
  controllerStatus: struct('controllerStatus', structs.CONTROLLER_STATUS),
  time: struct('time', structs.TIME),
  'ports[]': many('port', structs.PORT),
  'tableDescs[]': many('tableDesc', structs.TABLE_DESC),
  'controllerStatuses[]': many('controllerStatus', structs.CONTROLLER_STATUS),
  'buckets[]': many('bucket', structs.BUCKET),
  'queues[]': many('queue', structs.PACKET_QUEUE),
  'bucketCounters[]': many('bucketCounter', structs.BUCKET_COUNTER),
  'tlvMaps[]': many('tlvMap', structs.TLV_MAP),
  'meterBandStats[]': many('meterBandStats', structs.METER_BAND_STATS),
  message: (options) =>
    options.unknown
      ? fc.oneof(
          plainArbitrary('setConfig', options),
          plainArbitrary('flowMod', options),
          plainArbitrary('echoRequest', options),
        )
      : plainArbitrary('groupMod', options),
};

/** Opaque parts that must keep the enclosing list a multiple of 8. */
const PADDED: { readonly [what: string]: () => Values } = {
  'action.experimenter.data': () => paddedData,
  'instruction.experimenter.data': () => paddedData,
  'band.experimenter.data': () => paddedData,
  'queueProperty.experimenter.data': () => paddedData,
};

function wireArbitrary(wire: string, options: Options): Values {
  const make = WIRES[wire];
  if (make === undefined) throw new Error(`no arbitrary for wire type ${wire}`);
  return options.overrides?.[wire]?.(options.version) ?? make(options);
}

const withPadding = (options: Options): Options => ({ ...options, overrides: { ...PADDED, ...options.overrides } });

export const messageTypes = (version: OfpVersion): string[] =>
  Object.entries(MESSAGES as Family)
    .filter(([, s]) => layoutOf(s, version) !== undefined)
    .map(([type]) => type);

export const multipartTypes = (version: OfpVersion, side: 'request' | 'reply'): string[] =>
  Object.entries((side === 'request' ? MULTIPART_REQUESTS : MULTIPART_REPLIES) as MultipartFamily)
    .filter(([, s]) => layoutOf(s, version) !== undefined)
    .map(([type]) => type);

function plainArbitrary(type: string, options: Options): fc.Arbitrary<OfpMessage> {
  const body = structArbitrary(type, (MESSAGES as Family)[type]!, withPadding(options));
  return fc
    .tuple(u32, body)
    .map(([xid, fields]) => ({ type, version: options.version, xid, ...(fields as object) }) as OfpMessage);
}

function multipartArbitrary(side: 'request' | 'reply', name: string, options: Options): fc.Arbitrary<OfpMessage> {
  const table: MultipartFamily = side === 'request' ? MULTIPART_REQUESTS : MULTIPART_REPLIES;
  const entry = table[name]!;
  const type = side === 'request' ? 'multipartRequest' : 'multipartReply';
  const padded = withPadding(options);
  const one = (): Values => structArbitrary(`${type}.${name}`, entry, padded);
  const bodies: { readonly [kind: string]: () => Values } = {
    none: () => fc.constant(undefined),
    one,
    many: () => list(one(), 3),
    list: () => wireArbitrary(entry.list!, padded),
  };
  return fc.tuple(u32, fc.constantFrom(0, 1), bodies[entry.body]!()).map(([xid, flags, body]) => {
    const head = { type, version: options.version, xid, multipart: name, flags };
    return (entry.body === 'none' ? head : { ...head, body }) as OfpMessage;
  });
}

/** A message of the type given: `flowMod`, or `multipartReply.flow`. */
export function messageArbitrary(what: string, options: Options): fc.Arbitrary<OfpMessage> {
  const [type, name] = what.split('.');
  if (name === undefined) return plainArbitrary(what, options);
  return multipartArbitrary(type === 'multipartRequest' ? 'request' : 'reply', name, options);
}

/** All messages of a version, multipart ones as `multipartReply.flow`. */
export const allMessages = (version: OfpVersion): string[] => [
  ...messageTypes(version),
  ...multipartTypes(version, 'request').map((name) => `multipartRequest.${name}`),
  ...multipartTypes(version, 'reply').map((name) => `multipartReply.${name}`),
];
