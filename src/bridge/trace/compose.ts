import type { OxmField } from '../../../ofp/index.ts';
import {
  ArpAt,
  arpLength,
  checksumOf,
  EtherType,
  IpProto,
  Ipv4At,
  Ipv6At,
  ipv4HeaderLength,
  ipv6HeaderLength,
  pseudoHeaderSum,
  put16,
  put32,
  sumWords,
  transports,
  vlanPresent,
} from '../../../switch/packet/index.ts';
import { BridgeError } from '../errors.ts';

/** Frames on a wire are no shorter. */
const shortest = 60;
const ordinaryTtl = 64;
const tcpHeaderWords = 5;
const zeroMac = new Uint8Array(6);
const zeroIpv6 = new Uint8Array(16);

/** Values of match fields by name; what is not given is zero. */
class Given {
  readonly #values = new Map<string, number | bigint | Uint8Array>();
  readonly #used = new Set<string>();

  constructor(fields: readonly OxmField[]) {
    for (const field of fields) {
      if (field.field !== 'unknown') this.#values.set(field.field, field.value as number);
    }
  }

  number(...names: readonly string[]): number {
    return Number(this.#take(names) ?? 0);
  }

  bytes(name: string, otherwise: Uint8Array): Uint8Array {
    return (this.#take([name]) as Uint8Array | undefined) ?? otherwise;
  }

  /** Throws BRIDGE_REQUEST for what was given and not asked for. */
  expectAllUsed(): void {
    const unused = [...this.#values.keys()].filter((name) => !this.#used.has(name));
    if (unused.length === 0) return;
    const wayOut = 'give the bytes of the frame in hexadecimal instead';
    throw new BridgeError('BRIDGE_REQUEST', `no frame can be made of ${unused.join(', ')}: ${wayOut}`);
  }

  #take(names: readonly string[]): number | bigint | Uint8Array | undefined {
    for (const name of names) this.#used.add(name);
    return names.map((name) => this.#values.get(name)).find((value) => value !== undefined);
  }
}

/** A frame that a match fits, with right checksums: Ethernet, a VLAN tag, ARP, IPv4 or IPv6 and what they carry. Throws BRIDGE_REQUEST. */
export function composeFrame(fields: readonly OxmField[]): { frame: Uint8Array; inPort: number } {
  const given = new Given(fields);
  const inPort = given.number('in_port');
  const vid = given.number('vlan_vid');
  const pcp = given.number('vlan_pcp');
  const type = given.number('eth_type');
  const tag = (vid & vlanPresent) === 0 ? [] : [0x81, 0x00, (pcp << 5) | ((vid >> 8) & 0xf), vid & 0xff];
  const payload = payloads.get(type)?.(given) ?? new Uint8Array(0);
  const head = [...given.bytes('eth_dst', zeroMac), ...given.bytes('eth_src', zeroMac), ...tag, type >> 8, type & 0xff];
  given.expectAllUsed();
  const frame = new Uint8Array(Math.max(shortest, head.length + payload.length));
  frame.set(head);
  frame.set(payload, head.length);
  return { frame, inPort };
}

const payloads: ReadonlyMap<number, (given: Given) => Uint8Array> = new Map([
  [EtherType.ARP, arp],
  [EtherType.IPV4, ipv4],
  [EtherType.IPV6, ipv6],
]);

function arp(given: Given): Uint8Array {
  const bytes = new Uint8Array(arpLength);
  put16(bytes, 0, 1);
  put16(bytes, 2, EtherType.IPV4);
  bytes.set([6, 4], 4);
  put16(bytes, ArpAt.OP, given.number('arp_op'));
  bytes.set(given.bytes('arp_sha', zeroMac), ArpAt.SHA);
  put32(bytes, ArpAt.SPA, given.number('arp_spa'));
  bytes.set(given.bytes('arp_tha', zeroMac), ArpAt.THA);
  put32(bytes, ArpAt.TPA, given.number('arp_tpa'));
  return bytes;
}

function ipv4(given: Given): Uint8Array {
  const proto = given.number('ip_proto');
  const body = transport(given, proto);
  const bytes = new Uint8Array(ipv4HeaderLength + body.length);
  bytes[0] = 0x45;
  bytes[Ipv4At.TOS] = (given.number('ip_dscp') << 2) | given.number('ip_ecn');
  put16(bytes, Ipv4At.LENGTH, bytes.length);
  bytes[Ipv4At.TTL] = ordinaryTtl;
  bytes[Ipv4At.PROTO] = proto;
  put32(bytes, Ipv4At.SRC, given.number('ipv4_src'));
  put32(bytes, Ipv4At.DST, given.number('ipv4_dst'));
  put16(bytes, Ipv4At.CHECKSUM, checksumOf(sumWords(bytes, 0, ipv4HeaderLength)));
  bytes.set(body, ipv4HeaderLength);
  const hasPseudo = transports.get(proto)?.pseudoIpv4 ?? false;
  putChecksum(
    bytes,
    ipv4HeaderLength,
    proto,
    hasPseudo ? pseudoHeaderSum(bytes, Ipv4At.SRC, 8, proto, body.length) : 0,
  );
  return bytes;
}

function ipv6(given: Given): Uint8Array {
  const proto = given.number('ip_proto');
  const body = transport(given, proto);
  const bytes = new Uint8Array(ipv6HeaderLength + body.length);
  const trafficClass = (given.number('ip_dscp') << 2) | given.number('ip_ecn');
  put32(bytes, 0, ((6 << 28) | (trafficClass << 20) | given.number('ipv6_flabel')) >>> 0);
  put16(bytes, Ipv6At.LENGTH, body.length);
  bytes[Ipv6At.NEXT] = proto;
  bytes[Ipv6At.HOP_LIMIT] = ordinaryTtl;
  bytes.set(given.bytes('ipv6_src', zeroIpv6), Ipv6At.SRC);
  bytes.set(given.bytes('ipv6_dst', zeroIpv6), Ipv6At.DST);
  bytes.set(body, ipv6HeaderLength);
  putChecksum(bytes, ipv6HeaderLength, proto, pseudoHeaderSum(bytes, Ipv6At.SRC, 32, proto, body.length));
  return bytes;
}

function transport(given: Given, proto: number): Uint8Array {
  const known = transports.get(proto);
  if (!known) return new Uint8Array(0);
  const isIcmp = proto === IpProto.ICMP || proto === IpProto.ICMPV6;
  const bytes = new Uint8Array(isIcmp ? 8 : known.header);
  if (isIcmp) {
    bytes[0] = given.number('icmpv4_type', 'icmpv6_type');
    bytes[1] = given.number('icmpv4_code', 'icmpv6_code');
    return bytes;
  }
  put16(bytes, 0, given.number('tcp_src', 'udp_src', 'sctp_src'));
  put16(bytes, 2, given.number('tcp_dst', 'udp_dst', 'sctp_dst'));
  if (proto === IpProto.TCP) put16(bytes, 12, (tcpHeaderWords << 12) | given.number('tcp_flags'));
  if (proto === IpProto.UDP) put16(bytes, 4, bytes.length);
  return bytes;
}

function putChecksum(bytes: Uint8Array, at: number, proto: number, pseudo: number): void {
  const checksumAt = transports.get(proto)?.checksumAt ?? -1;
  if (checksumAt < 0) return;
  put16(bytes, at + checksumAt, checksumOf(pseudo + sumWords(bytes, at, bytes.length - at)));
}
