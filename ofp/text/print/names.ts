/** Names of messages, and of the numbers in them, as Open vSwitch prints them. */
import { ERROR_TYPES, FlowModFailedCode10, PortModFailedCode, QueueOpFailedCode } from '../../constants/errors.ts';
import { ExperimenterId } from '../../constants/limits.ts';
import type { OfpMessage } from '../../messages.ts';
import { MESSAGES } from '../../tables/messages.ts';
import { MULTIPART_REPLIES, MULTIPART_REQUESTS } from '../../tables/multipart.ts';

/** Types whose name is not simply theirs in capitals. */
const MESSAGE_NAMES: ReadonlyMap<string, string> = new Map([
  ['requestForward', 'REQUESTFORWARD'],
  ['experimenter', 'EXPERIMENTER'],
]);
const MULTIPART_NAMES: ReadonlyMap<string, string> = new Map([
  ['portStats', 'PORT'],
  ['flowDesc', 'FLOW'],
]);

const capitals = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
/** Without the mark of Open vSwitch's own messages. */
const plainName = (name: string) => (name.startsWith('nx') ? name.charAt(2).toLowerCase() + name.slice(3) : name);

type Layouts = {
  readonly layouts: readonly { versions: readonly [number, number]; exp?: readonly [number, number] }[];
};

/** What a name begins with: `OFP`, or `NX` and `ONF` for what an experimenter message carries in that version. */
function vendorOf(struct: Layouts | undefined, version: number): string {
  const layout = struct?.layouts.find(({ versions: [from, to] }) => from <= version && version <= to);
  if (!layout?.exp) return 'OFP';
  return layout.exp[0] === ExperimenterId.ONF ? 'ONF' : 'NX';
}

/** `OFPT_FLOW_MOD`, `OFPST_FLOW reply`, `NXT_ROLE_REQUEST`. */
export function messageName(message: OfpMessage): string {
  const { type, version } = message;
  if (type === 'multipartRequest' || type === 'multipartReply') {
    const tables: { readonly [name: string]: Layouts } =
      type === 'multipartRequest' ? MULTIPART_REQUESTS : MULTIPART_REPLIES;
    const name: string = message.multipart;
    const direction = type === 'multipartRequest' ? 'request' : 'reply';
    return `${vendorOf(tables[name], version)}ST_${MULTIPART_NAMES.get(name) ?? capitals(plainName(name))} ${direction}`;
  }
  return `${vendorOf(MESSAGES[type], version)}T_${MESSAGE_NAMES.get(type) ?? capitals(plainName(type))}`;
}

/** The name of a message by its first bytes: none if no such message exists, or an experimenter would have to say. */
export function partName(data: Uint8Array): string | undefined {
  const version = data[0]!;
  const code = data[1]!;
  const [request, reply] = version === 1 ? [16, 17] : [18, 19];
  if (code === request || code === reply) return multipartPartName(data, code === request);
  const [type] = byCode(MESSAGES, version, code);
  return type && `OFPT_${MESSAGE_NAMES.get(type) ?? capitals(type)}`;
}

function multipartPartName(data: Uint8Array, isRequest: boolean): string | undefined {
  const headerLength = data[0] === 1 ? 12 : 16;
  if (data.length < headerLength) return undefined;
  const [name] = byCode(isRequest ? MULTIPART_REQUESTS : MULTIPART_REPLIES, data[0]!, (data[8]! << 8) | data[9]!);
  return name && `OFPST_${MULTIPART_NAMES.get(name) ?? capitals(name)} ${isRequest ? 'request' : 'reply'}`;
}

type Coded = { readonly layouts: readonly { versions: readonly [number, number]; code?: number }[] };

/** The entries of a family that have the number in the version, but for those of experimenters. */
function byCode(family: { readonly [name: string]: Coded }, version: number, code: number): string[] {
  return Object.keys(family).filter(
    (name) =>
      name !== 'experimenter' &&
      family[name]!.layouts.some(
        (each) => each.code === code && each.versions[0] <= version && version <= each.versions[1],
      ),
  );
}

