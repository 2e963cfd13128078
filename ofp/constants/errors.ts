/**
 * Error types and codes (spec 1.3 7.4.4, 1.4 7.5.4, 1.5 7.5.4), in the numbering of 1.1 and later. 1.0 numbers some of
 * its types and codes differently: `wireError` translates.
 */
import type { OfpVersion } from '../errors.ts';

export const ErrorType = {
  HELLO_FAILED: 0,
  BAD_REQUEST: 1,
  BAD_ACTION: 2,
  BAD_INSTRUCTION: 3,
  BAD_MATCH: 4,
  FLOW_MOD_FAILED: 5,
  GROUP_MOD_FAILED: 6,
  PORT_MOD_FAILED: 7,
  TABLE_MOD_FAILED: 8,
  QUEUE_OP_FAILED: 9,
  SWITCH_CONFIG_FAILED: 10,
  ROLE_REQUEST_FAILED: 11,
  METER_MOD_FAILED: 12,
  TABLE_FEATURES_FAILED: 13,
  BAD_PROPERTY: 14,
  ASYNC_CONFIG_FAILED: 15,
  FLOW_MONITOR_FAILED: 16,
  BUNDLE_FAILED: 17,
  EXPERIMENTER: 0xffff,
} as const;

export const HelloFailedCode = {
  INCOMPATIBLE: 0,
  EPERM: 1,
} as const;

export const BadRequestCode = {
  BAD_VERSION: 0,
  BAD_TYPE: 1,
  BAD_MULTIPART: 2,
  BAD_EXPERIMENTER: 3,
  BAD_EXP_TYPE: 4,
  EPERM: 5,
  BAD_LEN: 6,
  BUFFER_EMPTY: 7,
  BUFFER_UNKNOWN: 8,
  BAD_TABLE_ID: 9,
  IS_SLAVE: 10,
  BAD_PORT: 11,
  BAD_PACKET: 12,
  MULTIPART_BUFFER_OVERFLOW: 13,
  MULTIPART_REQUEST_TIMEOUT: 14,
  MULTIPART_REPLY_TIMEOUT: 15,
  MULTIPART_BAD_SCHED: 16,
  PIPELINE_FIELDS_ONLY: 17,
  UNKNOWN: 18,
} as const;

export const BadActionCode = {
  BAD_TYPE: 0,
  BAD_LEN: 1,
  BAD_EXPERIMENTER: 2,
  BAD_EXP_TYPE: 3,
  BAD_OUT_PORT: 4,
  BAD_ARGUMENT: 5,
  EPERM: 6,
  TOO_MANY: 7,
  BAD_QUEUE: 8,
  BAD_OUT_GROUP: 9,
  MATCH_INCONSISTENT: 10,
  UNSUPPORTED_ORDER: 11,
  BAD_TAG: 12,
  BAD_SET_TYPE: 13,
  BAD_SET_LEN: 14,
  BAD_SET_ARGUMENT: 15,
  BAD_SET_MASK: 16,
  BAD_METER: 17,
} as const;

export const BadInstructionCode = {
  UNKNOWN_INST: 0,
  UNSUP_INST: 1,
  BAD_TABLE_ID: 2,
  UNSUP_METADATA: 3,
  UNSUP_METADATA_MASK: 4,
  BAD_EXPERIMENTER: 5,
  BAD_EXP_TYPE: 6,
  BAD_LEN: 7,
  EPERM: 8,
  DUP_INST: 9,
} as const;

export const BadMatchCode = {
  BAD_TYPE: 0,
  BAD_LEN: 1,
  BAD_TAG: 2,
  BAD_DL_ADDR_MASK: 3,
  BAD_NW_ADDR_MASK: 4,
  BAD_WILDCARDS: 5,
  BAD_FIELD: 6,
  BAD_VALUE: 7,
  BAD_MASK: 8,
  BAD_PREREQ: 9,
  DUP_FIELD: 10,
  EPERM: 11,
} as const;

