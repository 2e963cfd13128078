/**
 * Statistics of 1.5: a header of reserved and length, then OXS fields, padded to a multiple of 8 (spec 1.5 7.2.4).
 */
import { OXS_FIELDS, type OxsInfo } from '../tables/oxs.ts';
import type { Codec } from './compile.ts';
import {
  bad,
  cursor,
  FAULTS,
  fail,
  MAX_MESSAGE,
  out,
  put16,
  put32,
  put64,
  putBytes,
  putZeros,
  u16,
  u32,
  u64,
  viewOf,
} from './io.ts';

const OXS_CLASS = 0x8002;
const fault = FAULTS.requestLength;

interface Kind {
  readonly size: number;
  readonly read: (b: Uint8Array, at: number) => unknown;
  readonly write: (at: number, value: unknown, field: string) => void;
}

function word(value: unknown, field: string): number {
  if (typeof value !== 'number' || value >>> 0 !== value) bad(field, value);
  return value;
}

const KINDS: { readonly [K in OxsInfo['kind']]: Kind } = {
  u32: { size: 4, read: u32, write: (at, value, field) => put32(at, word(value, field)) },
  u64: { size: 8, read: u64, write: put64 },
  time: {
    size: 8,
    read: (b, at) => [u32(b, at), u32(b, at + 4)],
    write: (at, value, field) => {
      if (!Array.isArray(value) || value.length !== 2) bad(field, value);
      put32(at, word(value[0], field));
      put32(at + 4, word(value[1], field));
    },
  },
};

interface Entry extends Kind {
  readonly name: string;
  readonly code: number;
}

const entries: Entry[] = Object.entries(OXS_FIELDS).map(([name, { code, kind }]) => ({ name, code, ...KINDS[kind] }));
const byCode = new Map(entries.map((e) => [e.code, e]));
const byName = new Map<unknown, Entry>(entries.map((e) => [e.name, e]));

function readFields(b: Uint8Array, at: number, end: number): unknown[] {
  const fields: unknown[] = [];
  let p = at;
  while (p < end) {
    if (end - p < 4) fail('too short for a field header', p, 'oxs', fault);
    const length = b[p + 3]!;
    const body = p + 4;
    if (length > end - body) fail(`length ${length}`, p + 3, 'oxs', fault);
    const oxsClass = u16(b, p);
    const code = b[p + 2]! >> 1;
    const entry = oxsClass === OXS_CLASS ? byCode.get(code) : undefined;
    if (entry === undefined) {
      const data = viewOf(b, body, body + length);
      fields.push({ field: 'unknown', oxsClass, oxsField: code, reserved: b[p + 2]! & 1, data });
    } else {
      if (length !== entry.size) fail(`length ${length}`, p + 3, entry.name, fault);
      fields.push({ field: entry.name, value: entry.read(b, body) });
    }
    p = body + length;
  }
  return fields;
}

interface AnyOxs {
  field: string;
  value: unknown;
  oxsClass: number;
  oxsField: number;
  reserved: number;
  data: unknown;
}

function writeField(item: AnyOxs): void {
  const at = cursor.at;
  const entry = byName.get(item?.field);
  cursor.at = at + 4;
  if (entry !== undefined) {
    entry.write(cursor.at, item.value, entry.name);
    cursor.at += entry.size;
  } else {
    if (item?.field !== 'unknown') bad('oxs.field', item?.field);
    if ((item.oxsClass & 0xffff) !== item.oxsClass) bad('oxs.oxsClass', item.oxsClass);
    if ((item.oxsField & 0x7f) !== item.oxsField) bad('oxs.oxsField', item.oxsField);
    putBytes(item.data, 'oxs.data');
  }
  const length = cursor.at - at - 4;
  if (length > 0xff) bad('oxs.data', `${length} bytes`);
  put16(at, entry === undefined ? item.oxsClass : OXS_CLASS);
  out[at + 2] = entry === undefined ? (item.oxsField << 1) | (item.reserved & 1) : entry.code << 1;
  out[at + 3] = length;
}

export const statsCodec: Codec = {
  read: (b, at, end) => {
    if (end - at < 4) fail('too short', at, 'stats', fault);
    const length = u16(b, at + 2);
    const total = (length + 7) & ~7;
    if (length < 4 || total > end - at) fail(`length ${length}`, at + 2, 'stats', fault);
    const fields = readFields(b, at + 4, at + length);
    cursor.at = at + total;
    return fields;
  },
  write: (value) => {
    if (!Array.isArray(value)) bad('stats', value);
    const at = cursor.at;
    cursor.at = at + 4;
    for (const item of value) {
      if (cursor.at > MAX_MESSAGE) bad('stats', 'longer than a message');
      writeField(item as AnyOxs);
    }
    const length = cursor.at - at;
    const total = (length + 7) & ~7;
    putZeros(cursor.at, total - length);
    cursor.at = at + total;
    put16(at, 0);
    put16(at + 2, length);
  },
};
