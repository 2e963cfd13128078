/** Match fields as TLVs, and fields named without a value. The wire form is drawn in `tables/oxm.ts`. */
import { OXM_FIELDS, type OxmInfo, type OxmKind } from '../tables/oxm.ts';
import type { Codec } from './compile.ts';
import {
  bad,
  copyOf,
  cursor,
  FAULTS,
  type Fault,
  fail,
  MAX_MESSAGE,
  out,
  put16,
  put32,
  put64,
  putBytes,
  putFixed,
  u16,
  u32,
  u64,
  viewOf,
} from './io.ts';

interface Kind {
  readonly size: number;
  readonly read: (b: Uint8Array, at: number) => unknown;
  readonly write: (at: number, value: unknown, field: string) => void;
}

function checked(value: unknown, max: number, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) bad(field, value);
  return value;
}

const KINDS: { readonly [K in OxmKind]: Kind } = {
  u8: {
    size: 1,
    read: (b, at) => b[at],
    write: (at, v, field) => {
      out[at] = checked(v, 0xff, field);
    },
  },
  u16: { size: 2, read: u16, write: (at, v, field) => put16(at, checked(v, 0xffff, field)) },
  u24: {
    size: 3,
    read: (b, at) => (b[at]! << 16) | u16(b, at + 1),
    write: (at, v, field) => {
      const n = checked(v, 0xffffff, field);
      out[at] = n >>> 16;
      put16(at + 1, n & 0xffff);
    },
  },
  u32: { size: 4, read: u32, write: (at, v, field) => put32(at, checked(v, 0xffffffff, field)) },
  u64: { size: 8, read: u64, write: put64 },
  mac: { size: 6, read: (b, at) => copyOf(b, at, 6), write: (at, v, field) => putFixed(at, v, 6, field) },
  ipv6: { size: 16, read: (b, at) => copyOf(b, at, 16), write: (at, v, field) => putFixed(at, v, 16, field) },
  u128: { size: 16, read: (b, at) => copyOf(b, at, 16), write: (at, v, field) => putFixed(at, v, 16, field) },
};

interface Entry extends Kind {
  readonly name: string;
  readonly class: number;
  readonly code: number;
  /** Value bytes and the experimenter id. */
  readonly payload: number;
  readonly experimenter: number | undefined;
}

const EXPERIMENTER_CLASS = 0xffff;
const BASIC_CLASS = 0x8000;

const byName = new Map<unknown, Entry>();
/** The basic class by field number: nearly all fields that are ever seen. */
const basic: (Entry | undefined)[] = new Array(128).fill(undefined);
const byHeader = new Map<number, Entry[]>();

for (const [name, info] of Object.entries(OXM_FIELDS) as [string, OxmInfo][]) {
  const kind = KINDS[info.kind];
  const entry: Entry = {
    ...kind,
    name,
    class: info.class,
    code: info.code,
    payload: kind.size + (info.experimenter === undefined ? 0 : 4),
    experimenter: info.experimenter,
  };
  byName.set(name, entry);
  if (info.class === BASIC_CLASS) basic[info.code] = entry;
  const key = info.class * 128 + info.code;
  byHeader.set(key, [...(byHeader.get(key) ?? []), entry]);
}

/** Finds the entry of the header at `at`; `end` bounds the experimenter id. */
function find(b: Uint8Array, at: number, end: number): Entry | undefined {
  const oxmClass = u16(b, at);
  const code = b[at + 2]! >> 1;
  if (oxmClass === BASIC_CLASS) return basic[code];
  const entries = byHeader.get(oxmClass * 128 + code);
  if (entries === undefined || oxmClass !== EXPERIMENTER_CLASS) return entries?.[0];
  if (end - at < 8) return undefined;
  const experimenter = u32(b, at + 4);
  return entries.find((e) => e.experimenter === experimenter);
}

/** Reads one field; the cursor is left behind it. */
export function readOxm(b: Uint8Array, at: number, end: number, fault: Fault): unknown {
  if (end - at < 4) fail('too short for a field header', at, 'oxm', fault);
  const length = b[at + 3]!;
  const body = at + 4;
  if (length > end - body) fail(`length ${length}`, at + 3, 'oxm', fault);
  const hasMask = (b[at + 2]! & 1) !== 0;
  cursor.at = body + length;
  const entry = find(b, at, body + length);
  if (entry === undefined) {
    return {
      field: 'unknown',
      oxmClass: u16(b, at),
      oxmField: b[at + 2]! >> 1,
      hasMask,
      data: viewOf(b, body, body + length),
    };
  }
  const start = body + entry.payload - entry.size;
  if (!hasMask) {
    if (length !== entry.payload) fail(`length ${length}`, at + 3, entry.name, fault);
    return { field: entry.name, value: entry.read(b, start) };
  }
  if (length !== entry.payload + entry.size) fail(`length ${length}`, at + 3, entry.name, fault);
  return { field: entry.name, value: entry.read(b, start), mask: entry.read(b, start + entry.size) };
}

interface AnyOxm {
  field: string;
  value: unknown;
  mask?: unknown;
  oxmClass: number;
  oxmField: number;
  hasMask: boolean;
  data: unknown;
}

