/**
 * ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443 section 4), which differ in type and checksum only:
 *
 *     0        8        16              32
 *     +--------+--------+----------------+
 *     |  type  |  code  |    checksum    |
 *     +--------+--------+----------------+
 *     |   identifier    | sequence number|
 *     +-----------------+----------------+
 *     |  data, sent back as it is ...
 */
export interface EchoReply {
  /** The sender's address. */
  from: string;
  id: number;
  seq: number;
  /** A view of the packet. */
  payload: Uint8Array;
}

export type Family = 4 | 6;

const HEADER = 8;
const REQUEST: Record<Family, number> = { 4: 8, 6: 128 };
const REPLY: Record<Family, number> = { 4: 0, 6: 129 };

/** `id` and `seq`: 16 bits each. The checksum of an ICMPv6 message is left to the kernel (RFC 3542 section 3.1). */
export function encodeEchoRequest(family: Family, id: number, seq: number, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(HEADER + payload.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, REQUEST[family]);
  view.setUint16(4, id);
  view.setUint16(6, seq);
  message.set(payload, HEADER);
  if (family === 4) view.setUint16(2, internetChecksum(message));
  return message;
}

/**
 * Reads a packet as the native socket gives it: for IPv4 with its IP header, for IPv6 with the source address in
 * front. Undefined: no echo reply. The kernel has checked lengths and checksums of what it delivers, but for the
 * ICMPv4 checksum, which is checked here.
 */
export function decodeEchoReply(family: Family, packet: Uint8Array): EchoReply | undefined {
  const start = family === 4 ? ((packet[0] ?? 0) & 0x0f) * 4 : 16;
  const message = packet.subarray(start);
  if (message.length < HEADER || message[0] !== REPLY[family] || message[1] !== 0) return undefined;
  if (family === 4 && (start < 20 || internetChecksum(message) !== 0)) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  return {
    from: family === 4 ? packet.subarray(12, 16).join('.') : formatIpv6(packet.subarray(0, 16)),
    id: view.getUint16(4),
    seq: view.getUint16(6),
    payload: message.subarray(HEADER),
  };
}

/** RFC 1071; over a message with its right checksum in place it is 0. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** In the canonical form (RFC 5952), which is also that of a URL's host. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
