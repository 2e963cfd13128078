/** Match fields as TLVs. The wire form is drawn in `tables/oxm.ts`. */
import type { OfpVersion } from '../errors.ts';
import {
  NXM_ALIASES,
  ONF_ALIASES,
  OVS_FIELDS,
  OXM_FIELDS,
  type OxmAlias,
  type OxmAliasKind,
  type OxmInfo,
} from '../tables/oxm.ts';
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
  port16,
  put16,
  put32,
  put64,
  putBytes,
  putFixed,
  putPort16,
  u16,
  u32,
  u64,
  viewOf,
} from './io.ts';

interface Kind {
  /** In bytes; 0 if the header says. */
  readonly size: number;
  readonly read: (b: Uint8Array, at: number, size: number) => unknown;
  readonly write: (at: number, value: unknown, field: string) => void;
}

function checked(value: unknown, max: number, field: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) bad(field, value);
  return value;
}

const octets = (size: number): Kind => ({
  size,
  read: (b, at) => copyOf(b, at, size),
  write: (at, value, field) => putFixed(at, value, size, field),
});

const KINDS: { readonly [K in OxmAliasKind]: Kind } = {
  u8: {
    size: 1,
    read: (b, at) => b[at],
    write: (at, value, field) => {
      out[at] = checked(value, 0xff, field);
    },
  },
  u16: { size: 2, read: u16, write: (at, value, field) => put16(at, checked(value, 0xffff, field)) },
  u24: {
    size: 3,
    read: (b, at) => (b[at]! << 16) | u16(b, at + 1),
    write: (at, value, field) => {
      const n = checked(value, 0xffffff, field);
      out[at] = n >>> 16;
      put16(at + 1, n & 0xffff);
    },
  },
  u32: { size: 4, read: u32, write: (at, value, field) => put32(at, checked(value, 0xffffffff, field)) },
  u64: { size: 8, read: u64, write: put64 },
  mac: octets(6),
  ipv6: octets(16),
  u128: octets(16),
  bytes: {
    size: 0,
    read: copyOf,
    write: (at, value, field) => {
      if (!(value instanceof Uint8Array) || value.length > 0xff) bad(field, value);
      putFixed(at, value, value.length, field);
    },
  },
  port16: { size: 2, read: port16, write: putPort16 },
  tos: {
    size: 1,
    read: (b, at) => b[at]! >> 2,
    write: (at, value, field) => {
      out[at] = checked(value, 0x3f, field) << 2;
    },
  },
};

export interface OxmEntry extends Kind {
  readonly name: string;
  readonly class: number;
  readonly code: number;
  readonly experimenter: number | undefined;
  /** Bytes of the experimenter id, before the value and counted in the length. */
  readonly prefix: number;
}

export const EXPERIMENTER_CLASS = 0xffff;
const BASIC_CLASS = 0x8000;

function entryOf(name: string, { class: oxmClass, code, experimenter, kind }: OxmInfo | OxmAlias): OxmEntry {
  return { ...KINDS[kind], name, class: oxmClass, code, experimenter, prefix: experimenter === undefined ? 0 : 4 };
}

const entriesOf = (table: { readonly [name: string]: OxmInfo | OxmAlias }): [string, OxmEntry][] =>
  Object.entries(table).map(([name, info]) => [name, entryOf(name, info)]);

/** The entries to write with: of a Nicira match, of 1.3 and 1.4, and of all others. */
const STANDARD: ReadonlyMap<unknown, OxmEntry> = new Map([...entriesOf(OXM_FIELDS), ...entriesOf(OVS_FIELDS)]);
const EXTENDED: ReadonlyMap<unknown, OxmEntry> = new Map([...STANDARD, ...entriesOf(ONF_ALIASES)] as [
  string,
  OxmEntry,
][]);
const NXM: ReadonlyMap<unknown, OxmEntry> = new Map([...STANDARD, ...entriesOf(NXM_ALIASES)] as [string, OxmEntry][]);

const FIRST_STANDARD = 6;
const entriesFor = (version: OfpVersion): ReadonlyMap<unknown, OxmEntry> =>
  version >= FIRST_STANDARD ? STANDARD : EXTENDED;

/** The basic class by field number: nearly all fields that are ever seen. */
const basic: (OxmEntry | undefined)[] = new Array(128).fill(undefined);
const byHeader = new Map<number, OxmEntry[]>();

for (const table of [OXM_FIELDS, OVS_FIELDS, NXM_ALIASES, ONF_ALIASES]) {
  for (const [, entry] of entriesOf(table)) {
    if (entry.class === BASIC_CLASS) basic[entry.code] = entry;
    const key = entry.class * 128 + entry.code;
    byHeader.set(key, [...(byHeader.get(key) ?? []), entry]);
  }
}

/**
 * Finds the entry of the header at `at`. In the classes of Open vSwitch the length is a part of what names a field: two
 * of them share a number, and a header with another length names none.
 */
