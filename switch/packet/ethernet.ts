/**
 * Ethernet II (IEEE 802.3 clause 3), without preamble and FCS, and the VLAN tag (IEEE 802.1Q clause 9).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |                      destination (48 bits)                    |
 * +                               +-------------------------------+
 * |                               |                               |
 * +-------------------------------+                               +
 * |                         source (48 bits)                      |
 * +-------------------------------+-------------------------------+
 * |     TPID 0x8100 or 0x88a8     | PCP |D|       VLAN id         |  no or more tags
 * +-------------------------------+-------------------------------+
 * |       type (>= 0x0600)        |  payload ...
 * +-------------------------------+
 */
import { get16 } from './bytes.ts';

export const ethernetHeaderLength = 14;
export const vlanTagLength = 4;
export const etherTypeAt = 12;

export const EtherType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  IPV6: 0x86dd,
  MPLS: 0x8847,
  MPLS_MULTICAST: 0x8848,
  SERVICE_VLAN: 0x88a8,
  PBB: 0x88e7,
  /** What OpenFlow calls a frame that has a length instead of a type and no SNAP header. */
  NONE: 0x05ff,
} as const;

const smallestType = 0x0600;
const snapHeader = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00];

export function isVlanType(type: number): boolean {
  return type === EtherType.VLAN || type === EtherType.SERVICE_VLAN;
}

/** True for a frame that begins with a whole Ethernet header. */
export function isEthernet(frame: Uint8Array): boolean {
  return frame.length >= ethernetHeaderLength;
}

/** Group bit of the destination: broadcast and multicast. */
export function isGroupAddressed(frame: Uint8Array): boolean {
  return (frame[0]! & 1) !== 0;
}

/** 01:80:c2:00:00:00 to :0f, which no bridge forwards (IEEE 802.1Q table 8-1). */
export function isLinkLocalGroup(frame: Uint8Array): boolean {
  return (
    frame[0] === 0x01 && frame[1] === 0x80 && frame[2] === 0xc2 && frame[3] === 0 && frame[4] === 0 && frame[5]! < 0x10
  );
}

/** Six bytes at `at` as a number below 2^48: a key for maps. */
export function macNumber(bytes: Uint8Array, at: number): number {
  return get16(bytes, at) * 0x1_0000_0000 + get16(bytes, at + 2) * 0x1_0000 + get16(bytes, at + 4);
}

/**
 * The type of the payload that begins right after the length field at `at`, for IEEE 802.3 frames with an LLC/SNAP header
 * of OUI 0; otherwise `NONE`.
 */
export function snapType(frame: Uint8Array, at: number): number {
  const llc = at + 2;
  if (frame.length < llc + 8) return EtherType.NONE;
  for (let i = 0; i < snapHeader.length; i++) if (frame[llc + i] !== snapHeader[i]) return EtherType.NONE;
  return get16(frame, llc + 6);
}

export function isLength(typeOrLength: number): boolean {
  return typeOrLength < smallestType;
}

/** `02:00:5e:10:00:ff` */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
}
