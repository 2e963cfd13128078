/** Whole frames for hosts that have no kernel: ARP, ICMP echo, neighbour discovery, with checksums. */
import { ArpAt, type ArpOp, arpLength } from './arp.ts';
import { put16, put32 } from './bytes.ts';
import { checksumOf, pseudoHeaderSum, sumWords } from './checksum.ts';
import { EtherType, ethernetHeaderLength, etherTypeAt } from './ethernet.ts';
import { IpProto, Ipv4At, ipv4HeaderLength } from './ipv4.ts';
import { Ipv6At, ipv6HeaderLength } from './ipv6.ts';
import { Icmpv4Type, Icmpv6Type, NdAt, NdOption } from './transport.ts';

const broadcastMac = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const ordinaryTtl = 64;
/** Neighbour discovery is believed only with this hop limit (RFC 4861 section 7.1). */
const linkOnlyHopLimit = 255;

/** MACs have 6 bytes. IPv4 addresses are unsigned 32-bit numbers, IPv6 addresses 16 bytes. */
export interface ArpFields {
  readonly op: (typeof ArpOp)[keyof typeof ArpOp];
  readonly srcMac: Uint8Array;
  readonly srcIp: number;
  /** Of the one asked for in a request, where it is not known: leave it out, and the request is broadcast. */
  readonly dstMac?: Uint8Array;
  readonly dstIp: number;
}

export interface EchoFields<Address> {
  readonly kind: 'request' | 'reply';
  readonly srcMac: Uint8Array;
  readonly dstMac: Uint8Array;
  readonly srcIp: Address;
  readonly dstIp: Address;
  /** 16 bits each. */
  readonly identifier: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export interface SolicitationFields {
  readonly srcMac: Uint8Array;
  readonly srcIp: Uint8Array;
  /** The address whose MAC is wanted; the frame goes to its solicited-node group. */
  readonly target: Uint8Array;
}

export interface AdvertisementFields {
  readonly srcMac: Uint8Array;
  readonly dstMac: Uint8Array;
  readonly srcIp: Uint8Array;
  readonly dstIp: Uint8Array;
  readonly target: Uint8Array;
  /** The target is a router; a host that was told otherwise before stops using it as one (RFC 4861 section 7.2.5). */
  readonly isRouter?: boolean;
  /** Nobody asked. */
  readonly isUnsolicited?: boolean;
}

export function buildArp(fields: ArpFields): Uint8Array {
  const frame = ethernet(fields.dstMac ?? broadcastMac, fields.srcMac, EtherType.ARP, arpLength);
  const at = ethernetHeaderLength;
  put16(frame, at, 1);
  put16(frame, at + 2, EtherType.IPV4);
  frame[at + 4] = 6;
  frame[at + 5] = 4;
  put16(frame, at + ArpAt.OP, fields.op);
  frame.set(fields.srcMac, at + ArpAt.SHA);
  put32(frame, at + ArpAt.SPA, fields.srcIp);
  if (fields.dstMac) frame.set(fields.dstMac, at + ArpAt.THA);
  put32(frame, at + ArpAt.TPA, fields.dstIp);
  return frame;
}

export function buildIcmpv4Echo(fields: EchoFields<number>): Uint8Array {
  const icmpLength = 8 + fields.payload.length;
  const length = ipv4HeaderLength + icmpLength;
  const frame = ethernet(fields.dstMac, fields.srcMac, EtherType.IPV4, length);
  const at = ethernetHeaderLength;
  frame[at] = 0x45;
  put16(frame, at + Ipv4At.LENGTH, length);
  frame[at + Ipv4At.TTL] = ordinaryTtl;
  frame[at + Ipv4At.PROTO] = IpProto.ICMP;
  put32(frame, at + Ipv4At.SRC, fields.srcIp);
  put32(frame, at + Ipv4At.DST, fields.dstIp);
  put16(frame, at + Ipv4At.CHECKSUM, checksumOf(sumWords(frame, at, ipv4HeaderLength)));
  const icmpAt = at + ipv4HeaderLength;
  putEcho(frame, icmpAt, fields.kind === 'request' ? Icmpv4Type.ECHO_REQUEST : Icmpv4Type.ECHO_REPLY, fields);
  put16(frame, icmpAt + 2, checksumOf(sumWords(frame, icmpAt, icmpLength)));
  return frame;
}

export function buildIcmpv6Echo(fields: EchoFields<Uint8Array>): Uint8Array {
  const frame = icmpv6(fields, ordinaryTtl, 8 + fields.payload.length);
  putEcho(frame, icmpv6At, fields.kind === 'request' ? Icmpv6Type.ECHO_REQUEST : Icmpv6Type.ECHO_REPLY, fields);
  return withIcmpv6Checksum(frame);
}

export function buildNeighbourSolicitation(fields: SolicitationFields): Uint8Array {
  const { srcMac, srcIp, target } = fields;
  const group = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...target.subarray(13));
  const dstMac = Uint8Array.of(0x33, 0x33, ...group.subarray(12));
  const frame = icmpv6({ srcMac, dstMac, srcIp, dstIp: group }, linkOnlyHopLimit, NdAt.OPTIONS + 8);
  frame[icmpv6At] = Icmpv6Type.NEIGHBOUR_SOLICITATION;
  putNd(frame, target, NdOption.SOURCE_LINK_ADDRESS, srcMac);
  return withIcmpv6Checksum(frame);
}

