/** RFC 1071: zero (all ones, folded) over data with its right checksum in place. */
function isRight(sum: number): boolean {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded === 0xffff;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

const TRANSPORTS = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [58, 'ICMPv6'],
]);

/** What is wrong with the checksums of an untagged IPv4 or IPv6 frame without extension headers; undefined: nothing. */
export function checksumFault(frame: Uint8Array): string | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const type = view.getUint16(12);
  if (type === 0x0800) {
    const head = (view.getUint8(14) & 0x0f) * 4;
    const end = 14 + view.getUint16(16);
    if (!isRight(sumOf(frame.subarray(14, 14 + head)))) return 'IPv4 header';
    return transportFault(frame.subarray(26, 34), frame.subarray(14 + head, end), view.getUint8(23));
  }
  if (type === 0x86dd) {
    const end = 54 + view.getUint16(18);
    return transportFault(frame.subarray(22, 54), frame.subarray(54, end), view.getUint8(20));
  }
  return undefined;
}

function transportFault(addresses: Uint8Array, transport: Uint8Array, protocol: number): string | undefined {
  const name = TRANSPORTS.get(protocol);
  if (name === undefined) return undefined;
  return isRight(sumOf(addresses) + protocol + transport.length + sumOf(transport)) ? undefined : name;
}