function putHeader(at: number, oxmClass: number, code: number, hasMask: boolean, length: number): void {
  put16(at, oxmClass);
  out[at + 2] = (code << 1) | (hasMask ? 1 : 0);
  out[at + 3] = length;
}

/** Writes one field at the cursor. */
export function writeOxm(value: unknown): void {
  const item = value as AnyOxm;
  const at = cursor.at;
  const entry = byName.get(item?.field);
  if (entry === undefined) {
    writeUnknown(at, item);
    return;
  }
  const { mask } = item;
  const hasMask = mask !== undefined;
  let p = at + 4;
  putHeader(at, entry.class, entry.code, hasMask, entry.payload + (hasMask ? entry.size : 0));
  if (entry.experimenter !== undefined) {
    put32(p, entry.experimenter);
    p += 4;
  }
  entry.write(p, item.value, entry.name);
  p += entry.size;
  if (hasMask) {
    entry.write(p, mask, entry.name);
    p += entry.size;
  }
  cursor.at = p;
}

function writeUnknown(at: number, item: AnyOxm): void {
  if (item?.field !== 'unknown') bad('oxm.field', item?.field);
  if ((item.oxmClass & 0xffff) !== item.oxmClass) bad('oxm.oxmClass', item.oxmClass);
  if ((item.oxmField & 0x7f) !== item.oxmField) bad('oxm.oxmField', item.oxmField);
  cursor.at = at + 4;
  putBytes(item.data, 'oxm.data');
  const length = cursor.at - at - 4;
  if (length > 0xff) bad('oxm.data', `${length} bytes`);
  putHeader(at, item.oxmClass, item.oxmField, item.hasMask, length);
}

/** Fields one after the other up to the end. */
export function readOxms(b: Uint8Array, at: number, end: number, fault: Fault = FAULTS.matchLength): unknown[] {
  const fields: unknown[] = [];
  let p = at;
  while (p < end) {
    fields.push(readOxm(b, p, end, fault));
    p = cursor.at;
  }
  cursor.at = end;
  return fields;
}

export function writeOxms(value: unknown): void {
  if (!Array.isArray(value)) bad('match', value);
  for (const item of value) {
    if (cursor.at > MAX_MESSAGE) bad('match', 'longer than a message');
    writeOxm(item);
  }
}

function readId(b: Uint8Array, at: number, end: number, fault: Fault): unknown {
  if (end - at < 4) fail('too short for a field header', at, 'oxmId', fault);
  const oxmClass = u16(b, at);
  const hasMask = (b[at + 2]! & 1) !== 0;
  const length = b[at + 3]!;
  const exp = oxmClass === EXPERIMENTER_CLASS;
  if (exp && end - at < 8) fail('too short for an experimenter id', at, 'oxmId', fault);
  cursor.at = at + (exp ? 8 : 4);
  const entry = find(b, at, end);
  if (entry !== undefined && length === entry.payload + (hasMask ? entry.size : 0))
    return { field: entry.name, hasMask };
  const unknown = { field: 'unknown', oxmClass, oxmField: b[at + 2]! >> 1, hasMask, length };
  return exp ? { ...unknown, experimenter: u32(b, at + 4) } : unknown;
}

function writeId(value: unknown): void {
  const item = value as AnyOxm & { length: number; experimenter?: number };
  const at = cursor.at;
  const entry = byName.get(item?.field);
  const experimenter = entry === undefined ? item?.experimenter : entry.experimenter;
  if (entry !== undefined) {
    putHeader(at, entry.class, entry.code, item.hasMask, entry.payload + (item.hasMask ? entry.size : 0));
  } else {
    if (item?.field !== 'unknown') bad('oxmId.field', item?.field);
    if ((item.oxmClass & 0xffff) !== item.oxmClass) bad('oxmId.oxmClass', item.oxmClass);
    if ((item.oxmField & 0x7f) !== item.oxmField) bad('oxmId.oxmField', item.oxmField);
    if ((item.length & 0xff) !== item.length) bad('oxmId.length', item.length);
    putHeader(at, item.oxmClass, item.oxmField, item.hasMask, item.length);
  }
  cursor.at = at + 4;
  if ((entry?.class ?? item.oxmClass) !== EXPERIMENTER_CLASS) return;
  if (experimenter === undefined || experimenter >>> 0 !== experimenter) bad('oxmId.experimenter', experimenter);
  put32(at + 4, experimenter);
  cursor.at = at + 8;
}

/** One field id. */
export const oxmId = (fault: Fault): Codec => ({ read: (b, at, end) => readId(b, at, end, fault), write: writeId });

/** Field ids up to the end of the structure. */
export const oxmIds = (fault: Fault): Codec => ({
  read: (b, at, end) => {
    const ids: unknown[] = [];
    let p = at;
    while (p < end) {
      ids.push(readId(b, p, end, fault));
      p = cursor.at;
    }
    cursor.at = end;
    return ids;
  },
  write: (value) => {
    if (!Array.isArray(value)) bad('oxmIds', value);
    for (const item of value) {
      if (cursor.at > MAX_MESSAGE) bad('oxmIds', 'longer than a message');
      writeId(item);
    }
  },
});
