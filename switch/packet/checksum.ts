/** The Internet checksum (RFC 1071) and its incremental update (RFC 1624). */
import { get16, put16 } from './bytes.ts';

/** One's complement sum of `length` bytes from `at`, not folded; an odd last byte counts as the upper half of a word. */
export function sumWords(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  const end = at + length;
  let i = at;
  for (; i + 1 < end; i += 2) sum += get16(bytes, i);
  if (i < end) sum += bytes[i]! << 8;
  return sum;
}

export function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return folded;
}

export function checksumOf(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}

/** Changes the checksum at `at` as the sum of the words it covers goes from `before` to `after`. */
export function updateChecksum(bytes: Uint8Array, at: number, before: number, after: number): void {
  const old = get16(bytes, at);
  put16(bytes, at, checksumOf((~old & 0xffff) + (~foldSum(before) & 0xffff) + foldSum(after)));
}

/** Source, destination, length and protocol as TCP, UDP and ICMPv6 add them to their checksum. */
export function pseudoHeaderSum(
  bytes: Uint8Array,
  srcAt: number,
  addressesLength: number,
  proto: number,
  length: number,
): number {
  return sumWords(bytes, srcAt, addressesLength) + proto + (length >>> 16) + (length & 0xffff);
}
