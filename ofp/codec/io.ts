/**
 * The cursor, the output buffer and the byte primitives that generated codecs use.
 *
 * Encoders write into one buffer that is reused, so nothing is allocated but the result. Writes past its end are lost
 * without an exception, by the rules of typed arrays; every message is then refused for its length.
 */
import { OfpDecodeError, OfpEncodeError } from '../errors.ts';

/** Longest message: its length field has 16 bits. */
export const MAX_MESSAGE = 0xffff;

/** Where a reader stopped or a writer is to go on. */
export const cursor = { at: 0 };

/** Twice the longest message, so that a single value that is too long cannot run past it before it is checked. */
export const out = new Uint8Array(0x20000);

const pieceSize = 65_536;
let piece = new Uint8Array(0);
let used = 0;

/**
 * A copy of all that was written, cut from a large piece where it is short: a buffer of its own for each of many messages costs
 * more than to encode them. A piece lives for as long as any message in it.
 */
export function written(): Uint8Array {
  const length = cursor.at;
  if (length > pieceSize / 8) return out.slice(0, length);
  if (used + length > piece.length) {
    piece = new Uint8Array(pieceSize);
    used = 0;
  }
  const copy = piece.subarray(used, used + length);
  copy.set(out.subarray(0, length));
  used += length;
  return copy;
}

/** OpenFlow error type and code for a malformed structure of some kind. */
export interface Fault {
  readonly type: number;
  readonly code: number;
}

/** Error numbers of OpenFlow 1.1 and later (spec 1.3 7.4.4); the first two have the same numbers in 1.0. */
export const FAULTS = {
  badVersion: { type: 1, code: 0 },
  badType: { type: 1, code: 1 },
  badMultipart: { type: 1, code: 2 },
  requestLength: { type: 1, code: 6 },
  actionLength: { type: 2, code: 1 },
  instructionLength: { type: 3, code: 7 },
  matchType: { type: 4, code: 0 },
  matchLength: { type: 4, code: 1 },
  meterLength: { type: 1, code: 6 },
  tableFeaturesLength: { type: 13, code: 3 },
  propertyLength: { type: 14, code: 1 },
  bundledType: { type: 17, code: 10 },
} as const satisfies { readonly [name: string]: Fault };

export function fail(reason: string, offset: number, field: string, fault: Fault): never {
  throw new OfpDecodeError(reason, { offset, field, errorType: fault.type, errorCode: fault.code });
}

export function bad(field: string, value: unknown): never {
  throw new OfpEncodeError(field, `cannot be ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
}

export function u16(b: Uint8Array, at: number): number {
  return (b[at]! << 8) | b[at + 1]!;
}

export function u32(b: Uint8Array, at: number): number {
  return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
}

const word64 = new BigUint64Array(1);
const bytes64 = new Uint8Array(word64.buffer);

export function u64(b: Uint8Array, at: number): bigint {
  bytes64[0] = b[at + 7]!;
  bytes64[1] = b[at + 6]!;
  bytes64[2] = b[at + 5]!;
  bytes64[3] = b[at + 4]!;
  bytes64[4] = b[at + 3]!;
  bytes64[5] = b[at + 2]!;
  bytes64[6] = b[at + 1]!;
  bytes64[7] = b[at]!;
  return word64[0]!;
}

export function put16(at: number, value: number): void {
  out[at] = value >>> 8;
  out[at + 1] = value;
}

export function put32(at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

const MAX64 = 0xffffffffffffffffn;

export function put64(at: number, value: unknown, field: string): void {
  if (typeof value !== 'bigint' || value < 0n || value > MAX64) bad(field, value);
  word64[0] = value;
  out[at] = bytes64[7]!;
  out[at + 1] = bytes64[6]!;
  out[at + 2] = bytes64[5]!;
  out[at + 3] = bytes64[4]!;
  out[at + 4] = bytes64[3]!;
  out[at + 5] = bytes64[2]!;
  out[at + 6] = bytes64[1]!;
  out[at + 7] = bytes64[0]!;
}

/** A copy of a short byte string, so that it does not hold on to the receive buffer. */
export function copyOf(b: Uint8Array, at: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = b[at + i]!;
  return copy;
}

const NOTHING = new Uint8Array(0);

/** A view of the rest of a structure: payloads are not copied. */
export function viewOf(b: Uint8Array, at: number, end: number): Uint8Array {
  if (at === end) return NOTHING;
  return new Uint8Array(b.buffer, b.byteOffset + at, end - at);
}

/** Writes bytes of any length at the cursor. */
export function putBytes(value: unknown, field: string): void {
  if (!(value instanceof Uint8Array)) bad(field, value);
  if (value.length > MAX_MESSAGE) bad(field, `${value.length} bytes`);
  if (cursor.at + value.length <= out.length) out.set(value, cursor.at);
  cursor.at += value.length;
}

/** Writes exactly `length` bytes. */
export function putFixed(at: number, value: unknown, length: number, field: string): void {
  if (!(value instanceof Uint8Array) || value.length !== length) bad(field, value);
  for (let i = 0; i < length; i++) out[at + i] = value[i]!;
}

export function putZeros(at: number, length: number): void {
  for (let i = 0; i < length; i++) out[at + i] = 0;
}

const decoder = new TextDecoder('utf-8');
const encoder = new TextEncoder();

/** Text of `length` bytes, ended by the first zero byte if there is one. */
export function text(b: Uint8Array, at: number, length: number): string {
  let n = 0;
  let plain = true;
  while (n < length && b[at + n] !== 0) {
    if (b[at + n]! > 127) plain = false;
    n++;
  }
  if (!plain || n > 64) return decoder.decode(viewOf(b, at, at + n));
  let s = '';
  for (let i = 0; i < n; i++) s += String.fromCharCode(b[at + i]!);
  return s;
}

/** Writes text, filled up with zero bytes to `length`. */
export function putText(at: number, value: unknown, length: number, field: string): void {
  if (typeof value !== 'string' || value.includes('\0')) bad(field, value);
  const bytes = encoder.encode(value);
  if (bytes.length > length) bad(field, value);
  putZeros(at, length);
  if (at + length <= out.length) out.set(bytes, at);
}

export function encodeText(value: unknown, field: string): Uint8Array {
  if (typeof value !== 'string' || value.includes('\0')) bad(field, value);
  return encoder.encode(value);
}

/** Reserved ports of 1.0 stand at the end of 16 bits, later at the end of 32 (spec 1.0 5.2.1, 1.3 7.2.1). */
export function port16(b: Uint8Array, at: number): number {
  const port = u16(b, at);
  return port >= 0xff00 ? (port | 0xffff0000) >>> 0 : port;
}

export function putPort16(at: number, value: unknown, field: string): void {
  if (typeof value !== 'number' || value >>> 0 !== value || (value >= 0xff00 && value < 0xffffff00)) bad(field, value);
  put16(at, value & 0xffff);
}
