/** Addresses as text: MAC, IPv4, IPv6, with a mask where there is one. */

const hex2 = (byte: number) => byte.toString(16).padStart(2, '0');

export function formatMac(mac: Uint8Array): string {
  return Array.from(mac, hex2).join(':');
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The text of RFC 5952, with IPv4-mapped and IPv4-compatible addresses in dotted form as inet_ntop writes them. */
export function formatIpv6(address: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => (address[2 * i]! << 8) | address[2 * i + 1]!);
  const gap = longestZeroRun(words);
  const embedded = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
  const tail = embedded ? formatIpv4(((words[6]! << 16) | words[7]!) >>> 0) : undefined;
  const groups = (from: number, to: number) => words.slice(from, to).map((word) => word.toString(16));
  if (gap.length < 2) return groups(0, 8).join(':');
  const left = groups(0, gap.start).join(':');
  const right = groups(gap.start + gap.length, embedded ? 6 : 8);
  return `${left}::${[...right, ...(tail === undefined ? [] : [tail])].join(':')}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let i = 0; i < words.length; i++) {
    let end = i;
    while (words[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = end;
  }
  return best;
}

/** How many leading one bits `mask` has, if it has no others. */
export function prefixLength(mask: Uint8Array): number | undefined {
  let length = 0;
  while (length < mask.length * 8 && bitAt(mask, length)) length++;
  for (let i = length; i < mask.length * 8; i++) if (bitAt(mask, i)) return undefined;
  return length;
}

const bitAt = (bytes: Uint8Array, i: number) => ((bytes[i >> 3]! >> (7 - (i & 7))) & 1) === 1;

/** The mask with the given number of leading one bits. */
export function prefixMask(length: number, byteLength: number): Uint8Array {
  const mask = new Uint8Array(byteLength);
  for (let i = 0; i < length; i++) mask[i >> 3]! |= 0x80 >> (i & 7);
  return mask;
}

export const ipv4Bytes = (address: number) =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);

/** `colon separated` to bytes; one or two hexadecimal digits a byte. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

export function parseIpv4(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  let address = 0;
  for (const part of text.split('.')) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

export function parseIpv6(text: string): Uint8Array | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const tail = parseIpv4(dotted[2]!);
    if (tail === undefined) return undefined;
    return parseIpv6(`${dotted[1]}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = [...left!, ...(right ?? [])];
  if (!given.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  if (right === undefined ? given.length !== 8 : given.length > 7) return undefined;
  const groups = [...left!, ...Array.from({ length: 8 - given.length }, () => '0'), ...(right ?? [])];
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}
