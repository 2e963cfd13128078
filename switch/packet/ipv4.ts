/**
 * IPv4 (RFC 791; DSCP RFC 2474, ECN RFC 3168).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------+---+-------------------------------+
 * |  4    |  IHL  |   DSCP    |ECN|         total length          |
 * +-------+-------+-----------+---+-----+-------------------------+
 * |        identification         |flags|    fragment offset      |
 * +---------------+---------------+-----+-------------------------+
 * |      TTL      |   protocol    |        header checksum        |
 * +---------------+---------------+-------------------------------+
 * |                            source                             |
 * +---------------------------------------------------------------+
 * |                          destination                          |
 * +---------------------------------------------------------------+
 * |                   options, (IHL - 5) words                    |
 * +---------------------------------------------------------------+
 */
import { get16 } from './bytes.ts';

export const ipv4HeaderLength = 20;
export const Ipv4At = { TOS: 1, LENGTH: 2, FRAGMENT: 6, TTL: 8, PROTO: 9, CHECKSUM: 10, SRC: 12, DST: 16 } as const;

export const IpProto = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 } as const;

const moreFragments = 0x2000;
const fragmentOffset = 0x1fff;

/** Bytes of the header at `at`, or 0 when it is truncated or contradicts itself. */
export function ipv4HeaderLengthAt(frame: Uint8Array, at: number): number {
  if (frame.length < at + ipv4HeaderLength || frame[at]! >> 4 !== 4) return 0;
  const length = (frame[at]! & 0xf) * 4;
  if (length < ipv4HeaderLength || frame.length < at + length) return 0;
  return get16(frame, at + Ipv4At.LENGTH) < length ? 0 : length;
}

/** Any part of a fragmented packet. */
export function isIpv4Fragment(frame: Uint8Array, at: number): boolean {
  return (get16(frame, at + Ipv4At.FRAGMENT) & (moreFragments | fragmentOffset)) !== 0;
}

/** A part that does not begin with the transport header. */
export function isIpv4LaterFragment(frame: Uint8Array, at: number): boolean {
  return (get16(frame, at + Ipv4At.FRAGMENT) & fragmentOffset) !== 0;
}
