import { type Action, ExperimenterId, OXM_FIELDS, type OxmField } from '../../ofp/index.ts';
import { get16, get32, put16, put32 } from '../packet/index.ts';

/**
 * Nicira's load, which stands for set-field in 1.0 and 1.1. Behind the experimenter's id:
 *
 * ```
 *  0                   1                   2                   3
 * +-------------------------------+-------------------+-----------+
 * | subtype 7                     | first bit         | bits - 1  |
 * +-------------------------------+-------------------+-----------+
 * | field: class, number, length                                  |
 * +---------------------------------------------------------------+
 * | value                                                         |
 * +                                                               +
 * |                                                               |
 * +---------------------------------------------------------------+
 * ```
 *
 * A field of 128 bits takes two.
 */
const subtype = 7;
const loadLength = 16;
const chunkBits = 64;

/** Fields that no action of 1.0 sets, with their class and number (Open vSwitch's `meta-flow`), and bytes. */
const loadable = {
  metadata: [0x8000, 2, 8],
  tunnel_id: [1, 16, 8],
  arp_op: [0, 15, 2],
  arp_spa: [0, 16, 4],
  arp_tpa: [0, 17, 4],
  arp_sha: [1, 17, 6],
  arp_tha: [1, 18, 6],
  ipv6_src: [1, 19, 16],
  ipv6_dst: [1, 20, 16],
  ipv6_nd_target: [1, 23, 16],
  ipv6_nd_sll: [1, 24, 6],
  ipv6_nd_tll: [1, 25, 6],
  ipv6_flabel: [1, 27, 4],
  ip_ecn: [1, 28, 1],
} as const;
type Loadable = keyof typeof loadable;

const headerOf = (name: Loadable): number => {
  const [oxmClass, number, bytes] = loadable[name];
  return ((oxmClass << 16) | (number << 9) | bytes) >>> 0;
};
const byHeader = new Map((Object.keys(loadable) as Loadable[]).map((name) => [headerOf(name), name]));

/** Part of a field. */
interface Load {
  readonly name: Loadable;
  readonly first: number;
  readonly bits: number;
  readonly value: bigint;
}

/** Set-field as loads, least significant bits first; undefined for a field that is not loaded. */
export function loadsOf(field: OxmField): Action[] | undefined {
  if (!Object.hasOwn(loadable, field.field) || !('value' in field) || ('mask' in field && field.mask !== undefined)) {
    return undefined;
  }
  const name = field.field as Loadable;
  const { bits } = OXM_FIELDS[name];
  const value = toBigint(field.value as number | bigint | Uint8Array);
  const loads: Action[] = [];
  for (let first = 0; first < bits; first += chunkBits) {
    const width = Math.min(chunkBits, bits - first);
    loads.push(write({ name, first, bits: width, value: BigInt.asUintN(width, value >> BigInt(first)) }));
  }
  return loads;
}

/** Loads of whole fields as set-field; other actions, and loads of parts, as they are. */
export function withoutLoads(actions: readonly Action[]): Action[] {
  const result: Action[] = [];
  for (let i = 0; i < actions.length; i++) {
    const load = read(actions[i]!);
    const next = i + 1 < actions.length ? read(actions[i + 1]!) : undefined;
    const whole = load && (wholeOf([load]) ?? (next && wholeOf([load, next])));
    if (!whole) {
      result.push(actions[i]!);
      continue;
    }
    result.push({ type: 'setField', field: whole });
    if (load.bits < OXM_FIELDS[load.name].bits) i += 1;
  }
  return result;
}

/** The field that loads make up together, if they cover all of it. */
function wholeOf(loads: readonly Load[]): OxmField | undefined {
  const { name } = loads[0]!;
  let at = 0;
  let value = 0n;
  for (const load of loads.toSorted((a, b) => a.first - b.first)) {
    if (load.name !== name || load.first !== at) return undefined;
    value |= load.value << BigInt(at);
    at += load.bits;
  }
  if (at !== OXM_FIELDS[name].bits) return undefined;
  return { field: name, value: fromBigint(value, name) } as OxmField;
}

function read(action: Action): Load | undefined {
  if (action.type !== 'experimenter' || action.experimenter !== ExperimenterId.NICIRA) return undefined;
  const { data } = action;
  if (data.length !== loadLength || get16(data, 0) !== subtype) return undefined;
  const name = byHeader.get(get32(data, 4));
  const place = get16(data, 2);
  if (!name) return undefined;
  return { name, first: place >> 6, bits: (place & 0x3f) + 1, value: toBigint(data.subarray(8)) };
}

function write({ name, first, bits, value }: Load): Action {
  const data = new Uint8Array(loadLength);
  put16(data, 0, subtype);
  put16(data, 2, (first << 6) | (bits - 1));
  put32(data, 4, headerOf(name));
  data.set(bytesOf(value, 8), 8);
  return { type: 'experimenter', experimenter: ExperimenterId.NICIRA, data };
}

function toBigint(value: number | bigint | Uint8Array): bigint {
  if (!(value instanceof Uint8Array)) return BigInt(value);
  return value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn));
}

/** In the shape that the field's values have. */
function fromBigint(value: bigint, name: Loadable): number | bigint | Uint8Array {
  const { kind } = OXM_FIELDS[name];
  const [, , bytes] = loadable[name];
  if (kind === 'mac' || kind === 'ipv6') return bytesOf(value, bytes);
  return kind === 'u64' ? value : Number(value);
}
