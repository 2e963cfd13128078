/** Values of variable size that are no structures, and lists. */
import type { Codec } from './compile.ts';
import {
  bad,
  cursor,
  encodeText,
  FAULTS,
  type Fault,
  fail,
  MAX_MESSAGE,
  out,
  port16,
  put32,
  putBytes,
  putPort16,
  putZeros,
  text,
  u32,
  viewOf,
} from './io.ts';

/** Structures one after the other up to the end. */
export function listOf(name: string, { read, write }: Codec): Codec {
  return {
    read: (b, at, end, xid) => {
      const items: unknown[] = [];
      let p = at;
      while (p < end) {
        items.push(read(b, p, end, xid));
        p = cursor.at;
      }
      cursor.at = p;
      return items;
    },
    write: (value) => {
      if (!Array.isArray(value)) bad(name, value);
      for (const item of value) {
        if (cursor.at > MAX_MESSAGE) bad(name, 'longer than a message');
        write(item);
      }
    },
  };
}

export const bytes: Codec = {
  read: (b, at, end) => {
    cursor.at = end;
    return viewOf(b, at, end);
  },
  write: (value) => putBytes(value, 'data'),
};

export const textCodec: Codec = {
  read: (b, at, end) => {
    cursor.at = end;
    return text(b, at, end - at);
  },
  write: (value) => putBytes(encodeText(value, 'text'), 'text'),
};

export const octets: Codec = {
  read: (b, at, end) => {
    cursor.at = end;
    return Array.from(b.subarray(at, end));
  },
  write: (value) => {
    if (!Array.isArray(value) || value.length > MAX_MESSAGE) bad('u8[]', value);
    for (const v of value) {
      if ((v & 0xff) !== v) bad('u8[]', v);
      out[cursor.at++] = v;
    }
  },
};

export const words = (fault: Fault): Codec => ({
  read: (b, at, end) => {
    if (((end - at) & 3) !== 0) fail('not a multiple of 4 bytes', at, 'u32[]', fault);
    const values: number[] = [];
    for (let p = at; p < end; p += 4) values.push(u32(b, p));
    cursor.at = end;
    return values;
  },
  write: (value) => {
    if (!Array.isArray(value) || value.length > MAX_MESSAGE / 4) bad('u32[]', value);
    for (const v of value) {
      if (v >>> 0 !== v) bad('u32[]', v);
      put32(cursor.at, v);
      cursor.at += 4;
    }
  },
});

/** A word with as much padding, or nothing: null. */
export const wordOrNothing: Codec = {
  read: (b, at, end) => {
    if (at !== end && end - at !== 8) fail('neither 0 nor 8 bytes', at, 'u32?', FAULTS.requestLength);
    cursor.at = end;
    return at === end ? null : u32(b, at);
  },
  write: (value) => {
    if (value === null) return;
    const v = value as number;
    if (v >>> 0 !== v) bad('u32?', v);
    put32(cursor.at, v);
    putZeros(cursor.at + 4, 4);
    cursor.at += 8;
  },
};

interface PortField {
  readonly field: string;
  readonly value: number;
}

/** Ingress port of a 1.0 packet-in, as a match. */
export const inPort10: Codec = {
  read: (b, at, end) => {
    if (end - at < 2) fail('too short', at, 'packetIn.inPort', FAULTS.requestLength);
    cursor.at = at + 2;
    return [{ field: 'in_port', value: port16(b, at) }];
  },
  write: (value) => {
    const port = (value as readonly PortField[]).find((f) => f.field === 'in_port');
    putPort16(cursor.at, port?.value, 'packetIn.match.in_port');
    cursor.at += 2;
  },
};

/** Ingress port and physical port of a 1.1 packet-in, as a match; the second is left out where it is the same. */
export const inPort11: Codec = {
  read: (b, at, end) => {
    if (end - at < 8) fail('too short', at, 'packetIn.inPort', FAULTS.requestLength);
    cursor.at = at + 8;
    const port = u32(b, at);
    const physical = u32(b, at + 4);
    const fields = [{ field: 'in_port', value: port }];
    if (physical !== port) fields.push({ field: 'in_phy_port', value: physical });
    return fields;
  },
  write: (value) => {
    const fields = value as readonly PortField[];
    const port = fields.find((f) => f.field === 'in_port')?.value;
    if (port === undefined || port >>> 0 !== port) bad('packetIn.match.in_port', port);
    const physical = fields.find((f) => f.field === 'in_phy_port')?.value ?? port;
    put32(cursor.at, port);
    put32(cursor.at + 4, physical);
    cursor.at += 8;
  },
};
