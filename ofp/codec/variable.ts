/** Codecs of the wire types whose size varies, by name and version. */
import type { OfpVersion } from '../errors.ts';
import { ACTIONS } from '../tables/actions.ts';
import { FLOW_UPDATES } from '../tables/flow-updates.ts';
import { HELLO_ELEMENTS } from '../tables/hello.ts';
import { INSTRUCTIONS } from '../tables/instructions.ts';
import { METER_BANDS } from '../tables/meters.ts';
import * as props from '../tables/properties.ts';
import type { Family, Struct } from '../tables/schema.ts';
import * as structs from '../tables/structs.ts';
import { type Codec, compile, layoutFor } from './compile.ts';
import { bad, cursor, FAULTS, type Fault, fail, putZeros } from './io.ts';
import { matchCodec } from './match.ts';
import { nestedMessage } from './nested.ts';
import { NXM_MATCH } from './nxm.ts';
import { oxmCodec, oxmListCodec } from './oxm.ts';
import { oxmIdCodec, oxmIdListCodec } from './oxm-id.ts';
import { statsCodec } from './oxs.ts';
import { tlvList, typeIdList } from './tlv.ts';
import { bytes, inPort10, inPort11, listOf, octets, textCodec, wordOrNothing, words } from './values.ts';

type Make = (version: OfpVersion) => Codec;

const actionFraming = { padding: 'inside', fault: FAULTS.actionLength } as const;
const instructionFraming = { padding: 'inside', fault: FAULTS.instructionLength } as const;
const insideFraming = { padding: 'inside', fault: FAULTS.requestLength } as const;

const tlvs =
  (name: string, family: Family, framing: Parameters<typeof tlvList>[3]): Make =>
  (version) =>
    tlvList(name, family, version, framing, (wire) => variableCodec(wire, version));

const properties = (name: string, family: Family, fault: Fault = FAULTS.propertyLength): Make =>
  tlvs(name, family, { padding: 'outside', fault });

function structCodec(name: string, struct: Struct, version: OfpVersion): Codec {
  const layout = layoutFor(struct, version);
  if (layout === undefined) return unavailable(name, version);
  return compile(struct, layout, {
    name,
    version,
    exact: false,
    fault: FAULTS.requestLength,
    variable: (wire) => variableCodec(wire, version),
  });
}

/** Stands for what a version does not have; only reached by a table that is wrong. */
function unavailable(name: string, version: OfpVersion): Codec {
  return {
    read: (_b, at) => fail(`not in wire version ${version}`, at, name, FAULTS.badType),
    write: () => bad(name, `wire version ${version}`),
  };
}

const one =
  (name: string, struct: Struct): Make =>
  (version) =>
    structCodec(name, struct, version);

/** Structures one after the other up to the end. */
const many =
  (name: string, struct: Struct): Make =>
  (version) =>
    listOf(name, structCodec(name, struct, version));

const APPLY = 'applyActions';

/** A 1.0 action list as the one instruction that it stands for; an empty list as none. */
const actionsAsApply: Make = (version) => {
  const actions = variableCodec('actions', version);
  return {
    read: (b, at, end, xid) => {
      const list = actions.read(b, at, end, xid) as unknown[];
      return list.length === 0 ? [] : [{ type: APPLY, actions: list }];
    },
    write: (value) => {
      const list = value as readonly { type: string; actions: unknown }[];
      if (!Array.isArray(list) || list.length > 1) bad('instructions', 'more than apply-actions in OpenFlow 1.0');
      const only = list[0];
      if (only === undefined) return;
      if (only.type !== APPLY) bad('instructions', only.type);
      actions.write(only.actions);
    },
  };
};

/** Table features answer with an error type of their own in 1.3 and later. */
const tableFault = FAULTS.tableFeaturesLength;
const fixed =
  (codec: Codec): Make =>
  () =>
    codec;

/** Properties after a message, which is padded to a multiple of 8 if there are any (spec 1.4 7.3.9.6). */
const bundledProperties: Make = (version) => {
  const list = variableCodec('bundleProperties', version);
  return {
    read: list.read,
    write: (value) => {
      if (Array.isArray(value) && value.length > 0) {
        // The message around them begins at the start of the buffer.
        const padding = -cursor.at & 7;
        putZeros(cursor.at, padding);
        cursor.at += padding;
      }
      list.write(value);
    },
  };
};

