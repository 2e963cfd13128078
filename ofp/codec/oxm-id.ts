/** Match fields named without a value: the header alone, and the experimenter id where there is one. */
import type { OfpVersion } from '../errors.ts';
import type { OxmId } from '../tables/oxm-types.ts';
import type { Codec } from './compile.ts';
import { bad, cursor, FAULTS, type Fault, fail, MAX_MESSAGE, put32, u16, u32 } from './io.ts';
import { putOxmHeader } from './oxm.ts';
import { EXPERIMENTER_CLASS, findOxm, oxmEntry } from './oxm-entries.ts';

interface AnyOxmId {
  field: string;
  hasMask: boolean;
  oxmClass: number;
  oxmField: number;
  length: number;
  experimenter?: number;
}

function read(b: Uint8Array, at: number, end: number, fault: Fault): unknown {
  if (end - at < 4) fail('too short for a field header', at, 'oxmId', fault);
  const oxmClass = u16(b, at);
  const hasMask = (b[at + 2]! & 1) !== 0;
  const length = b[at + 3]!;
  const exp = oxmClass === EXPERIMENTER_CLASS;
  if (exp && end - at < 8) fail('too short for an experimenter id', at, 'oxmId', fault);
  cursor.at = at + (exp ? 8 : 4);
  const entry = findOxm(b, at, end);
  if (entry !== undefined && entry.size === 0) return { field: entry.name, hasMask, length };
  if (entry !== undefined && length === entry.prefix + (hasMask ? 2 : 1) * entry.size) {
    return { field: entry.name, hasMask };
  }
  const unknown = { field: 'unknown', oxmClass, oxmField: b[at + 2]! >> 1, hasMask, length };
  return exp ? { ...unknown, experimenter: u32(b, at + 4) } : unknown;
}

function write(value: unknown, version: OfpVersion): void {
  const item = value as AnyOxmId;
  const at = cursor.at;
  const entry = oxmEntry(item?.field, version);
  if (entry === undefined) {
    if (item?.field !== 'unknown') bad('oxmId.field', item?.field);
    if ((item.oxmClass & 0xffff) !== item.oxmClass) bad('oxmId.oxmClass', item.oxmClass);
    if ((item.oxmField & 0x7f) !== item.oxmField) bad('oxmId.oxmField', item.oxmField);
    if ((item.length & 0xff) !== item.length) bad('oxmId.length', item.length);
    putOxmHeader(at, item.oxmClass, item.oxmField, item.hasMask, item.length);
  } else {
    const length = entry.size === 0 ? (item.length ?? 0) : entry.prefix + (item.hasMask ? 2 : 1) * entry.size;
    if ((length & 0xff) !== length) bad('oxmId.length', length);
    putOxmHeader(at, entry.class, entry.code, item.hasMask, length);
  }
  cursor.at = at + 4;
  if ((entry?.class ?? item.oxmClass) !== EXPERIMENTER_CLASS) return;
  const experimenter = entry === undefined ? item.experimenter : entry.experimenter;
  if (experimenter === undefined || experimenter >>> 0 !== experimenter) bad('oxmId.experimenter', experimenter);
  put32(at + 4, experimenter);
  cursor.at = at + 8;
}

/** A field id where it is not a part of any message of the tables. Throws `OfpDecodeError`. */
export function decodeOxmId(bytes: Uint8Array): OxmId {
  return read(bytes, 0, bytes.length, FAULTS.actionLength) as OxmId;
}

/** One field id. */
export const oxmIdCodec = (version: OfpVersion, fault: Fault): Codec => ({
  read: (b, at, end) => read(b, at, end, fault),
  write: (value) => write(value, version),
});

/** Field ids up to the end of the structure. */
export const oxmIdListCodec = (version: OfpVersion, fault: Fault): Codec => ({
  read: (b, at, end) => {
    const ids: unknown[] = [];
    let p = at;
    while (p < end) {
      ids.push(read(b, p, end, fault));
      p = cursor.at;
    }
    cursor.at = end;
    return ids;
  },
  write: (value) => {
    if (!Array.isArray(value)) bad('oxmIds', value);
    for (const item of value) {
      if (cursor.at > MAX_MESSAGE) bad('oxmIds', 'longer than a message');
      write(item, version);
    }
  },
});
