/**
 * IPv6 (RFC 8200) and its extension headers.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-----------+---+---------------------------------------+
 * |  6    |   DSCP    |ECN|              flow label               |
 * +-------+-----------+---+-------+---------------+---------------+
 * |        payload length         |  next header  |   hop limit   |
 * +-------------------------------+---------------+---------------+
 * |                       source (128 bits)                       |
 * +---------------------------------------------------------------+
 * |                    destination (128 bits)                     |
 * +---------------+---------------+-------------------------------+
 * |  next header  | length / 8 - 1|  extension ...                |  no or more
 * +---------------+---------------+-------------------------------+
 */
import { Ipv6ExtHeader as ExtHdr } from '../../ofp/index.ts';
import { get16 } from './bytes.ts';

export const ipv6HeaderLength = 40;
export const Ipv6At = { LENGTH: 4, NEXT: 6, HOP_LIMIT: 7, SRC: 8, DST: 24 } as const;

const routingHeader = 43;
const segmentsLeftAt = 3;
const fragmentHeader = 44;
const authHeader = 51;
const noNextHeader = 59;

/** Protocol number -> OFPIEH bit and place in the order that RFC 8200 section 4.1 recommends. */
const extensions = new Map<number, { readonly bit: number; readonly rank: number }>([
  [0, { bit: ExtHdr.HOP, rank: 0 }],
  [60, { bit: ExtHdr.DEST, rank: 1 }],
  [routingHeader, { bit: ExtHdr.ROUTER, rank: 2 }],
  [fragmentHeader, { bit: ExtHdr.FRAG, rank: 3 }],
  [authHeader, { bit: ExtHdr.AUTH, rank: 4 }],
]);
const encryptedPayload = 50;

/** What `walkIpv6` found; one object is reused, so it is valid until the next call. */
export interface Ipv6Walk {
  /** The upper-layer protocol, as far as the headers could be followed. */
  proto: number;
  /** Where it begins, or -1 when that is beyond the data or in another fragment. */
  transportAt: number;
  /** OFPIEH_* bits. */
  extensions: number;
  fragment: boolean;
  /** Where `proto` stands. */
  protoAt: number;
  /** A routing header holds the final destination, which is the one that checksums cover (RFC 8200 section 8.1). */
  isRouted: boolean;
}

const found: Ipv6Walk = { proto: 0, transportAt: -1, extensions: 0, fragment: false, protoAt: 0, isRouted: false };

export function isIpv6At(frame: Uint8Array, at: number): boolean {
  return frame.length >= at + ipv6HeaderLength && frame[at]! >> 4 === 6;
}

/** The header at `at` must be whole. Every step goes forward by at least 8 bytes, so the walk ends. */
export function walkIpv6(frame: Uint8Array, at: number): Ipv6Walk {
  found.proto = frame[at + Ipv6At.NEXT]!;
  found.transportAt = -1;
  found.extensions = 0;
  found.fragment = false;
  found.protoAt = at + Ipv6At.NEXT;
  found.isRouted = false;
  let place = at + ipv6HeaderLength;
  let rank = -1;
  for (;;) {
    const extension = extensions.get(found.proto);
    if (!extension) break;
    // Destination options may stand twice: before the routing header and before the upper layer.
    const isFinalOptions = extension.bit === ExtHdr.DEST && rank > extension.rank;
    if ((found.extensions & extension.bit) !== 0 && !isFinalOptions) found.extensions |= ExtHdr.UNREP;
    if (extension.rank < rank && !isFinalOptions) found.extensions |= ExtHdr.UNSEQ;
    found.extensions |= extension.bit;
    rank = Math.max(rank, isFinalOptions ? extensions.size : extension.rank);
    if (frame.length < place + 8) return found;
    const next = frame[place]!;
    found.protoAt = place;
    if (found.proto === fragmentHeader) {
      const field = get16(frame, place + 2);
      if ((field & 0xfff9) !== 0) found.fragment = true;
      found.proto = next;
      place += 8;
      if (field >> 3 !== 0) return found;
      continue;
    }
    if (found.proto === routingHeader && frame[place + segmentsLeftAt] !== 0) found.isRouted = true;
    place += found.proto === authHeader ? (frame[place + 1]! + 2) * 4 : (frame[place + 1]! + 1) * 8;
    found.proto = next;
  }
  if (found.proto === noNextHeader) found.extensions |= ExtHdr.NONEXT;
  if (found.proto === encryptedPayload) found.extensions |= ExtHdr.ESP;
  if (place <= frame.length) found.transportAt = place;
  return found;
}