/** What the codes of each error type begin with. */
const ERROR_PREFIXES: { readonly [T in keyof typeof ERROR_TYPES]: string } = {
  HELLO_FAILED: 'OFPHFC',
  BAD_REQUEST: 'OFPBRC',
  BAD_ACTION: 'OFPBAC',
  BAD_INSTRUCTION: 'OFPBIC',
  BAD_MATCH: 'OFPBMC',
  FLOW_MOD_FAILED: 'OFPFMFC',
  GROUP_MOD_FAILED: 'OFPGMFC',
  PORT_MOD_FAILED: 'OFPPMFC',
  TABLE_MOD_FAILED: 'OFPTMFC',
  QUEUE_OP_FAILED: 'OFPQOFC',
  SWITCH_CONFIG_FAILED: 'OFPSCFC',
  ROLE_REQUEST_FAILED: 'OFPRRFC',
  METER_MOD_FAILED: 'OFPMMFC',
  TABLE_FEATURES_FAILED: 'OFPTFFC',
  BAD_PROPERTY: 'OFPBPC',
  ASYNC_CONFIG_FAILED: 'OFPACFC',
  FLOW_MONITOR_FAILED: 'OFPMOFC',
  BUNDLE_FAILED: 'OFPBFC',
};

/** Codes that Open vSwitch calls by an older or another name. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['OFPBRC_BAD_MULTIPART', 'OFPBRC_BAD_STAT'],
  ['OFPBRC_BAD_EXPERIMENTER', 'OFPBRC_BAD_VENDOR'],
  ['OFPBRC_BAD_EXP_TYPE', 'OFPBRC_BAD_SUBTYPE'],
  ['OFPBRC_IS_SLAVE', 'OFPBRC_IS_SECONDARY'],
  ['OFPBAC_BAD_EXPERIMENTER', 'OFPBAC_BAD_VENDOR'],
  ['OFPBAC_BAD_EXP_TYPE', 'OFPBAC_BAD_VENDOR_TYPE'],
  ['OFPTFFC_BAD_CAP', 'OFPTFFC_BAD_CAPA'],
  // Properties of tables came first, those of everything else with 1.4.
  ['OFPTFFC_BAD_TYPE', 'OFPBPC_BAD_TYPE'],
  ['OFPTFFC_BAD_LEN', 'OFPBPC_BAD_LEN'],
  ['OFPTFFC_BAD_ARGUMENT', 'OFPBPC_BAD_VALUE'],
]);

const ERROR_NAMES: ReadonlyMap<number, string> = new Map(
  (Object.keys(ERROR_TYPES) as (keyof typeof ERROR_TYPES)[]).flatMap((name) =>
    Object.entries(ERROR_TYPES[name].codes).map(
      ([code, number]) => [ERROR_TYPES[name].type * 0x10000 + number, `${ERROR_PREFIXES[name]}_${code}`] as const,
    ),
  ),
);

/** Types of 1.0 whose numbers mean others later. */
const ERRORS_10: ReadonlyMap<number, { readonly prefix: string; readonly codes: { readonly [code: string]: number } }> =
  new Map([
    [3, { prefix: 'OFPFMFC', codes: FlowModFailedCode10 }],
    [4, { prefix: 'OFPPMFC', codes: PortModFailedCode }],
    [5, { prefix: 'OFPQOFC', codes: QueueOpFailedCode }],
  ]);

/** `OFPBRC_BAD_TYPE`, or the numbers of an error that has no name. */
export function errorName(errorType: number, code: number, version = 4): string {
  const early = version === 1 ? ERRORS_10.get(errorType) : undefined;
  if (early) {
    const [name] = Object.entries(early.codes).find(([, number]) => number === code) ?? [];
    return name
      ? `${early.prefix}_${name === 'ALL_TABLES_FULL' ? 'TABLE_FULL' : name}`
      : `error type ${errorType}, code ${code}`;
  }
  const name = ERROR_NAMES.get(errorType * 0x10000 + code);
  return name ? (RENAMED.get(name) ?? name) : `error type ${errorType}, code ${code}`;
}

type Names = readonly (readonly [number, string])[];
const bits = (...names: string[]): Names => names.map((name, bit) => [2 ** bit, name] as const);

