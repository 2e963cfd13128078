/** Writes into headers that keep checksums right. All take a packet whose header is known to be there. */
import {
  EtherType,
  get16,
  IpProto,
  Ipv4At,
  type Packet,
  put16,
  sumWords,
  transports,
  updateChecksum,
} from '../packet/index.ts';

/** Overwrites bytes that no checksum covers. */
export function putBytes(packet: Packet, at: number, value: Uint8Array): void {
  packet.own().set(value, at);
  packet.touch();
}

/** Overwrites an even number of bytes, at an even place in its header, that the transport's checksum covers. */
export function putTransportBytes(packet: Packet, at: number, value: Uint8Array): void {
  const frame = packet.own();
  const before = sumWords(frame, at, value.length);
  frame.set(value, at);
  fixTransportChecksum(packet, frame, before, sumWords(frame, at, value.length));
  packet.touch();
}

/** Overwrites an IPv4 or IPv6 address: part of the header's checksum (IPv4) and of the pseudo header. */
export function putAddress(packet: Packet, at: number, value: Uint8Array): void {
  const frame = packet.own();
  const before = sumWords(frame, at, value.length);
  frame.set(value, at);
  const after = sumWords(frame, at, value.length);
  if (packet.etherType === EtherType.IPV4) updateChecksum(frame, packet.l3At + Ipv4At.CHECKSUM, before, after);
  const isCovered = packet.etherType === EtherType.IPV6 || transports.get(packet.ipProto)?.pseudoIpv4 === true;
  if (isCovered) fixTransportChecksum(packet, frame, before, after);
  packet.touch();
}

/** Overwrites one 16-bit word of the IPv4 header; `offset` from its beginning. */
export function putIpv4Word(packet: Packet, offset: number, word: number): void {
  const frame = packet.own();
  const at = packet.l3At + offset;
  const before = get16(frame, at);
  put16(frame, at, word);
  updateChecksum(frame, packet.l3At + Ipv4At.CHECKSUM, before, word);
  packet.touch();
}

function fixTransportChecksum(packet: Packet, frame: Uint8Array, before: number, after: number): void {
  const transport = transports.get(packet.ipProto);
  if (!transport || transport.checksumAt < 0 || packet.l4At < 0) return;
  const at = packet.l4At + transport.checksumAt;
  const isUdp = packet.ipProto === IpProto.UDP;
  // UDP: 0 means that there is no checksum, and one that comes out as 0 is sent as 0xffff (RFC 768).
  if (isUdp && get16(frame, at) === 0) return;
  updateChecksum(frame, at, before, after);
  if (isUdp && get16(frame, at) === 0) put16(frame, at, 0xffff);
}
