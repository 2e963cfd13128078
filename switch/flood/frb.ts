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
 * |       EtherType 0x88b5        |version| type  |     flags     |
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

/** IEEE Std 802 local experimental EtherType 1. */
export const floodEtherType = 0x88b5;
export const floodVersion = 1;
/** The types of digest.ts are 2 and 3. */
export const floodTypeData = 1;
export const frbHeaderLength = 78;
/** Links of a flood's path at most; a ring without shortcuts is as deep as half its nodes. */
export const initialHopLimit = 1024;

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
}

export type FrbFault = 'truncated' | 'unknown-version' | 'unknown-type';

/** Type of a flood's frame, of this version. The frame must begin with an Ethernet header of `floodEtherType`. */
export function floodTypeOf(frame: Uint8Array): number | FrbFault {
  const versionAndType = frame[14];
  if (versionAndType === undefined) return 'truncated';
  return versionAndType >> 4 === floodVersion ? versionAndType & 0xf : 'unknown-version';
}

/** Who calls has checked EtherType, version and type. */
export function decodeFrb(frame: Uint8Array): Frb | 'truncated' {
  if (frame.length < frbHeaderLength + minFrame) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    hopLimit: view.getUint16(16),
    root: getId(view, 18),
    epoch: Number(view.getBigUint64(34)),
    sequence: view.getUint32(42),
    arc: { start: getId(view, 46), end: getId(view, 62) },
    inner: frame.subarray(frbHeaderLength),
  };
}

/** `sourceMac`: six bytes. */
export function encodeFrb(frb: Frb, sourceMac: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frbHeaderLength + frb.inner.length);
  putFloodEthernet(frame, sourceMac);
  const view = new DataView(frame.buffer);
  view.setUint8(14, (floodVersion << 4) | floodTypeData);
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
export function putFloodEthernet(frame: Uint8Array, sourceMac: Uint8Array): void {
  frame.set(groupMac, 0);
  frame.set(sourceMac, 6);
  frame[12] = floodEtherType >> 8;
  frame[13] = floodEtherType & 0xff;
}

export function getId(view: DataView, offset: number): NodeId {
  return (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
}

export function setId(view: DataView, offset: number, id: NodeId): void {
  view.setBigUint64(offset, id >> 64n);
  view.setBigUint64(offset + 8, BigInt.asUintN(64, id));
}
