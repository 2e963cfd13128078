/** Our messages in the dictionaries of os-ken, and os-ken itself in one process. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { OfpMessage, OfpVersion } from '../../../ofp/index.ts';
import { ACTIONS } from '../../../ofp/tables/actions.ts';
import { FLOW_UPDATES } from '../../../ofp/tables/flow-updates.ts';
import { INSTRUCTIONS } from '../../../ofp/tables/instructions.ts';
import { MESSAGES } from '../../../ofp/tables/messages.ts';
import { METER_BANDS } from '../../../ofp/tables/meters.ts';
import { MULTIPART_REPLIES, MULTIPART_REQUESTS, type MultipartFamily } from '../../../ofp/tables/multipart.ts';
import { OXM_FIELDS, type OxmInfo } from '../../../ofp/tables/oxm.ts';
import * as props from '../../../ofp/tables/properties.ts';
import type { Family, Struct } from '../../../ofp/tables/schema.ts';
import * as structs from '../../../ofp/tables/structs.ts';
import { layoutOf } from '../../property/ofp-codec-arbitraries.ts';
import { needPackage } from './ofp-vectors.ts';

/** Debian's packages are for the system's interpreter, not for another one in the path. */
export const PYTHON = '/usr/bin/python3';

export type Json = string | number | bigint | boolean | null | Json[] | { [key: string]: Json };
type Value = Record<string, unknown>;

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const pascal = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const mac = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');
const ipv4 = (n: number): string => [24, 16, 8, 0].map((s) => (n >>> s) & 255).join('.');
const ipv6 = (bytes: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(':');

/** Opaque data of properties, as 32-bit numbers. */
const words = (bytes: Uint8Array): number[] =>
  Array.from({ length: bytes.length / 4 }, (_, i) => Buffer.from(bytes).readUInt32BE(4 * i));

const IPV4_FIELDS = ['ipv4_src', 'ipv4_dst', 'arp_spa', 'arp_tpa'];

function oxmValue(field: string, value: unknown): Json {
  const info: OxmInfo = (OXM_FIELDS as { readonly [name: string]: OxmInfo })[field]!;
  if (info.kind === 'mac') return mac(value as Uint8Array);
  if (info.kind === 'ipv6') return ipv6(value as Uint8Array);
  if (IPV4_FIELDS.includes(field)) return ipv4(value as number);
  return value as Json;
}

function oxm({ field, value, mask }: { field: string; value: unknown; mask?: unknown }): Json {
  return { OXMTlv: { field, value: oxmValue(field, value), mask: mask === undefined ? null : oxmValue(field, mask) } };
}

function oxmId({ field, hasMask }: { field: string; hasMask: boolean }): Json {
  const info: OxmInfo = (OXM_FIELDS as { readonly [name: string]: OxmInfo })[field]!;
  const bytes = { u8: 1, u16: 2, u24: 3, u32: 4, u64: 8, mac: 6, ipv6: 16, u128: 16, bytes: 0 }[info.kind];
  return { OFPOxmId: { type: field, hasmask: hasMask ? 1 : 0, length: hasMask ? 2 * bytes : bytes } };
}

/** Classes whose name is not their type's. */
const CLASS: { readonly [what: string]: string } = {
  'action.experimenter': 'OFPActionExperimenterUnknown',
  'instruction.writeActions': 'OFPInstructionActions',
  'instruction.applyActions': 'OFPInstructionActions',
  'instruction.clearActions': 'OFPInstructionActions',
  'portProperty.pipelineInput': 'OFPPortDescPropOxm',
  'portProperty.pipelineOutput': 'OFPPortDescPropOxm',
  'bucketProperty.watchPort': 'OFPGroupBucketPropWatch',
  'bucketProperty.watchGroup': 'OFPGroupBucketPropWatch',
};

/** Members whose name differs. */
const MEMBER: { readonly [what: string]: string } = {
  'error.errorType': 'type',
  'groupMod.groupType': 'type',
  'multipartReply.groupDesc.groupType': 'type',
  'bundleControl.ctrlType': 'type',
  'tableFeatureProperty.nextTables.nextTableIds': 'table_ids',
  'tableFeatureProperty.nextTablesMiss.nextTableIds': 'table_ids',
  'multipartReply.tableFeatures.capabilities@5': 'config',
  'multipartRequest.tableFeatures.capabilities@5': 'config',
  'multipartReply.meter.flowCount@6': 'ref_count',
  'multipartRequest.flowMonitor.flags': 'monitor_flags',
};

function tableFeatureClass(type: string): string {
  const kinds: [RegExp, string][] = [
    [/^instructions/, 'Instructions'],
    [/^nextTables|^tableSync/, 'NextTables'],
    [/Actions/, 'Actions'],
    [/^experimenter/, 'Experimenter'],
    [/^packetTypes/, 'OxmValues'],
    [/./, 'Oxm'],
  ];
  return `OFPTableFeatureProp${kinds.find(([pattern]) => pattern.test(type))![1]}`;
}

function asyncClass(type: string): string {
  return `OFPAsyncConfigProp${type.startsWith('experimenter') ? 'Experimenter' : 'Reasons'}`;
}

type Convert = (value: unknown, version: OfpVersion) => Json;

const as =
  (name: string, className: string, struct: Struct): Convert =>
  (value, version) => ({ [className]: members(name, struct, value as Value, version) });

const each =
  (convert: Convert): Convert =>
  (value, version) =>
    (value as unknown[]).map((v) => convert(v, version));

const family = (name: string, entries: Family, classOf: (type: string) => string): Convert =>
  each((value, version) => {
    const { type } = value as { type: string };
    const struct = entries[type]!;
    const inner = members(`${name}.${type}`, struct, value as Value, version);
    const code = layoutOf(struct, version)!.code!;
    const property = name === 'queueProperty' ? { property: code } : { type: code };
    return { [CLASS[`${name}.${type}`] ?? classOf(type)]: { ...property, ...inner } };
  });

const prefixed = (prefix: string) => (type: string) => prefix + pascal(type);
const typeIds =
  (className: string, entries: Family): Convert =>
  (value, version) =>
    (value as { type: string }[]).map(({ type }) => ({
      [className]: { type: layoutOf(entries[type]!, version)!.code! },
    }));

/** Updates of a flow monitor; os-ken has three classes for the seven events. */
const flowUpdates = each((value, version) => {
  const { type } = value as { type: string };
  const struct = (FLOW_UPDATES as Family)[type]!;
  const classes: { readonly [type: string]: string } = {
    abbrev: 'OFPFlowUpdateAbbrev',
    paused: 'OFPFlowUpdatePaused',
    resumed: 'OFPFlowUpdatePaused',
  };
  const event = layoutOf(struct, version)!.code!;
  return {
    [classes[type] ?? 'OFPFlowUpdateFull']: { event, ...members('flowUpdate', struct, value as Value, version) },
  };
});

const plain: Convert = (value) => value as Json;

/** Clear-actions has an empty list of actions in os-ken. */
const instructions = family('instruction', INSTRUCTIONS, prefixed('OFPInstruction'));

const WIRES: { readonly [wire: string]: Convert } = {
  mac: (value) => mac(value as Uint8Array),
  bytes: (value) => base64(value as Uint8Array),
  match: (value) => ({ OFPMatch: { oxm_fields: (value as { field: string; value: unknown }[]).map(oxm) } }),
  oxm: (value) => oxm(value as { field: string; value: unknown }),
  'oxm[]': each((value) => oxm(value as { field: string; value: unknown })),
  'oxmId[]': each((value) => oxmId(value as { field: string; hasMask: boolean })),
  stats: (value) => ({
    OFPStats: {
      oxs_fields: (value as { field: string; value: unknown }[]).map(({ field, value: v }) => ({
        OXSTlv: { field, value: v as Json },
      })),
    },
  }),
  actions: family('action', ACTIONS, prefixed('OFPAction')),
  instructions: (value, version) =>
    (instructions(value, version) as { [key: string]: { [key: string]: Json } }[]).map((instruction) =>
      instruction.OFPInstructionActions === undefined
        ? instruction
        : { OFPInstructionActions: { actions: [], ...instruction.OFPInstructionActions } },
    ),
  actionIds: typeIds('OFPActionId', ACTIONS),
  instructionIds: typeIds('OFPInstructionId', INSTRUCTIONS),
  flowUpdates,
  bands: family('band', METER_BANDS, prefixed('OFPMeterBand')),
  helloElements: each((value) => {
    const words = (value as { bitmaps: number[] }).bitmaps;
    const versions = words.flatMap((w, i) => Array.from({ length: 32 }, (_, b) => ((w >>> b) & 1 ? 32 * i + b : -1)));
    return { OFPHelloElemVersionBitmap: { versions: versions.filter((v) => v >= 0) } };
  }),
  portProperties: family('portProperty', props.PORT_PROPERTIES, prefixed('OFPPortDescProp')),
  portModProperties: family('portModProperty', props.PORT_MOD_PROPERTIES, prefixed('OFPPortModProp')),
  portStatsProperties: family('portStatsProperty', props.PORT_STATS_PROPERTIES, prefixed('OFPPortStatsProp')),
  queueProperties: family('queueProperty', props.QUEUE_PROPERTIES, prefixed('OFPQueueProp')),
  queueDescProperties: family('queueDescProperty', props.QUEUE_DESC_PROPERTIES, prefixed('OFPQueueDescProp')),
  tableModProperties: family('tableModProperty', props.TABLE_MOD_PROPERTIES, prefixed('OFPTableModProp')),
  tableFeatureProperties: family('tableFeatureProperty', props.TABLE_FEATURE_PROPERTIES, tableFeatureClass),
  asyncProperties: family('asyncProperty', props.ASYNC_PROPERTIES, asyncClass),
  bucketProperties: family('bucketProperty', props.BUCKET_PROPERTIES, prefixed('OFPGroupBucketProp')),
  bundleProperties: family('bundleProperty', props.BUNDLE_PROPERTIES, prefixed('OFPBundleProp')),
  bundledProperties: family('bundleProperty', props.BUNDLE_PROPERTIES, prefixed('OFPBundleProp')),
  bundleFeatureProperties: family(
    'bundleFeatureProperty',
    props.BUNDLE_FEATURE_PROPERTIES,
    prefixed('OFPBundleFeaturesProp'),
  ),
  controllerStatusProperties: family(
    'controllerStatusProperty',
    props.CONTROLLER_STATUS_PROPERTIES,
    prefixed('OFPControllerStatusProp'),
  ),
  portDesc: as('port', 'OFPPort', structs.PORT),
  tableDesc: as('tableDesc', 'OFPTableDesc', structs.TABLE_DESC),
  controllerStatus: as('controllerStatus', 'OFPControllerStatusStats', structs.CONTROLLER_STATUS),
  time: as('time', 'OFPTime', structs.TIME),
  'ports[]': each(as('port', 'OFPPort', structs.PORT)),
  'tableDescs[]': each(as('tableDesc', 'OFPTableDesc', structs.TABLE_DESC)),
  'controllerStatuses[]': each(as('controllerStatus', 'OFPControllerStatusStats', structs.CONTROLLER_STATUS)),
  'buckets[]': each(as('bucket', 'OFPBucket', structs.BUCKET)),
  'queues[]': each(as('queue', 'OFPPacketQueue', structs.PACKET_QUEUE)),
  'bucketCounters[]': each(as('bucketCounter', 'OFPBucketCounter', structs.BUCKET_COUNTER)),
  'meterBandStats[]': each(as('meterBandStats', 'OFPMeterBandStats', structs.METER_BAND_STATS)),
  message: (value) => toOsKen(value as OfpMessage),
};

function members(name: string, struct: Struct, value: Value, version: OfpVersion): { [key: string]: Json } {
  const result: { [key: string]: Json } = {};
  for (const [field, wire] of Object.entries(layoutOf(struct, version)!.fields)) {
    if (field.startsWith('_')) continue;
    const key = MEMBER[`${name}.${field}@${version}`] ?? MEMBER[`${name}.${field}`] ?? snake(field);
    if (wire === 'experimenterProperties') {
      const className = EXPERIMENTER_CLASS[name] ?? 'OFPGroupPropExperimenter';
      result[key] = family(
        'experimenterProperty',
        props.EXPERIMENTER_PROPERTIES,
        () => className,
      )(value[field], version);
      continue;
    }
    if (wire === 'oxmId') {
      const ids = (result.oxm_ids ?? []) as Json[];
      result.oxm_ids = [...ids, oxmId(value[field] as { field: string; hasMask: boolean })];
      continue;
    }
    if (field === 'data' && /Property/.test(name)) {
      result[key] = words(value[field] as Uint8Array);
      continue;
    }
    result[key] = (WIRES[wire] ?? plain)(value[field], version);
  }
  return result;
}

const MESSAGE_CLASS: { readonly [type: string]: string } = {
  'bundleControl@4': 'ONFBundleCtrlMsg',
  'bundleAddMessage@4': 'ONFBundleAddMsg',
  error: 'OFPErrorMsg',
  featuresReply: 'OFPSwitchFeatures',
  bundleControl: 'OFPBundleCtrlMsg',
  bundleAddMessage: 'OFPBundleAddMsg',
  requestForward: 'OFPRequestForward',
};

/** Classes of properties that only experimenters have, by the structure that they are in. */
const EXPERIMENTER_CLASS: { readonly [what: string]: string } = {
  roleStatus: 'OFPRolePropExperimenter',
  'multipartReply.queue': 'OFPQueueStatsPropExperimenter',
};

/** Names of the statistics classes; the element's name is without `Reply` and ends in `Stats`. */
const STATS_CLASS: { readonly [what: string]: string } = {
  flow: 'Flow',
  flowDesc: 'FlowDesc',
  flowStats: 'Flow',
  portStats: 'Port',
  meterConfig: 'MeterConfig',
  'meterConfig@6': 'MeterDesc',
  bundleFeatures: 'BundleFeatures',
};
const ELEMENT_CLASS: { readonly [what: string]: string } = {
  flowDesc: 'OFPFlowDesc',
  queueDesc: 'OFPQueueDesc',
  experimenter: 'OFPExperimenterMultipart',
};
/** Single structures that os-ken puts into a list. */
const LISTED = ['meterFeatures'];
const BODY_CLASS: { readonly [what: string]: string } = { flowMonitor: 'OFPFlowMonitor' };

function statsClass(name: string, version: OfpVersion, end: 'Request' | 'Reply'): string {
  if (name in BODY_CLASS) return `${BODY_CLASS[name]}${end}`;
  return `OFP${STATS_CLASS[`${name}@${version}`] ?? STATS_CLASS[name] ?? pascal(name)}Stats${end}`;
}

export function toOsKen(message: OfpMessage): { [key: string]: Json } {
  const { version } = message;
  if (message.type === 'multipartRequest') return requestToOsKen(message, version);
  if (message.type === 'multipartReply') return replyToOsKen(message, version);
  const struct = (MESSAGES as Family)[message.type]!;
  const className =
    MESSAGE_CLASS[`${message.type}@${version}`] ?? MESSAGE_CLASS[message.type] ?? `OFP${pascal(message.type)}`;
  return { [className]: members(message.type, struct, message as unknown as Value, version) };
}

function requestToOsKen(
  message: OfpMessage & { type: 'multipartRequest' },
  version: OfpVersion,
): { [key: string]: Json } {
  const struct = (MULTIPART_REQUESTS as MultipartFamily)[message.multipart]!;
  const { flags } = message;
  const className = statsClass(message.multipart, version, 'Request');
  if (struct.body === 'none' || !('body' in message)) return { [className]: { flags } };
  const name = `multipartRequest.${message.multipart}`;
  if (name === 'multipartRequest.flowMonitor') {
    const only = (message.body as unknown as Value[])[0]!;
    return { [className]: { flags, ...members(name, struct, only, version) } };
  }
  if (struct.body === 'many') {
    const body = (message.body as unknown as Value[]).map((item) => ({
      OFPTableFeaturesStats: members(name, struct, item, version),
    }));
    return { [className]: { flags, body } };
  }
  return { [className]: { flags, ...members(name, struct, message.body as unknown as Value, version) } };
}

function replyToOsKen(message: OfpMessage & { type: 'multipartReply' }, version: OfpVersion): { [key: string]: Json } {
  const name = message.multipart;
  const struct = (MULTIPART_REPLIES as MultipartFamily)[name]!;
  const className = statsClass(name, version, 'Reply');
  const element = ELEMENT_CLASS[name] ?? className.replace(/Reply$/, '');
  const { body } = message as { body: unknown };
  const one = (item: unknown): Json => ({
    [element]: members(`multipartReply.${name}`, struct, item as Value, version),
  });
  const bodies: { readonly [kind: string]: () => Json } = {
    one: () => (LISTED.includes(name) ? [one(body)] : one(body)),
    many: () => (body as unknown[]).map(one),
    list: () => (WIRES[struct.list!] ?? plain)(body, version),
  };
  return { [className]: { flags: message.flags, body: bodies[struct.body]!() } };
}

/** JSON in which integers of any size are numbers. */
function toJson(value: Json): string {
  const text = JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? `@int:${v}` : v));
  return text.replace(/"@int:(\d+)"/g, '$1');
}

export interface Answer {
  readonly error?: string;
  readonly differences?: string[];
  readonly hex?: string;
}

/** Answers of os-ken to all cases, in one process. */
export function askOsKen(cases: readonly Json[]): Answer[] {
  needPackage('/usr/lib/python3/dist-packages/os_ken', 'python3-os-ken');
  const script = fileURLToPath(new URL('./ofp-os-ken.py', import.meta.url));
  const run = spawnSync(PYTHON, [script], {
    input: cases.map((c) => `${toJson(c)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    timeout: 80_000,
  });
  const lines = run.stdout.split('\n').filter((line) => line !== '');
  if (lines.length !== cases.length)
    throw new Error(`os-ken answered ${lines.length} of ${cases.length}: ${run.stderr}`);
  return lines.map((line) => JSON.parse(line) as Answer);
}