export const FlowModFailedCode = {
  UNKNOWN: 0,
  TABLE_FULL: 1,
  BAD_TABLE_ID: 2,
  OVERLAP: 3,
  EPERM: 4,
  BAD_TIMEOUT: 5,
  BAD_COMMAND: 6,
  BAD_FLAGS: 7,
  CANT_SYNC: 8,
  BAD_PRIORITY: 9,
  IS_SYNC: 10,
} as const;

export const GroupModFailedCode = {
  GROUP_EXISTS: 0,
  INVALID_GROUP: 1,
  WEIGHT_UNSUPPORTED: 2,
  OUT_OF_GROUPS: 3,
  OUT_OF_BUCKETS: 4,
  CHAINING_UNSUPPORTED: 5,
  WATCH_UNSUPPORTED: 6,
  LOOP: 7,
  UNKNOWN_GROUP: 8,
  CHAINED_GROUP: 9,
  BAD_TYPE: 10,
  BAD_COMMAND: 11,
  BAD_BUCKET: 12,
  BAD_WATCH: 13,
  EPERM: 14,
  UNKNOWN_BUCKET: 15,
  BUCKET_EXISTS: 16,
} as const;

export const PortModFailedCode = {
  BAD_PORT: 0,
  BAD_HW_ADDR: 1,
  BAD_CONFIG: 2,
  BAD_ADVERTISE: 3,
  EPERM: 4,
} as const;

export const TableModFailedCode = {
  BAD_TABLE: 0,
  BAD_CONFIG: 1,
  EPERM: 2,
} as const;

export const QueueOpFailedCode = {
  BAD_PORT: 0,
  BAD_QUEUE: 1,
  EPERM: 2,
} as const;

export const SwitchConfigFailedCode = {
  BAD_FLAGS: 0,
  BAD_LEN: 1,
  EPERM: 2,
} as const;

export const RoleRequestFailedCode = {
  STALE: 0,
  UNSUP: 1,
  BAD_ROLE: 2,
  ID_UNSUP: 3,
  ID_IN_USE: 4,
} as const;

export const MeterModFailedCode = {
  UNKNOWN: 0,
  METER_EXISTS: 1,
  INVALID_METER: 2,
  UNKNOWN_METER: 3,
  BAD_COMMAND: 4,
  BAD_FLAGS: 5,
  BAD_RATE: 6,
  BAD_BURST: 7,
  BAD_BAND: 8,
  BAD_BAND_VALUE: 9,
  OUT_OF_METERS: 10,
  OUT_OF_BANDS: 11,
} as const;

export const TableFeaturesFailedCode = {
  BAD_TABLE: 0,
  BAD_METADATA: 1,
  BAD_TYPE: 2,
  BAD_LEN: 3,
  BAD_ARGUMENT: 4,
  EPERM: 5,
  BAD_CAP: 6,
  BAD_MAX_ENT: 7,
  BAD_FEATURES: 8,
  BAD_COMMAND: 9,
  TOO_MANY: 10,
} as const;

export const BadPropertyCode = {
  BAD_TYPE: 0,
  BAD_LEN: 1,
  BAD_VALUE: 2,
  TOO_MANY: 3,
  DUP_TYPE: 4,
  BAD_EXPERIMENTER: 5,
  BAD_EXP_TYPE: 6,
  BAD_EXP_VALUE: 7,
  EPERM: 8,
} as const;

export const AsyncConfigFailedCode = {
  INVALID: 0,
  UNSUPPORTED: 1,
  EPERM: 2,
} as const;

export const FlowMonitorFailedCode = {
  UNKNOWN: 0,
  MONITOR_EXISTS: 1,
  INVALID_MONITOR: 2,
  UNKNOWN_MONITOR: 3,
  BAD_COMMAND: 4,
  BAD_FLAGS: 5,
  BAD_TABLE_ID: 6,
  BAD_OUT: 7,
} as const;

export const BundleFailedCode = {
  UNKNOWN: 0,
  EPERM: 1,
  BAD_ID: 2,
  BUNDLE_EXIST: 3,
  BUNDLE_CLOSED: 4,
  OUT_OF_BUNDLES: 5,
  BAD_TYPE: 6,
  BAD_FLAGS: 7,
  MSG_BAD_LEN: 8,
  MSG_BAD_XID: 9,
  MSG_UNSUP: 10,
  MSG_CONFLICT: 11,
  MSG_TOO_MANY: 12,
  MSG_FAILED: 13,
  TIMEOUT: 14,
  BUNDLE_IN_PROGRESS: 15,
  SCHED_NOT_SUPPORTED: 16,
  SCHED_FUTURE: 17,
  SCHED_PAST: 18,
} as const;

