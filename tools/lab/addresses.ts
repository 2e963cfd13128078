import { isIP } from 'node:net';

/** 4 or 16 bytes of a numeric address (IPv6 without an embedded IPv4 one). Throws a RangeError for anything else. */
export function addressBytes(text: string): Uint8Array {
  const family = isIP(text);
  if (family === 4) return Uint8Array.from(text.split('.'), Number);
  if (family !== 6 || text.includes('.') || text.includes('%')) throw new RangeError(`not a numeric address: ${text}`);
  const [head = [], tail] = text.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...(tail ?? [])];
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** Equal for equal bytes. */
export function addressKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
