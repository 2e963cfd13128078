import {
  AsyncConfigFailedCode,
  BadActionCode,
  BadInstructionCode,
  BadMatchCode,
  BadPropertyCode,
  BadRequestCode,
  BundleFailedCode,
  ERROR_TYPES,
  ErrorType,
  type ErrorTypeInfo,
  ExperimenterId,
  FlowModFailedCode,
  FlowMonitorFailedCode,
  GroupModFailedCode,
  type OfpVersion,
  PortModFailedCode,
  QueueOpFailedCode,
  RoleRequestFailedCode,
} from '../../ofp/index.ts';
import { NiciraErrorCode, niciraError } from '../errors.ts';
import { put16, put32 } from '../packet/index.ts';

/** What stands in an error message. */
export interface WireError {
  readonly errorType: number;
  readonly code: number;
  readonly data: Uint8Array;
}

/** How an error of a later version is told in an earlier one. */
type Carrier =
  /** With other numbers. */
  | readonly ['standard', type: number, code: number]
  /** Inside a Nicira error, as Open vSwitch does in 1.0 and 1.1. */
  | readonly ['vendor', type: number, code: number]
  /** As an experimenter's error (1.2 and later). */
  | readonly ['experimenter', id: number, type: number];

type Row = readonly [type: number, code: number, first: OfpVersion, last: OfpVersion, carrier: Carrier];

const nx = (type: number, code: number): Carrier => ['vendor', type, code];
const nx12 = (type: number): Carrier => ['experimenter', ExperimenterId.NICIRA, type];
const onf = (type: number): Carrier => ['experimenter', ExperimenterId.ONF, type];

/** Every code of a table under a running number. */
function run(type: number, codes: { readonly [name: string]: number }, make: (code: number) => Row): Row[] {
  return Object.values(codes).map((code) => [type, ...make(code).slice(1)] as unknown as Row);
}

/** Where a code of Open vSwitch's is in 1.0 and 1.1. */
const niciraCode10 = (code: number) => code + (code < NiciraErrorCode.NOT_CONFIGURED ? 511 : 499);

const T = ErrorType;

