/**
 * The frame in which a switch says which MAC addresses are behind its leaf ports. It is flooded; the root of the flood is
 * the switch that says so. Version 1, type 1.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |           destination MAC 03:52:4c:4d:41:43 (a local group)   |
 * +                               +-------------------------------+
 * |                               |  source MAC of the announcing |
 * +-------------------------------+                               +
 * |                             switch                            |
 * +-------------------------------+-------+-------+---------------+
 * |       EtherType 0x88b6        |version| type  |    entries    |
 * +-------------------------------+-------+-------+---------------+
 * |   epoch (64 bits): start of the switch, ms since 1970         |
 * +                                                               +
 * |                                                               |
 * +---------------------------------------------------------------+
 * |   count: of the announcements since then                      |
 * +---------------------------------------------------------------+
 * | entry, 12 bytes:             MAC address (48 bits)            |
 * +                               +-------+-----------------------+
 * |                               | flags |  VLAN, 0 without one  |
 * +-------------------------------+-------+-----------------------+
 * |                      mobility sequence (32 bits)              |
 * +---------------------------------------------------------------+
 * |   seal (768 bits): by which the announcing node shows that all before it is its own word
 * +---------------------------------------------------------------+
 * Flags: 1, an objection to another switch's claim.
 */
import { get16, get32, put16, put32 } from '../../../switch/packet/index.ts';
import type { Claim, Stamp } from './hosts.ts';

/** IEEE Std 802 local experimental EtherType 2. */
export const announcementType = 0x88b6;
export const announcementGroup: Uint8Array = Uint8Array.of(0x03, 0x52, 0x4c, 0x4d, 0x41, 0x43);
/** As many as fit one datagram of a link beside the headers of a flood. */
export const maxClaims = 90;
/** Of the seal, in bytes. */
export const sealLength = 96;

const versionAndType = 0x11;
const entriesAt = 28;
const entryLength = 12;
const objection = 0x1000;

/** How nodes vouch for what they announce, and put into the directory. */
export interface AnnouncementSeal {
  /** `sealLength` bytes. */
  readonly sign: (body: Uint8Array) => Uint8Array;
  /** Whether a seal is that of the node with this switch. */
  readonly verify: (switchId: bigint, body: Uint8Array, seal: Uint8Array) => boolean;
}

export interface Announcement {
  readonly claims: readonly Claim[];
  /** What is sealed: all of the frame before the seal. Both are views. */
  readonly body: Uint8Array;
  readonly seal: Uint8Array;
}

export function encodeAnnouncement(
  sourceMac: Uint8Array,
  stamp: Stamp,
  claims: readonly Pick<Claim, 'mac' | 'vlan' | 'sequence' | 'isObjection'>[],
  sign: AnnouncementSeal['sign'],
): Uint8Array {
  const length = entriesAt + claims.length * entryLength;
  const frame = new Uint8Array(length + sealLength);
  frame.set(announcementGroup, 0);
  frame.set(sourceMac, 6);
  put16(frame, 12, announcementType);
  frame[14] = versionAndType;
  frame[15] = claims.length;
  put32(frame, 16, Math.floor(stamp.epoch / 2 ** 32));
  put32(frame, 20, stamp.epoch % 2 ** 32);
  put32(frame, 24, stamp.count);
  for (const [i, { mac, vlan, sequence, isObjection }] of claims.entries()) {
    const at = entriesAt + i * entryLength;
    frame.set(mac, at);
    put16(frame, at + 6, vlan | (isObjection ? objection : 0));
    put32(frame, at + 8, sequence);
  }
  frame.set(sign(frame.subarray(0, length)), length);
  return frame;
}

/** Undefined for what makes no sense. Group addresses are left out. `switchId`: the root of the flood. */
export function decodeAnnouncement(frame: Uint8Array, switchId: bigint): Announcement | undefined {
  const entries = frame[15] ?? 0;
  const length = entriesAt + entries * entryLength;
  if (frame.length < length + sealLength || frame[14] !== versionAndType) return undefined;
  if (entries > maxClaims || get16(frame, 16) >= 0x20) return undefined;
  const stamp = { epoch: get32(frame, 16) * 2 ** 32 + get32(frame, 20), count: get32(frame, 24) };
  const claims = Array.from({ length: entries }, (_, i) => {
    const at = entriesAt + i * entryLength;
    const flags = get16(frame, at + 6);
    const station = { mac: frame.slice(at, at + 6), vlan: flags & 0xfff };
    return { ...station, sequence: get32(frame, at + 8), isObjection: (flags & objection) !== 0, switchId, stamp };
  });
  return {
    claims: claims.filter(({ mac }) => (mac[0]! & 1) === 0),
    body: frame.subarray(0, length),
    seal: frame.subarray(length, length + sealLength),
  };
}
