/** MAC addresses as numbers: keys that cost no text. */

/** The six bytes at `offset` as a number. */
export function macAt(frame: Uint8Array, offset: number): number {
  const high = (frame[offset]! << 8) | frame[offset + 1]!;
  const low =
    ((frame[offset + 2]! << 24) | (frame[offset + 3]! << 16) | (frame[offset + 4]! << 8) | frame[offset + 5]!) >>> 0;
  return high * 0x1_0000_0000 + low;
}

export function macBytes(mac: number): Uint8Array {
  const high = Math.floor(mac / 0x1_0000_0000);
  const low = mac >>> 0;
  return Uint8Array.of(high >> 8, high, low >>> 24, low >>> 16, low >>> 8, low);
}

const groupBit = 2 ** 40;
export const isGroupMac = (mac: number): boolean => Math.floor(mac / groupBit) % 2 === 1;
