import {
  EtherType,
  get16,
  get32,
  Ipv4At,
  Ipv6At,
  ipv4HeaderLength,
  ipv6HeaderLength,
  Layer,
  mplsBottom,
  mplsEntryLength,
  type Packet,
  put16,
  put32,
} from '../packet/index.ts';
import type { Execution } from './execution.ts';
import { putIpv4WordAt } from './rewrite.ts';

export function isMplsType(type: number): boolean {
  return type === EtherType.MPLS || type === EtherType.MPLS_MULTICAST;
}

/**
 * Puts a label stack entry after the VLAN tags: a copy of the one that was there, or zeroes with the TTL of the IP header
 * if there is one (OpenFlow 1.3 section 5.12.1).
 */
export function pushMpls(packet: Packet, type: number): void {
  const { frame, l3At } = packet;
  const entry = packet.has(Layer.MPLS) ? get32(frame, l3At) & ~mplsBottom : mplsBottom | ttlOf(packet);
  const longer = new Uint8Array(frame.length + mplsEntryLength);
  longer.set(frame.subarray(0, l3At), 0);
  longer.set(frame.subarray(l3At), l3At + mplsEntryLength);
  put16(longer, l3At - 2, type);
  put32(longer, l3At, entry);
  packet.replace(longer);
}

/** Takes the outermost entry away; what is below it is said to be of `type`. */
export function popMpls(packet: Packet, type: number): void {
  if (!packet.has(Layer.MPLS)) return;
  const { frame, l3At } = packet;
  const shorter = new Uint8Array(frame.length - mplsEntryLength);
  shorter.set(frame.subarray(0, l3At), 0);
  shorter.set(frame.subarray(l3At + mplsEntryLength), l3At);
  put16(shorter, l3At - 2, type);
  packet.replace(shorter);
}

/** Changes bits of the outermost entry. */
export function putMplsBits(packet: Packet, bits: number, mask: number): void {
  if (!packet.has(Layer.MPLS)) return;
  const frame = packet.own();
  put32(frame, packet.l3At, (get32(frame, packet.l3At) & ~mask) | (bits & mask));
  packet.touch();
}

export function setMplsTtl(packet: Packet, ttl: number): void {
  putMplsBits(packet, ttl, 0xff);
}

/** A TTL of 0 or 1 is not decremented: the packet is invalid (section 5.12). */
export function decMplsTtl(execution: Execution): void {
  const { packet } = execution;
  if (!packet.has(Layer.MPLS)) return;
  const ttl = packet.frame[packet.l3At + 3]!;
  if (ttl <= 1) execution.invalidTtl();
  else setMplsTtl(packet, ttl - 1);
}

/** From the header below the outermost MPLS entry to that entry. */
export function copyTtlOut(packet: Packet): void {
  const inner = innerTtlAt(packet);
  if (inner >= 0) setMplsTtl(packet, packet.frame[inner]!);
}

/** From the outermost MPLS entry to the header below. */
export function copyTtlIn(packet: Packet): void {
  const inner = innerTtlAt(packet);
  if (inner < 0) return;
  const ttl = packet.frame[packet.l3At + 3]!;
  const below = packet.l3At + mplsEntryLength;
  if (inner === below + Ipv4At.TTL) {
    putIpv4WordAt(packet, below, Ipv4At.TTL, (ttl << 8) | packet.frame[inner + 1]!);
  } else {
    packet.own()[inner] = ttl;
  }
}

/** Where the TTL of the header below the outermost entry is: that of another entry, or of IP. -1: nowhere. */
function innerTtlAt(packet: Packet): number {
  if (!packet.has(Layer.MPLS)) return -1;
  const { frame, l3At } = packet;
  const at = l3At + mplsEntryLength;
  if ((get16(frame, l3At + 2) & mplsBottom) === 0) return frame.length >= at + mplsEntryLength ? at + 3 : -1;
  const version = frame.length > at ? frame[at]! >> 4 : 0;
  if (version === 4 && frame.length >= at + ipv4HeaderLength) return at + Ipv4At.TTL;
  if (version === 6 && frame.length >= at + ipv6HeaderLength) return at + Ipv6At.HOP_LIMIT;
  return -1;
}

function ttlOf(packet: Packet): number {
  if (!packet.has(Layer.IP)) return 0;
  const offset = packet.etherType === EtherType.IPV4 ? Ipv4At.TTL : Ipv6At.HOP_LIMIT;
  return packet.frame[packet.l3At + offset]!;
}
