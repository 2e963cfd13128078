/**
 * TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260) and ICMP (RFC 792, RFC 4443): what a switch looks at.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |          source port          |       destination port        |  TCP, UDP, SCTP
 * +-------------------------------+-------------------------------+
 *
 * +---------------+---------------+-------------------------------+
 * |     type      |     code      |           checksum            |  ICMP
 * +---------------+---------------+-------------------------------+
 *
 * Neighbour discovery (RFC 4861): solicitation (135), advertisement (136).
 * +---------------+---------------+-------------------------------+
 * |     type      |    code 0     |           checksum            |
 * +---------------+---------------+-------------------------------+
 * |R|S|O|                       reserved                          |
 * +---------------------------------------------------------------+
 * |                       target (128 bits)                       |
 * +---------------+---------------+-------------------------------+
 * | option 1 or 2 |  length / 8   |     link-layer address        |  no or more
 * +---------------+---------------+                               +
 * |                                                               |
 * +---------------------------------------------------------------+
 */
import { IpProto } from './ipv4.ts';

export const Icmpv4Type = { ECHO_REPLY: 0, ECHO_REQUEST: 8 } as const;
export const Icmpv6Type = {
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  NEIGHBOUR_SOLICITATION: 135,
  NEIGHBOUR_ADVERTISEMENT: 136,
} as const;
export const NdOption = { SOURCE_LINK_ADDRESS: 1, TARGET_LINK_ADDRESS: 2 } as const;
export const NdAt = { TARGET: 8, OPTIONS: 24 } as const;

interface Transport {
  /** Shortest header in bytes. */
  readonly header: number;
  /** Offset of the Internet checksum, or -1 where there is none (SCTP has a CRC). */
  readonly checksumAt: number;
  /** Whether IPv4's pseudo header enters the checksum; IPv6's always does. */
  readonly pseudoIpv4: boolean;
}

export const transports: ReadonlyMap<number, Transport> = new Map([
  [IpProto.TCP, { header: 20, checksumAt: 16, pseudoIpv4: true }],
  [IpProto.UDP, { header: 8, checksumAt: 6, pseudoIpv4: true }],
  [IpProto.SCTP, { header: 12, checksumAt: -1, pseudoIpv4: false }],
  [IpProto.ICMP, { header: 4, checksumAt: 2, pseudoIpv4: false }],
  [IpProto.ICMPV6, { header: 4, checksumAt: 2, pseudoIpv4: false }],
]);

export function isNeighbourDiscovery(frame: Uint8Array, at: number): boolean {
  const type = frame[at];
  return (
    frame.length >= at + NdAt.OPTIONS &&
    frame[at + 1] === 0 &&
    (type === Icmpv6Type.NEIGHBOUR_SOLICITATION || type === Icmpv6Type.NEIGHBOUR_ADVERTISEMENT)
  );
}

/** Where the link-layer address of option `option` begins, or -1. `at`: the ICMPv6 header. */
export function ndLinkAddressAt(frame: Uint8Array, at: number, option: number): number {
  let place = at + NdAt.OPTIONS;
  while (place + 8 <= frame.length) {
    const length = frame[place + 1]! * 8;
    if (length === 0) return -1;
    if (frame[place] === option && length === 8) return place + 2;
    place += length;
  }
  return -1;
}