/** Bits of a datapath's capabilities, with the versions that have them: bit 3 changed its meaning with 1.1. */
const CAPABILITIES: readonly (readonly [bit: number, name: string, from: number, to: number])[] = [
  [1 << 0, 'FLOW_STATS', 1, 6],
  [1 << 1, 'TABLE_STATS', 1, 6],
  [1 << 2, 'PORT_STATS', 1, 6],
  [1 << 3, 'STP', 1, 1],
  [1 << 3, 'GROUP_STATS', 2, 6],
  [1 << 5, 'IP_REASM', 1, 6],
  [1 << 6, 'QUEUE_STATS', 1, 6],
  [1 << 7, 'ARP_MATCH_IP', 1, 2],
  [1 << 8, 'PORT_BLOCKED', 3, 6],
  [1 << 9, 'BUNDLES', 5, 6],
  [1 << 10, 'FLOW_MONITORING', 5, 6],
];

export const capabilityNames = (version: number): Names =>
  CAPABILITIES.filter(([, , from, to]) => from <= version && version <= to).map(([bit, name]) => [bit, name] as const);

export const PORT_CONFIG: Names = [
  [1 << 0, 'PORT_DOWN'],
  [1 << 1, 'NO_STP'],
  [1 << 2, 'NO_RECV'],
  [1 << 3, 'NO_RECV_STP'],
  [1 << 4, 'NO_FLOOD'],
  [1 << 5, 'NO_FWD'],
  [1 << 6, 'NO_PACKET_IN'],
];
export const PORT_STATE: Names = bits('LINK_DOWN', 'BLOCKED', 'LIVE');
export const PORT_STATE_10: Names = bits('LINK_DOWN');
/** The STP state of 1.0: two bits, of which zero goes without saying. */
export const STP_STATES: readonly string[] = ['', 'STP_LEARN', 'STP_FORWARD', 'STP_BLOCK'];

const SPEEDS_10 = ['10MB-HD', '10MB-FD', '100MB-HD', '100MB-FD', '1GB-HD', '1GB-FD', '10GB-FD'];
const MEDIA = ['COPPER', 'FIBER', 'AUTO_NEG', 'AUTO_PAUSE', 'AUTO_PAUSE_ASYM'];
export const PORT_FEATURES_10: Names = bits(...SPEEDS_10, ...MEDIA);
export const PORT_FEATURES: Names = bits(...SPEEDS_10, '40GB-FD', '100GB-FD', '1TB-FD', 'OTHER', ...MEDIA);

export const FLOW_REMOVED_REASONS = ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction'];
export const PACKET_IN_REASONS = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out'];
export const PORT_REASONS = ['add', 'delete', 'modify'];
export const ROLE_REASONS = ['primary_request', 'configuration_changed', 'experimenter_data_changed'];
export const TABLE_REASONS = ['', '', '', 'vacancy_down', 'vacancy_up'];
export const FORWARD_REASONS = ['group_mod_request', 'meter_mod_request'];
/** The words of Open vSwitch for the roles that the specification calls master and slave. */
export const ROLES = ['nochange', 'equal', 'primary', 'secondary'];
export const FRAGMENT_HANDLING = ['normal', 'drop', 'reassemble', 'nx-match'];
export const BUNDLE_TYPES = ['OPEN', 'CLOSE', 'COMMIT', 'DISCARD'].flatMap((step) => [
  `${step}_REQUEST`,
  `${step}_REPLY`,
]);
export const BUNDLE_FLAGS: Names = bits('atomic', 'ordered');
const MONITOR_EVENTS = ['initial', 'add', 'delete', 'modify', 'actions'];
/** The extension of versions before 1.4 lacks one flag. */
export const MONITOR_FLAGS_NX: Names = bits(...MONITOR_EVENTS, 'own');
export const MONITOR_FLAGS: Names = bits(...MONITOR_EVENTS, 'no-abbrev', 'own');
export const MONITOR_COMMANDS = ['add', 'modify', 'delete'];
export const EVICTION_FLAGS: Names = bits('OTHER', 'IMPORTANCE', 'LIFETIME');
export const METER_BAND_TYPES: Names = [
  [1 << 1, 'drop'],
  [1 << 2, 'dscp_remark'],
];

export const nameOr = (names: readonly string[], number: number): string => names[number] || String(number);
