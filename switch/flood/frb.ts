/**
 * The frame of a bounded flood (FRB): an Ethernet frame that carries another one and the arc that its receiver covers.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------------------------------+-------------------------------+
 * |           destination MAC 03:52:4c:46:52:42 (a local group)   |
 * +                               +-------------------------------+
 * |                               |  source MAC of the sending    |
 * +-------------------------------+                               +
 * |                             switch                            |
 * +-------------------------------+-------+-------+---------------+
 * |           EtherType           |version| type  |  part | last  |
 * +-------------------------------+-------+-------+---------------+
 * |           hop limit           |                               |
 * +-------------------------------+                               +
 * |                    root id (128 bits)                         |
 * +                               +-------------------------------+
 * |                               |                               |
 * +-------------------------------+                               +
 * |                       epoch (64 bits)                         |
 * +                               +-------------------------------+
 * |                               |           sequence            |
 * +-------------------------------+-------------------------------+
 * |           sequence            |     arc start (128 bits)      |
 * +-------------------------------+-------------------------------+
 * |                  arc end (128 bits), inner frame ...          |
 * +---------------------------------------------------------------+
 */
import type { Arc, NodeId } from '../../topology/ring.ts';
import { room } from './slab.ts';

/** IEEE Std 802 local experimental EtherType 1: what floods have unless an overlay is configured otherwise. */
export const floodEtherType = 0x88b5;
export const floodVersion = 1;
/** The types of digest.ts are 2 and 3. */
export const floodTypeData = 1;
export const frbHeaderLength = 78;
/** Of a frame that is too long for one. */
export const maxParts = 16;
/** Links of a flood's path at most; a ring without shortcuts is as deep as half its nodes. */
export const initialHopLimit = 1024;

/** Of an Ethernet frame, and of a part of one. */
const minFrame = 14;
const groupMac = [0x03, 0x52, 0x4c, 0x46, 0x52, 0x42];

export interface Frb {
  readonly hopLimit: number;
  readonly root: NodeId;
  /** Rises with every start of the root: milliseconds since 1970. */
  readonly epoch: number;
  readonly sequence: number;
  /** The stretch that the receiver covers; empty in a copy that was asked for. */
  readonly arc: Arc;
  /** A view of the bytes that were decoded. */
  readonly inner: Uint8Array;
  /** Which part of a longer frame `inner` is, counted from 0, and which is the last one; both 0: it is whole. */
  readonly part: number;
  readonly lastPart: number;
}

/** What all frames of floods that one switch sends have in common. */
export interface FrameSource {
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly etherType: number;
}

export type FrbFault = 'truncated' | 'unknown-version' | 'unknown-type' | 'bad-epoch' | 'bad-part';

/** Type of a flood's frame, of this version. Who calls has checked the EtherType. */
export function floodTypeOf(frame: Uint8Array): number | FrbFault {
  const versionAndType = frame[14];
  if (versionAndType === undefined) return 'truncated';
  return versionAndType >> 4 === floodVersion ? versionAndType & 0xf : 'unknown-version';
}

/** Who calls has checked EtherType, version and type. */
export function decodeFrb(frame: Uint8Array): Frb | FrbFault {
  if (frame.length < frbHeaderLength + minFrame) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const [part, lastPart] = [frame[15]! >> 4, frame[15]! & 0xf];
  if (part > lastPart) return 'bad-part';
  const epoch = getEpoch(view, 34);
  if (epoch === undefined) return 'bad-epoch';
  return {
    hopLimit: view.getUint16(16),
    root: getId(view, 18),
    epoch,
    sequence: view.getUint32(42),
    arc: { start: getId(view, 46), end: getId(view, 62) },
    inner: frame.subarray(frbHeaderLength),
    part,
    lastPart,
  };
}

export function encodeFrb(frb: Frb, source: FrameSource): Uint8Array {
  const frame = room(frbHeaderLength + frb.inner.length);
  putFloodEthernet(frame, source);
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint8(14, (floodVersion << 4) | floodTypeData);
  view.setUint8(15, (frb.part << 4) | frb.lastPart);
  view.setUint16(16, frb.hopLimit);
  setId(view, 18, frb.root);
  view.setBigUint64(34, BigInt(frb.epoch));
  view.setUint32(42, frb.sequence);
  setId(view, 46, frb.arc.start);
  setId(view, 62, frb.arc.end);
  frame.set(frb.inner, frbHeaderLength);
  return frame;
}

/** The Ethernet header of every frame of a flood. */
export function putFloodEthernet(frame: Uint8Array, { mac, etherType }: FrameSource): void {
  frame.set(groupMac, 0);
  frame.set(mac, 6);
  frame[12] = etherType >> 8;
  frame[13] = etherType & 0xff;
}

/** Undefined for a number that no clock shows and that would not survive being written again. */
export function getEpoch(view: DataView, offset: number): number | undefined {
  const high = view.getUint32(offset);
  return high < 2 ** 21 ? high * 2 ** 32 + view.getUint32(offset + 4) : undefined;
}

export function getId(view: DataView, offset: number): NodeId {
  return (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
}

export function setId(view: DataView, offset: number, id: NodeId): void {
  view.setBigUint64(offset, id >> 64n);
  view.setBigUint64(offset + 8, BigInt.asUintN(64, id));
}
