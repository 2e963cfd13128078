/** The match structure of a message: OXM in 1.2 and later, fixed structures in 1.0 and 1.1. */
import type { OfpVersion } from '../errors.ts';
import type { Codec } from './compile.ts';
import { cursor, FAULTS, fail, put16, putZeros, u16 } from './io.ts';
import { MATCH_10 } from './match10.ts';
import { MATCH_11 } from './match11.ts';
import { oxmListCodec } from './oxm.ts';

const OXM = 1;

/**
 * ```
 * +-------------------------------+-------------------------------+
 * | type = 1 (OXM)                | length without the padding    |
 * +-------------------------------+-------------------------------+
 * | fields ..., padded to a multiple of 8                         |
 * ```
 */
function oxmMatch(version: OfpVersion): Codec {
  const list = oxmListCodec(version, FAULTS.matchLength);
  return {
    read: (b, at, end, xid) => {
      if (end - at < 8) fail('too short', at, 'match', FAULTS.matchLength);
      const type = u16(b, at);
      if (type !== OXM) fail(`type ${type}`, at, 'match.type', FAULTS.matchType);
      const length = u16(b, at + 2);
      const total = (length + 7) & ~7;
      if (length < 4 || total > end - at) fail(`length ${length}`, at + 2, 'match.length', FAULTS.matchLength);
      const fields = list.read(b, at + 4, at + length, xid);
      cursor.at = at + total;
      return fields;
    },
    write: (value) => {
      const at = cursor.at;
      cursor.at = at + 4;
      list.write(value);
      const length = cursor.at - at;
      const total = (length + 7) & ~7;
      putZeros(cursor.at, total - length);
      cursor.at = at + total;
      put16(at, OXM);
      put16(at + 2, length);
    },
  };
}

const FIXED: { readonly [version: number]: Codec } = { 1: MATCH_10, 2: MATCH_11 };

export function matchCodec(version: OfpVersion): Codec {
  return FIXED[version] ?? oxmMatch(version);
}
