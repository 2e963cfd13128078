/**
 * ARP for IPv4 over Ethernet (RFC 826).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |       hardware type 1         |     protocol type 0x0800      |
 * +---------------+---------------+-------------------------------+
 * |  hw length 6  | proto length 4|           operation           |
 * +---------------+---------------+-------------------------------+
 * |                   sender hardware address                     |
 * +                               +-------------------------------+
 * |                               |   sender protocol address     |
 * +-------------------------------+-------------------------------+
 * |   sender protocol address     |                               |
 * +-------------------------------+                               +
 * |                   target hardware address                     |
 * +---------------------------------------------------------------+
 * |                   target protocol address                     |
 * +---------------------------------------------------------------+
 */
import { get16 } from './bytes.ts';
import { EtherType } from './ethernet.ts';

export const arpLength = 28;
/** Offsets from the beginning of the ARP packet. */
export const ArpAt = { OP: 6, SHA: 8, SPA: 14, THA: 18, TPA: 24 } as const;
export const ArpOp = { REQUEST: 1, REPLY: 2 } as const;

/** True when a whole ARP packet for IPv4 over Ethernet begins at `at`. */
export function isArpAt(frame: Uint8Array, at: number): boolean {
  return (
    frame.length >= at + arpLength &&
    get16(frame, at) === 1 &&
    get16(frame, at + 2) === EtherType.IPV4 &&
    frame[at + 4] === 6 &&
    frame[at + 5] === 4
  );
}