/** From Open vSwitch's list of errors, and section 5.4.4 of 1.0. */
const rows: readonly Row[] = [
  [T.BAD_REQUEST, BadRequestCode.BAD_TABLE_ID, 1, 1, nx(1, 512)],
  [T.BAD_REQUEST, BadRequestCode.IS_SLAVE, 1, 2, ['standard', 1, 5]],
  [T.BAD_REQUEST, BadRequestCode.BAD_PORT, 1, 2, nx(1, 514)],
  [T.BAD_REQUEST, BadRequestCode.MULTIPART_REQUEST_TIMEOUT, 4, 4, onf(2640)],
  [T.BAD_ACTION, BadActionCode.BAD_OUT_GROUP, 1, 1, nx(2, 9)],
  [T.BAD_ACTION, BadActionCode.MATCH_INCONSISTENT, 1, 1, nx(1, 522)],
  [T.BAD_ACTION, BadActionCode.BAD_SET_TYPE, 1, 2, nx(1, 523)],
  [T.BAD_ACTION, BadActionCode.BAD_SET_LEN, 1, 2, nx(1, 524)],
  [T.BAD_ACTION, BadActionCode.BAD_SET_ARGUMENT, 1, 2, nx(1, 525)],
  [T.BAD_ACTION, BadActionCode.BAD_SET_MASK, 4, 5, onf(4250)],
  [T.BAD_INSTRUCTION, BadInstructionCode.UNSUP_INST, 1, 1, nx(2, 257)],
  [T.BAD_INSTRUCTION, BadInstructionCode.BAD_EXP_TYPE, 2, 2, ['standard', 3, 5]],
  [T.BAD_INSTRUCTION, BadInstructionCode.DUP_INST, 2, 2, nx(3, 256)],
  [T.BAD_INSTRUCTION, BadInstructionCode.DUP_INST, 3, 4, onf(2600)],
  [T.BAD_MATCH, BadMatchCode.BAD_WILDCARDS, 1, 1, nx(1, 262)],
  [T.BAD_MATCH, BadMatchCode.BAD_FIELD, 1, 1, nx(0, 263)],
  [T.BAD_MATCH, BadMatchCode.BAD_VALUE, 1, 1, nx(1, 258)],
  [T.BAD_MATCH, BadMatchCode.BAD_MASK, 1, 2, nx(1, 259)],
  [T.BAD_MATCH, BadMatchCode.BAD_PREREQ, 1, 2, nx(1, 260)],
  [T.BAD_MATCH, BadMatchCode.DUP_FIELD, 1, 2, nx(1, 261)],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.TABLE_FULL, 1, 1, ['standard', 3, 0]],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_TABLE_ID, 1, 1, nx(1, 512)],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.OVERLAP, 1, 1, ['standard', 3, 1]],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.EPERM, 1, 1, ['standard', 3, 2]],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_TIMEOUT, 1, 1, ['standard', 3, 3]],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_COMMAND, 1, 1, ['standard', 3, 4]],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_FLAGS, 1, 1, nx(3, 258)],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_FLAGS, 2, 2, nx(5, 258)],
  [T.FLOW_MOD_FAILED, FlowModFailedCode.BAD_PRIORITY, 4, 4, onf(2360)],
  ...run(T.GROUP_MOD_FAILED, GroupModFailedCode, (code) => [0, code, 1, 1, nx(6, code)]),
  [T.PORT_MOD_FAILED, PortModFailedCode.BAD_PORT, 1, 1, ['standard', 4, 0]],
  [T.PORT_MOD_FAILED, PortModFailedCode.BAD_HW_ADDR, 1, 1, ['standard', 4, 1]],
  [T.QUEUE_OP_FAILED, QueueOpFailedCode.BAD_PORT, 1, 1, ['standard', 5, 0]],
  [T.QUEUE_OP_FAILED, QueueOpFailedCode.BAD_QUEUE, 1, 1, ['standard', 5, 1]],
  [T.QUEUE_OP_FAILED, QueueOpFailedCode.EPERM, 1, 1, ['standard', 5, 2]],
  [T.ROLE_REQUEST_FAILED, RoleRequestFailedCode.BAD_ROLE, 1, 2, nx(1, 513)],
  [T.BAD_PROPERTY, BadPropertyCode.BAD_TYPE, 4, 4, ['standard', 13, 2]],
  [T.BAD_PROPERTY, BadPropertyCode.BAD_LEN, 4, 4, ['standard', 13, 3]],
  [T.BAD_PROPERTY, BadPropertyCode.BAD_VALUE, 4, 4, ['standard', 13, 4]],
  ...run(T.ASYNC_CONFIG_FAILED, AsyncConfigFailedCode, (code) => [0, code, 4, 4, onf(2370 + code)]),
  ...run(T.BUNDLE_FAILED, BundleFailedCode, (code) => [0, code, 4, 4, onf(2300 + code)]),
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.MONITOR_EXISTS, 1, 2, nx(1, 517)],
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.MONITOR_EXISTS, 3, 4, nx12(6)],
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.UNKNOWN_MONITOR, 1, 2, nx(1, 519)],
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.UNKNOWN_MONITOR, 3, 4, nx12(8)],
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.BAD_FLAGS, 1, 2, nx(1, 518)],
  [T.FLOW_MONITOR_FAILED, FlowMonitorFailedCode.BAD_FLAGS, 3, 4, nx12(7)],
  ...run(niciraError, NiciraErrorCode, (code) => [0, code, 1, 2, nx(1, niciraCode10(code))]),
  ...run(niciraError, NiciraErrorCode, (code) => [0, code, 3, 6, nx12(code)]),
];

/** Says only that there is no word for the error. */
const unencodable = (version: OfpVersion): Carrier => (version < 3 ? nx(1, 521) : nx12(10));

const nicira10Type = 0xb0c2;

const infos = new Map<number, ErrorTypeInfo>(Object.values(ERROR_TYPES).map((info) => [info.type, info]));

/** `type` and `code` in the numbering of 1.5; `data`: the beginning of the request. */
export function wireError(version: OfpVersion, type: number, code: number, data: Uint8Array): WireError {
  const row = rows.find(([t, c, first, last]) => t === type && c === code && first <= version && version <= last);
  if (!row && exists(version, type, code)) return { errorType: type, code, data };
  return carry(row?.[4] ?? unencodable(version), data);
}

function exists(version: OfpVersion, type: number, code: number): boolean {
  const info = infos.get(type);
  if (!info || version < info.since) return false;
  const name = Object.keys(info.codes).find((each) => info.codes[each] === code);
  return name !== undefined && version >= (info.added[name] ?? 1);
}

function carry([kind, a, b]: Carrier, data: Uint8Array): WireError {
  if (kind === 'standard') return { errorType: a, code: b, data };
  if (kind === 'experimenter') return { errorType: ErrorType.EXPERIMENTER, code: b, data: prefixed(4, a, data) };
  const body = prefixed(8, ExperimenterId.NICIRA, data);
  put16(body, 4, a);
  put16(body, 6, b);
  return { errorType: nicira10Type, code: 0, data: body };
}

/** `data` after `room` bytes, the first four of which hold `word`. */
function prefixed(room: number, word: number, data: Uint8Array): Uint8Array {
  const body = new Uint8Array(room + data.length);
  put32(body, 0, word);
  body.set(data, room);
  return body;
}