/** Flow-mod failures of 1.0. */
export const FlowModFailedCode10 = {
  ALL_TABLES_FULL: 0,
  OVERLAP: 1,
  EPERM: 2,
  BAD_EMERG_TIMEOUT: 3,
  BAD_COMMAND: 4,
  UNSUPPORTED: 5,
} as const;

export interface ErrorTypeInfo {
  readonly type: number;
  readonly since: OfpVersion;
  readonly codes: { readonly [name: string]: number };
  /** Codes that came later than their type. */
  readonly added: { readonly [name: string]: OfpVersion };
}

/** All error types by name, with their codes and the versions that they came with. */
export const ERROR_TYPES = {
  HELLO_FAILED: { type: 0, since: 1, codes: HelloFailedCode, added: {} },
  BAD_REQUEST: {
    type: 1,
    since: 1,
    codes: BadRequestCode,
    added: {
      MULTIPART_BUFFER_OVERFLOW: 4,
      MULTIPART_REQUEST_TIMEOUT: 5,
      MULTIPART_REPLY_TIMEOUT: 5,
      MULTIPART_BAD_SCHED: 6,
      PIPELINE_FIELDS_ONLY: 6,
      UNKNOWN: 6,
    },
  },
  BAD_ACTION: { type: 2, since: 1, codes: BadActionCode, added: { BAD_SET_MASK: 6, BAD_METER: 6 } },
  BAD_INSTRUCTION: { type: 3, since: 2, codes: BadInstructionCode, added: { DUP_INST: 5 } },
  BAD_MATCH: { type: 4, since: 2, codes: BadMatchCode, added: {} },
  FLOW_MOD_FAILED: {
    type: 5,
    since: 2,
    codes: FlowModFailedCode,
    added: { CANT_SYNC: 5, BAD_PRIORITY: 5, IS_SYNC: 6 },
  },
  GROUP_MOD_FAILED: { type: 6, since: 2, codes: GroupModFailedCode, added: { UNKNOWN_BUCKET: 6, BUCKET_EXISTS: 6 } },
  PORT_MOD_FAILED: { type: 7, since: 2, codes: PortModFailedCode, added: {} },
  TABLE_MOD_FAILED: { type: 8, since: 2, codes: TableModFailedCode, added: {} },
  QUEUE_OP_FAILED: { type: 9, since: 2, codes: QueueOpFailedCode, added: {} },
  SWITCH_CONFIG_FAILED: { type: 10, since: 2, codes: SwitchConfigFailedCode, added: {} },
  ROLE_REQUEST_FAILED: { type: 11, since: 3, codes: RoleRequestFailedCode, added: { ID_UNSUP: 6, ID_IN_USE: 6 } },
  METER_MOD_FAILED: { type: 12, since: 4, codes: MeterModFailedCode, added: {} },
  TABLE_FEATURES_FAILED: {
    type: 13,
    since: 4,
    codes: TableFeaturesFailedCode,
    added: { BAD_CAP: 6, BAD_MAX_ENT: 6, BAD_FEATURES: 6, BAD_COMMAND: 6, TOO_MANY: 6 },
  },
  BAD_PROPERTY: { type: 14, since: 5, codes: BadPropertyCode, added: {} },
  ASYNC_CONFIG_FAILED: { type: 15, since: 5, codes: AsyncConfigFailedCode, added: {} },
  FLOW_MONITOR_FAILED: { type: 16, since: 5, codes: FlowMonitorFailedCode, added: {} },
  BUNDLE_FAILED: {
    type: 17,
    since: 5,
    codes: BundleFailedCode,
    added: { SCHED_NOT_SUPPORTED: 6, SCHED_FUTURE: 6, SCHED_PAST: 6 },
  },
} as const satisfies { readonly [name: string]: ErrorTypeInfo };