const VARIABLE: { readonly [wire: string]: Make } = {
  bytes: fixed(bytes),
  text: fixed(textCodec),
  'u8[]': fixed(octets),
  'u32[]': fixed(words(FAULTS.propertyLength)),
  'u32?': fixed(wordOrNothing),
  match: matchCodec,
  inPortMatch: (version) => (version === 1 ? inPort10 : inPort11),
  actionsAsApply,
  nxm: fixed(NXM_MATCH),
  oxm: (version) => oxmCodec(version, FAULTS.actionLength),
  'oxm[]': (version) => oxmListCodec(version, tableFault),
  oxmId: (version) => oxmIdCodec(version, FAULTS.actionLength),
  'oxmId[]': (version) => oxmIdListCodec(version, tableFault),
  stats: fixed(statsCodec),
  actions: tlvs('action', ACTIONS, actionFraming),
  instructions: tlvs('instruction', INSTRUCTIONS, instructionFraming),
  actionIds: (version) => typeIdList('actionId', ACTIONS, version, tableFault),
  instructionIds: (version) => typeIdList('instructionId', INSTRUCTIONS, version, tableFault),
  bands: tlvs('band', METER_BANDS, insideFraming),
  helloElements: tlvs('helloElement', HELLO_ELEMENTS, {
    padding: 'outside',
    fault: FAULTS.requestLength,
    lenient: true,
  }),
  flowUpdates: tlvs('flowUpdate', FLOW_UPDATES, { ...insideFraming, lengthFirst: true }),
  portProperties: properties('portProperty', props.PORT_PROPERTIES),
  portModProperties: properties('portModProperty', props.PORT_MOD_PROPERTIES),
  portStatsProperties: properties('portStatsProperty', props.PORT_STATS_PROPERTIES),
  queueProperties: tlvs('queueProperty', props.QUEUE_PROPERTIES, insideFraming),
  queueDescProperties: properties('queueDescProperty', props.QUEUE_DESC_PROPERTIES),
  tableModProperties: properties('tableModProperty', props.TABLE_MOD_PROPERTIES),
  tableFeatureProperties: properties('tableFeatureProperty', props.TABLE_FEATURE_PROPERTIES, tableFault),
  asyncProperties: properties('asyncProperty', props.ASYNC_PROPERTIES),
  packetIn2Properties: properties('packetIn2Property', props.PACKET_IN2_PROPERTIES),
  bucketProperties: properties('bucketProperty', props.BUCKET_PROPERTIES),
  bundleProperties: properties('bundleProperty', props.BUNDLE_PROPERTIES),
  bundleFeatureProperties: properties('bundleFeatureProperty', props.BUNDLE_FEATURE_PROPERTIES),
  controllerStatusProperties: properties('controllerStatusProperty', props.CONTROLLER_STATUS_PROPERTIES),
  experimenterProperties: properties('experimenterProperty', props.EXPERIMENTER_PROPERTIES),
  portDesc: one('port', structs.PORT),
  tableDesc: one('tableDesc', structs.TABLE_DESC),
  controllerStatus: one('controllerStatus', structs.CONTROLLER_STATUS),
  time: one('time', structs.TIME),
  'ports[]': many('port', structs.PORT),
  'tableDescs[]': many('tableDesc', structs.TABLE_DESC),
  'controllerStatuses[]': many('controllerStatus', structs.CONTROLLER_STATUS),
  'buckets[]': many('bucket', structs.BUCKET),
  'queues[]': many('queue', structs.PACKET_QUEUE),
  'bucketCounters[]': many('bucketCounter', structs.BUCKET_COUNTER),
  'tlvMaps[]': many('tlvMap', structs.TLV_MAP),
  'meterBandStats[]': many('meterBandStats', structs.METER_BAND_STATS),
  message: nestedMessage,
  bundledProperties,
};

const cache = new Map<string, Codec>();

/** The codec of a wire type of variable size. */
export function variableCodec(wire: string, version: OfpVersion): Codec {
  const key = `${wire} ${version}`;
  let codec = cache.get(key);
  if (codec === undefined) {
    const make = VARIABLE[wire];
    if (make === undefined) throw new Error(`no codec for wire type ${wire}`);
    codec = make(version);
    cache.set(key, codec);
  }
  return codec;
}