/** Solicited, and overriding what the receiver knew. */
export function buildNeighbourAdvertisement(fields: AdvertisementFields): Uint8Array {
  const frame = icmpv6(fields, linkOnlyHopLimit, NdAt.OPTIONS + 8);
  frame[icmpv6At] = Icmpv6Type.NEIGHBOUR_ADVERTISEMENT;
  // Router, solicited, override.
  frame[icmpv6At + 4] = (fields.isRouter ? 0x80 : 0) | (fields.isUnsolicited ? 0 : 0x40) | 0x20;
  putNd(frame, fields.target, NdOption.TARGET_LINK_ADDRESS, fields.srcMac);
  return withIcmpv6Checksum(frame);
}

const icmpv6At = ethernetHeaderLength + ipv6HeaderLength;

function ethernet(dst: Uint8Array, src: Uint8Array, type: number, payloadLength: number): Uint8Array {
  const frame = new Uint8Array(ethernetHeaderLength + payloadLength);
  frame.set(dst, 0);
  frame.set(src, 6);
  put16(frame, etherTypeAt, type);
  return frame;
}

function icmpv6(
  fields: {
    readonly srcMac: Uint8Array;
    readonly dstMac: Uint8Array;
    readonly srcIp: Uint8Array;
    readonly dstIp: Uint8Array;
  },
  hopLimit: number,
  length: number,
): Uint8Array {
  const frame = ethernet(fields.dstMac, fields.srcMac, EtherType.IPV6, ipv6HeaderLength + length);
  const at = ethernetHeaderLength;
  frame[at] = 0x60;
  put16(frame, at + Ipv6At.LENGTH, length);
  frame[at + Ipv6At.NEXT] = IpProto.ICMPV6;
  frame[at + Ipv6At.HOP_LIMIT] = hopLimit;
  frame.set(fields.srcIp, at + Ipv6At.SRC);
  frame.set(fields.dstIp, at + Ipv6At.DST);
  return frame;
}

function putEcho(
  frame: Uint8Array,
  at: number,
  type: number,
  fields: { readonly identifier: number; readonly sequence: number; readonly payload: Uint8Array },
): void {
  frame[at] = type;
  put16(frame, at + 4, fields.identifier);
  put16(frame, at + 6, fields.sequence);
  frame.set(fields.payload, at + 8);
}

function putNd(frame: Uint8Array, target: Uint8Array, option: number, mac: Uint8Array): void {
  frame.set(target, icmpv6At + NdAt.TARGET);
  frame[icmpv6At + NdAt.OPTIONS] = option;
  frame[icmpv6At + NdAt.OPTIONS + 1] = 1;
  frame.set(mac, icmpv6At + NdAt.OPTIONS + 2);
}

function withIcmpv6Checksum(frame: Uint8Array): Uint8Array {
  const length = frame.length - icmpv6At;
  const pseudo = pseudoHeaderSum(frame, ethernetHeaderLength + Ipv6At.SRC, 32, IpProto.ICMPV6, length);
  put16(frame, icmpv6At + 2, checksumOf(pseudo + sumWords(frame, icmpv6At, length)));
  return frame;
}
