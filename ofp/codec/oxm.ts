/** Match fields as TLVs. The wire form is drawn in `tables/oxm.ts`. */
import type { OfpVersion } from '../errors.ts';
import type { OxmField } from '../tables/oxm-types.ts';
import type { Codec } from './compile.ts';
import { bad, cursor, FAULTS, type Fault, fail, MAX_MESSAGE, out, put16, put32, putBytes, u16, viewOf } from './io.ts';
import { entriesFor, findOxm, NXM, type OxmEntry } from './oxm-entries.ts';

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

/** A field with its value where it is not a part of any message of the tables. Throws `OfpDecodeError`. */
export function decodeOxm(bytes: Uint8Array): OxmField {
  return readOxm(bytes, 0, bytes.length, FAULTS.actionLength) as OxmField;
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
