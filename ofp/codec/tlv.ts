/** Lists of TLVs, told apart by a 16-bit type. */
import type { OfpVersion } from '../errors.ts';
import type { Family } from '../tables/schema.ts';
import { type Codec, compile, layoutFor } from './compile.ts';
import { bad, cursor, type Fault, fail, MAX_MESSAGE, out, put16, putBytes, putZeros, u16, viewOf } from './io.ts';

export interface Framing {
  /** `inside`: the length is a multiple of 8 and counts the padding; `outside`: padding to 8 follows uncounted. */
  readonly padding: 'inside' | 'outside';
  /** The length comes before the type. */
  readonly lengthFirst?: boolean;
  readonly fault: Fault;
  /** What is no TLV ends the list and is ignored, as hello elements must be (spec 1.3 7.5.1). */
  readonly lenient?: boolean;
}

interface Entry {
  readonly code: number;
  readonly codec: Codec;
}

const padded = (length: number): number => (length + 7) & ~7;

/** The codec of a list that reaches up to the end of its parent. */
export function tlvList(
  name: string,
  family: Family,
  version: OfpVersion,
  framing: Framing,
  variable: (wire: string) => Codec,
): Codec {
  const byCode = new Map<number, Codec>();
  const byName = new Map<unknown, Entry>();
  for (const [type, struct] of Object.entries(family)) {
    const layout = layoutFor(struct, version);
    if (layout?.code === undefined) continue;
    const head = `type:${JSON.stringify(type)}`;
    const codec = compile(struct, layout, {
      name: `${name}.${type}`,
      version,
      head,
      exact: true,
      fault: framing.fault,
      variable,
    });
    byCode.set(layout.code, codec);
    byName.set(type, { code: layout.code, codec });
  }
  const { fault } = framing;
  const inside = framing.padding === 'inside';
  const typeAt = framing.lengthFirst === true ? 2 : 0;
  const lengthAt = 2 - typeAt;

  const read = (b: Uint8Array, at: number, end: number, xid: number): unknown[] => {
    const items: unknown[] = [];
    let p = at;
    while (p < end) {
      const length = end - p < 4 ? 0 : u16(b, p + lengthAt);
      const total = inside ? length : padded(length);
      if (length < 4 || total > end - p || (inside && (length & 7) !== 0)) {
        if (framing.lenient !== true) fail(`length ${length} with ${end - p} bytes left`, p, name, fault);
        p = end;
        break;
      }
      const code = u16(b, p + typeAt);
      const codec = byCode.get(code);
      items.push(
        codec === undefined
          ? { type: 'unknown', code, data: viewOf(b, p + 4, p + length) }
          : codec.read(b, p + 4, p + length, xid),
      );
      p += total;
    }
    cursor.at = p;
    return items;
  };

  const write = (value: unknown): void => {
    if (!Array.isArray(value)) bad(name, value);
    for (const item of value as readonly { type: string; code: number; data: unknown }[]) {
      const start = cursor.at;
      if (start > MAX_MESSAGE) bad(name, 'longer than a message');
      const entry = byName.get(item.type);
      cursor.at = start + 4;
      if (entry !== undefined) entry.codec.write(item);
      else if (item.type === 'unknown' && (item.code & 0xffff) === item.code) putBytes(item.data, `${name}.data`);
      else bad(`${name}.type`, item.type);
      const length = cursor.at - start;
      const total = padded(length);
      putZeros(cursor.at, total - length);
      cursor.at = start + total;
      put16(start + typeAt, entry === undefined ? item.code : entry.code);
      put16(start + lengthAt, inside ? total : length);
    }
    if (cursor.at > out.length) bad(name, 'longer than a message');
  };
  return { read, write };
}

/** A list of types alone: 4-byte headers (padded by some to 8), or 8 bytes and more for experimenters. */
export function typeIdList(name: string, family: Family, version: OfpVersion, fault: Fault): Codec {
  const byCode = new Map<number, string>();
  const byName = new Map<string, number>();
  for (const [type, struct] of Object.entries(family)) {
    const code = layoutFor(struct, version)?.code;
    if (code === undefined) continue;
    byCode.set(code, type);
    byName.set(type, code);
  }
  const EXPERIMENTER = 0xffff;

  const read = (b: Uint8Array, at: number, end: number): unknown[] => {
    const items: unknown[] = [];
    let p = at;
    while (p < end) {
      if (end - p < 4) fail('too short for a header', p, name, fault);
      const code = u16(b, p);
      const length = u16(b, p + 2);
      if (length < 4 || length > end - p) fail(`length ${length}`, p, name, fault);
      const type = byCode.get(code);
      if (code === EXPERIMENTER && length >= 8) {
        const experimenter = (u16(b, p + 4) * 0x10000 + u16(b, p + 6)) >>> 0;
        items.push({ type: 'experimenter', experimenter, data: viewOf(b, p + 8, p + length) });
      } else if (type !== undefined && code !== EXPERIMENTER && b.subarray(p + 4, p + length).every((o) => o === 0)) {
        items.push({ type });
      } else {
        items.push({ type: 'unknown', code, data: viewOf(b, p + 4, p + length) });
      }
      p += length;
    }
    cursor.at = p;
    return items;
  };

  const write = (value: unknown): void => {
    if (!Array.isArray(value)) bad(name, value);
    for (const item of value as readonly { type: string; code: number; experimenter: number; data: unknown }[]) {
      const start = cursor.at;
      const code = item.type === 'unknown' ? item.code : byName.get(item.type);
      if (code === undefined || (code & 0xffff) !== code) bad(`${name}.type`, item.type);
      cursor.at = start + 4;
      if (item.type === 'experimenter') {
        if (item.experimenter >>> 0 !== item.experimenter) bad(`${name}.experimenter`, item.experimenter);
        put16(start + 4, item.experimenter >>> 16);
        put16(start + 6, item.experimenter & 0xffff);
        cursor.at = start + 8;
      }
      if (item.type === 'experimenter' || item.type === 'unknown') putBytes(item.data, `${name}.data`);
      put16(start, code);
      put16(start + 2, cursor.at - start);
      if (cursor.at > out.length) bad(name, 'longer than a message');
    }
  };
  return { read, write };
}
