/** Random messages whose every value Open vSwitch knows, so that it prints all of them. */
import type fc from 'fast-check';
import { type OfpMessage, type OfpVersion, OXM_FIELDS } from '../../../ofp/index.ts';
import { messageArbitrary } from '../../property/ofp-codec-arbitraries.ts';
import { sameXid, VALID } from './ofp-valid.ts';

interface Fields {
  [name: string]: unknown;
}

const FIRST_RESERVED = 0xffffff00;
const FIRST_NAMED = 0xfffffff8;
const PORTS = ['portNo', 'outPort', 'port', 'inPort', 'watchPort', 'watch'];
const FEATURES = ['curr', 'advertised', 'supported', 'peer', 'advertise'];

/** Bits that Open vSwitch knows in a version; it leaves out the others. */
const known = {
  features: (v: number) => (v === 1 ? 0xfff : 0xffff),
  config: (v: number) => (v === 1 ? 0x7f : 0x65),
  state: (v: number) => (v === 1 ? 0x301 : 7),
  capabilities: (v: number) => [0xef, 0xef, 0x16f, 0x16f, 0x76f, 0x76f][v - 1]!,
  groupActions: (v: number) => (v < 3 ? 1 : 0x03f98001),
};
const ASYNC: { readonly [type: string]: number } = {
  packetIn: 0x3f,
  portStatus: 7,
  flowRemoved: 0x3f,
  roleStatus: 7,
  tableStatus: 0x18,
  requestForward: 3,
};

const and = (value: unknown, mask: number) => ((value as number) & mask) >>> 0;

/**
 * Fields of the standard and registers. The longer registers print as the shorter ones that they cover, and the absence
 * of a tag, which has 16 bits in Open vSwitch's own messages, reads as the 13 bits of the standard.
 */
const isPlain = (oxm: { field: string; value?: unknown; mask?: unknown }) =>
  ((oxm.field in OXM_FIELDS && oxm.field !== 'packet_type') || /^reg\d+$/.test(oxm.field)) &&
  !(oxm.field === 'vlan_vid' && oxm.value === 0);

/** Statistics of 1.5 that are not there print as all ones. */
const STATS = [
  { field: 'duration', value: [1, 0] },
  { field: 'packet_count', value: 1n },
  { field: 'byte_count', value: 2n },
  { field: 'flow_count', value: 3 },
];

function restrict(value: unknown, v: OfpVersion): unknown {
  if (Array.isArray(value)) return value.map((each) => restrict(each, v));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const out: Fields = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, restrict(each, v)]));
  for (const name of FEATURES) if (typeof out[name] === 'number') out[name] = and(out[name], known.features(v));
  for (const name of PORTS) {
    const port = out[name];
    if (typeof port === 'number' && port >= FIRST_RESERVED && port < FIRST_NAMED) out[name] = 1;
  }
  if (out.hwAddr) {
    out.config = and(out.config, known.config(v));
    if (out.mask !== undefined) out.mask = and(out.mask, known.config(v));
    if (out.state !== undefined) out.state = and(out.state, known.state(v));
  }
  const role = /^(\w+)(Master|Slave)$/.exec(String(out.type));
  if (role && typeof out.mask === 'number') out.mask = and(out.mask, ASYNC[role[1]!] ?? 0);
  if (Array.isArray(out.packetInMask)) {
    for (const [name, bits] of [
      ['packetInMask', 7],
      ['portStatusMask', 7],
      ['flowRemovedMask', 15],
    ] as const) {
      out[name] = (out[name] as number[]).map((mask) => mask & bits);
    }
  }
  if (Array.isArray(out.maxGroups)) {
    out.types = and(out.types, 15);
    out.actions = (out.actions as number[]).map((bits) => and(bits, known.groupActions(v)));
  }
  if (Array.isArray(out.match)) out.match = out.match.filter(isPlain);
  if (Array.isArray(out.stats)) {
    const there = new Set(out.stats.map((stat: { field: string }) => stat.field));
    const sane = out.stats.map((stat: { field: string }) =>
      stat.field === 'idle_time' ? { ...stat, value: [9, 0] } : stat,
    );
    out.stats = [...sane, ...STATS.filter(({ field }) => !there.has(field))];
  }
  return out;
}

/** As `restrict`, and what only some messages have. */
function restrictMessage(message: OfpMessage): OfpMessage {
  const out = restrict(message, message.version) as OfpMessage & Fields;
  if (out.type === 'featuresReply') {
    out.capabilities = and(out.capabilities, known.capabilities(out.version));
    if (out.actions !== undefined) out.actions = and(out.actions, 0xfff);
  }
  // A message that is refused is one that exists, cut short.
  if (out.type === 'error' && out.data.length >= 8) {
    const data = Uint8Array.of(out.version, 14, 0xff, 0xff, ...out.data.subarray(4));
    return { ...out, data };
  }
  if (out.type === 'hello') {
    const elements = out.elements.filter((element) => element.type === 'versionBitmap').slice(0, 1);
    return { ...out, elements: elements.map((element) => ({ ...element, bitmaps: [(element.bitmaps[0] ?? 0) | 2] })) };
  }
  if (out.type === 'packetIn' || out.type === 'nxPacketIn')
    return { ...out, reason: out.reason % 6, match: out.match.filter(({ field }) => NEEDLESS.has(field)) };
  if (out.type === 'tableMod' || out.type === 'tableStatus') return withoutProperties(out);
  return out;
}

/** Fields that need no other one. */
const NEEDLESS: ReadonlySet<string> = new Set(['in_port', 'metadata', 'eth_dst', 'eth_src', 'tunnel_id']);

/** Open vSwitch reads the properties of one table in ways of its own. */
function withoutProperties(message: OfpMessage & { type: 'tableMod' | 'tableStatus' }): OfpMessage {
  if (message.type === 'tableMod') {
    const later = message.version >= 5;
    return { ...message, config: later ? message.config & 8 : message.config % 3, ...(later && { properties: [] }) };
  }
  return { ...message, table: { ...message.table, properties: [] } };
}

export const printable = (what: string, version: OfpVersion): fc.Arbitrary<OfpMessage> =>
  messageArbitrary(what, { version, ...VALID })
    .map(sameXid)
    .map(restrictMessage);
