/** The match structure of a message: OXM in 1.2 and later, fixed structures in 1.0 and 1.1. */
import type { OfpVersion } from '../errors.ts';
import type { Codec } from './compile.ts';
import { cursor, FAULTS, fail, put16, putZeros, u16 } from './io.ts';
import { MATCH_10 } from './match10.ts';
import { readOxms, writeOxms } from './oxm.ts';

const OXM = 1;

/**
 * ```
 * +-------------------------------+-------------------------------+
 * | type = 1 (OXM)                | length without the padding    |
 * +-------------------------------+-------------------------------+
 * | fields ..., padded to a multiple of 8                         |
 * ```
 */
const MATCH_OXM: Codec = {
  read: (b, at, end) => {
    if (end - at < 8) fail('too short', at, 'match', FAULTS.matchLength);
    const type = u16(b, at);
    if (type !== OXM) fail(`type ${type}`, at, 'match.type', FAULTS.matchType);
    const length = u16(b, at + 2);
    const total = (length + 7) & ~7;
    if (length < 4 || total > end - at) fail(`length ${length}`, at + 2, 'match.length', FAULTS.matchLength);
    const fields = readOxms(b, at + 4, at + length);
    cursor.at = at + total;
    return fields;
  },
  write: (value) => {
    const at = cursor.at;
    cursor.at = at + 4;
    writeOxms(value);
    const length = cursor.at - at;
    const total = (length + 7) & ~7;
    putZeros(cursor.at, total - length);
    cursor.at = at + total;
    put16(at, OXM);
    put16(at + 2, length);
  },
};

export function matchCodec(version: OfpVersion): Codec {
  return version === 1 ? MATCH_10 : MATCH_OXM;
}