export function findOxm(b: Uint8Array, at: number, end: number): OxmEntry | undefined {
  const oxmClass = u16(b, at);
  const code = b[at + 2]! >> 1;
  if (oxmClass === BASIC_CLASS) return basic[code];
  const entries = byHeader.get(oxmClass * 128 + code);
  if (entries === undefined) return undefined;
  if (oxmClass === EXPERIMENTER_CLASS) {
    if (end - at < 8) return undefined;
    const experimenter = u32(b, at + 4);
    return entries.find((e) => e.experimenter === experimenter);
  }
  const length = b[at + 3]!;
  const size = (b[at + 2]! & 1) === 0 ? length : length / 2;
  return entries.find((e) => e.size === size || (e.size === 0 && Number.isInteger(size)));
}

/** Reads one field; the cursor is left behind it. */
export function readOxm(b: Uint8Array, at: number, end: number, fault: Fault): unknown {
  if (end - at < 4) fail('too short for a field header', at, 'oxm', fault);
  const length = b[at + 3]!;
  const body = at + 4;
  const next = body + length;
  if (next > end) fail(`length ${length}`, at + 3, 'oxm', fault);
  const hasMask = (b[at + 2]! & 1) !== 0;
  cursor.at = next;
  const entry = findOxm(b, at, next);
  if (entry === undefined) {
    return { field: 'unknown', oxmClass: u16(b, at), oxmField: b[at + 2]! >> 1, hasMask, data: viewOf(b, body, next) };
  }
  const start = body + entry.prefix;
  const size = entry.size === 0 ? (next - start) >> (hasMask ? 1 : 0) : entry.size;
  if (start + (hasMask ? 2 * size : size) !== next) fail(`length ${length}`, at + 3, entry.name, fault);
  const value = entry.read(b, start, size);
  if (!hasMask) return { field: entry.name, value };
  return { field: entry.name, value, mask: entry.read(b, start + size, size) };
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

export function putOxmHeader(at: number, oxmClass: number, code: number, hasMask: boolean, length: number): void {
  put16(at, oxmClass);
  out[at + 2] = (code << 1) | (hasMask ? 1 : 0);
  out[at + 3] = length;
}

function writeField(entries: ReadonlyMap<unknown, OxmEntry>, value: unknown): void {
  const item = value as AnyOxm;
  const at = cursor.at;
  const entry = entries.get(item?.field);
  if (entry === undefined) {
    writeUnknown(at, item);
    return;
  }
  const { mask } = item;
  const hasMask = mask !== undefined;
  let p = at + 4;
  if (entry.experimenter !== undefined) {
    put32(p, entry.experimenter);
    p += 4;
  }
  entry.write(p, item.value, entry.name);
  const size = entry.size === 0 ? (item.value as Uint8Array).length : entry.size;
  p += size;
  if (hasMask) {
    if (entry.size === 0 && (mask as Uint8Array).length !== size) bad(entry.name, mask);
    entry.write(p, mask, entry.name);
    p += size;
  }
  if (p - at - 4 > 0xff) bad(entry.name, `${size} bytes`);
  putOxmHeader(at, entry.class, entry.code, hasMask, p - at - 4);
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
  putOxmHeader(at, item.oxmClass, item.oxmField, item.hasMask, length);
}

/** More than all fields that exist, several times over: a longer list is there to cost time. */
const MOST_FIELDS = 1024;

/** Fields one after the other up to the end. */
export function readOxms(b: Uint8Array, at: number, end: number, fault: Fault = FAULTS.matchLength): unknown[] {
  const fields: unknown[] = [];
  let p = at;
  while (p < end) {
    if (fields.length === MOST_FIELDS) fail(`more than ${MOST_FIELDS} fields`, p, 'match', fault);
    fields.push(readOxm(b, p, end, fault));
    p = cursor.at;
  }
  cursor.at = end;
  return fields;
}

function writeFields(entries: ReadonlyMap<unknown, OxmEntry>, value: unknown): void {
  if (!Array.isArray(value)) bad('match', value);
  for (const item of value) {
    if (cursor.at > MAX_MESSAGE) bad('match', 'longer than a message');
    writeField(entries, item);
  }
}

/** One field with its value. */
export function oxmCodec(version: OfpVersion, fault: Fault): Codec {
  const entries = entriesFor(version);
  return { read: (b, at, end) => readOxm(b, at, end, fault), write: (value) => writeField(entries, value) };
}

/** Fields up to the end of the structure. */
export function oxmListCodec(version: OfpVersion, fault: Fault): Codec {
  const entries = entriesFor(version);
  return { read: (b, at, end) => readOxms(b, at, end, fault), write: (value) => writeFields(entries, value) };
}

/** The fields of a Nicira match, up to the end of its bounds. */
export const NXM_LIST: Codec = {
  read: (b, at, end) => readOxms(b, at, end),
  write: (value) => writeFields(NXM, value),
};

/** The entry that a field is written with. */
export function oxmEntry(field: unknown, version: OfpVersion): OxmEntry | undefined {
  return entriesFor(version).get(field);
}
