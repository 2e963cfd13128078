import { EtherType, Ipv4At, Ipv6At, Layer, type Packet } from '../packet/index.ts';
import type { Execution } from './execution.ts';
import { putIpv4Word } from './rewrite.ts';

export function setNwTtl(packet: Packet, ttl: number): void {
  if (!packet.has(Layer.IP)) return;
  if (packet.etherType === EtherType.IPV4) {
    putIpv4Word(packet, Ipv4At.TTL, (ttl << 8) | packet.frame[packet.l3At + Ipv4At.PROTO]!);
  } else {
    packet.own()[packet.l3At + Ipv6At.HOP_LIMIT] = ttl;
  }
}

/** A TTL of 0 or 1 is not decremented: the packet is invalid (OpenFlow 1.3 section 5.12). */
export function decNwTtl(execution: Execution): void {
  const { packet } = execution;
  if (!packet.has(Layer.IP)) return;
  const offset = packet.etherType === EtherType.IPV4 ? Ipv4At.TTL : Ipv6At.HOP_LIMIT;
  const ttl = packet.frame[packet.l3At + offset]!;
  if (ttl <= 1) execution.invalidTtl();
  else setNwTtl(packet, ttl - 1);
}
