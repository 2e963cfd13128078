/** The value that each wire type stands for. */

import type { OfpMessage } from '../messages.ts';
import type { ACTIONS } from './actions.ts';
import type { FLOW_UPDATES } from './flow-updates.ts';
import type { HELLO_ELEMENTS } from './hello.ts';
import type { INSTRUCTIONS } from './instructions.ts';
import type { METER_BANDS } from './meters.ts';
import type { OxmField, OxmId } from './oxm-types.ts';
import type { OxsField } from './oxs.ts';
import type * as props from './properties.ts';
import type { StructValue, Tagged, UnknownTlv } from './schema.ts';
import type * as structs from './structs.ts';

export type Action = Tagged<typeof ACTIONS> | UnknownTlv;
export type Instruction = Tagged<typeof INSTRUCTIONS> | UnknownTlv;
export type HelloElement = Tagged<typeof HELLO_ELEMENTS> | UnknownTlv;
export type FlowUpdate = Tagged<typeof FLOW_UPDATES> | UnknownTlv;
export type PacketIn2Property = Tagged<typeof props.PACKET_IN2_PROPERTIES> | UnknownTlv;
export type MeterBand = Tagged<typeof METER_BANDS> | UnknownTlv;
/** An action or instruction named by its type alone, in table features. */
export type ActionId = TypeId<Exclude<keyof typeof ACTIONS, 'experimenter'>>;
export type InstructionId = TypeId<Exclude<keyof typeof INSTRUCTIONS, 'experimenter'>>;
type TypeId<Names> = { type: Names } | { type: 'experimenter'; experimenter: number; data: Uint8Array } | UnknownTlv;

export type PortProperty = Tagged<typeof props.PORT_PROPERTIES> | UnknownTlv;
export type PortModProperty = Tagged<typeof props.PORT_MOD_PROPERTIES> | UnknownTlv;
export type PortStatsProperty = Tagged<typeof props.PORT_STATS_PROPERTIES> | UnknownTlv;
export type QueueProperty = Tagged<typeof props.QUEUE_PROPERTIES> | UnknownTlv;
export type QueueDescProperty = Tagged<typeof props.QUEUE_DESC_PROPERTIES> | UnknownTlv;
export type TableModProperty = Tagged<typeof props.TABLE_MOD_PROPERTIES> | UnknownTlv;
export type TableFeatureProperty = Tagged<typeof props.TABLE_FEATURE_PROPERTIES> | UnknownTlv;
export type AsyncProperty = Tagged<typeof props.ASYNC_PROPERTIES> | UnknownTlv;
export type BucketProperty = Tagged<typeof props.BUCKET_PROPERTIES> | UnknownTlv;
export type BundleProperty = Tagged<typeof props.BUNDLE_PROPERTIES> | UnknownTlv;
export type BundleFeatureProperty = Tagged<typeof props.BUNDLE_FEATURE_PROPERTIES> | UnknownTlv;
export type ControllerStatusProperty = Tagged<typeof props.CONTROLLER_STATUS_PROPERTIES> | UnknownTlv;
/** A property list that only experimenters have entries for. */
export type ExperimenterProperty = Tagged<typeof props.EXPERIMENTER_PROPERTIES> | UnknownTlv;

export type Port = StructValue<typeof structs.PORT>;
export type Bucket = StructValue<typeof structs.BUCKET>;
export type PacketQueue = StructValue<typeof structs.PACKET_QUEUE>;
export type BucketCounter = StructValue<typeof structs.BUCKET_COUNTER>;
export type MeterBandStats = StructValue<typeof structs.METER_BAND_STATS>;
/** Which tunnel option a `tun_metadata` field stands for. */
export type TlvMap = StructValue<typeof structs.TLV_MAP>;
export type TableDesc = StructValue<typeof structs.TABLE_DESC>;
export type ControllerStatus = StructValue<typeof structs.CONTROLLER_STATUS>;
export type OfpTime = StructValue<typeof structs.TIME>;

export interface ValueOf {
  u8: number;
  u16: number;
  u32: number;
  u64: bigint;
  /** A port number; 16 bits wide in 1.0, where the reserved ports 0xff00-0xffff read as 0xffffff00-0xffffffff. */
  port: number;
  /** A port number in 16 bits, as in 1.0, whatever the version. */
  port16: number;
  /** An IPv4 address as a number. */
  ipv4: number;
  mac: Uint8Array;
  str16: string;
  str32: string;
  str256: string;
  /** Text up to the end of the structure. */
  text: string;
  /** Two or four words: one for each role, or for each group type. */
  'u32[2]': [number, number];
  'u32[4]': [number, number, number, number];
  /** Values up to the end of the structure. */
  'u8[]': number[];
  'u32[]': number[];
  /** A word and four bytes of padding; null: the structure ends before it. */
  'u32?': number | null;
  bytes: Uint8Array;

  match: OxmField[];
  /** Match fields of a Nicira message, up to the end of their bounds. */
  nxm: OxmField[];
  /** The in_port (and in_phy_port) of 1.0 and 1.1, shown as the match fields that carry it later. */
  inPortMatch: OxmField[];
  /** The action list of a 1.0 flow, shown as the apply-actions instruction that it stands for. */
  actionsAsApply: Instruction[];
  oxm: OxmField;
  'oxm[]': OxmField[];
  'oxmId[]': OxmId[];
  oxmId: OxmId;
  stats: OxsField[];
  actions: Action[];
  instructions: Instruction[];
  actionIds: ActionId[];
  instructionIds: InstructionId[];
  bands: MeterBand[];
  helloElements: HelloElement[];
  portProperties: PortProperty[];
  portModProperties: PortModProperty[];
  portStatsProperties: PortStatsProperty[];
  queueProperties: QueueProperty[];
  queueDescProperties: QueueDescProperty[];
  tableModProperties: TableModProperty[];
  tableFeatureProperties: TableFeatureProperty[];
  asyncProperties: AsyncProperty[];
  packetIn2Properties: PacketIn2Property[];
  bucketProperties: BucketProperty[];
  bundleProperties: BundleProperty[];
  /** The same after a message, which is padded first. */
  bundledProperties: BundleProperty[];
  bundleFeatureProperties: BundleFeatureProperty[];
  controllerStatusProperties: ControllerStatusProperty[];
  experimenterProperties: ExperimenterProperty[];

  portDesc: Port;
  tableDesc: TableDesc;
  controllerStatus: ControllerStatus;
  time: OfpTime;
  'tableDescs[]': TableDesc[];
  'controllerStatuses[]': ControllerStatus[];
  flowUpdates: FlowUpdate[];
  'ports[]': Port[];
  'buckets[]': Bucket[];
  'queues[]': PacketQueue[];
  'bucketCounters[]': BucketCounter[];
  'meterBandStats[]': MeterBandStats[];
  'tlvMaps[]': TlvMap[];
  /** A whole message inside another one. */
  message: OfpMessage;
}
