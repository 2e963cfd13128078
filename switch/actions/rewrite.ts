/** Writes into headers that keep checksums right. All take a packet whose header is known to be there. */
import {
  EtherType,
  get16,
  get32,
  IpProto,
  Ipv4At,
  Ipv6At,
  Layer,
  type Packet,
  put16,
  put32,
  sctpChecksum,
  sumWords,
  transports,
  updateChecksum,
  walkIpv6,
} from '../packet/index.ts';

const sctpChecksumAt = 8;

/** Overwrites bytes that no checksum covers. */
export function putBytes(packet: Packet, at: number, value: Uint8Array): void {
  packet.own().set(value, at);
  packet.touch();
}

/** Overwrites an even number of bytes, at an even place in its header, that the transport's checksum covers. */
export function putTransportBytes(packet: Packet, at: number, value: Uint8Array): void {
  const frame = packet.own();
  if (packet.ipProto === IpProto.SCTP) {
    putSctpBytes(packet, frame, at, value);
  } else {
    const before = sumWords(frame, at, value.length);
    frame.set(value, at);
    fixTransportChecksum(packet, frame, before, sumWords(frame, at, value.length));
  }
  packet.touch();
}

/** Overwrites an IPv4 or IPv6 address: part of the header's checksum (IPv4) and of the pseudo header. */
export function putAddress(packet: Packet, at: number, value: Uint8Array): void {
  const frame = packet.own();
  const before = sumWords(frame, at, value.length);
  frame.set(value, at);
  const after = sumWords(frame, at, value.length);
  if (packet.etherType === EtherType.IPV4) {
    updateChecksum(frame, packet.l3At + Ipv4At.CHECKSUM, before, after);
    if (transports.get(packet.ipProto)?.pseudoIpv4 === true) fixTransportChecksum(packet, frame, before, after);
  } else {
    const isDestination = at === packet.l3At + Ipv6At.DST;
    const isCovered = !(isDestination && walkIpv6(frame, packet.l3At).isRouted);
    if (isCovered) fixTransportChecksum(packet, frame, before, after);
  }
  packet.touch();
}

/** Overwrites the protocol of an IP header: part of the pseudo header of the transport that was there until now. */
export function putIpProto(packet: Packet, proto: number): void {
  const before = packet.ipProto;
  const isIpv4 = packet.etherType === EtherType.IPV4;
  const frame = packet.own();
  if (!isIpv4 || transports.get(before)?.pseudoIpv4) fixTransportChecksum(packet, frame, before, proto);
  if (isIpv4) putIpv4Word(packet, Ipv4At.TTL, (frame[packet.l3At + Ipv4At.TTL]! << 8) | proto);
  else frame[walkIpv6(frame, packet.l3At).protoAt] = proto;
  packet.touch();
}

/** Overwrites one 16-bit word of the IPv4 header; `offset` from its beginning. */
export function putIpv4Word(packet: Packet, offset: number, word: number): void {
  putIpv4WordAt(packet, packet.l3At, offset, word);
}

/** The same for a header that begins at `headerAt`, such as one below MPLS. */
export function putIpv4WordAt(packet: Packet, headerAt: number, offset: number, word: number): void {
  const frame = packet.own();
  const at = headerAt + offset;
  const before = get16(frame, at);
  put16(frame, at, word);
  updateChecksum(frame, headerAt + Ipv4At.CHECKSUM, before, word);
  packet.touch();
}

/** A checksum that was wrong stays wrong; that of a fragment covers what is not here and is left as it is. */
function putSctpBytes(packet: Packet, frame: Uint8Array, at: number, value: Uint8Array): void {
  const { l4At, l4End } = packet;
  const isWhole = !packet.has(Layer.FRAGMENT);
  const before = isWhole ? sctpChecksum(frame, l4At, l4End) : 0;
  frame.set(value, at);
  if (!isWhole) return;
  const place = l4At + sctpChecksumAt;
  put32(frame, place, get32(frame, place) ^ before ^ sctpChecksum(frame, l4At, l4End));
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
