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
/** Other types (repair) are reserved: 2 IHAVE, 3 IWANT. */
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
  readonly arc: Arc;
  /** A view of the bytes that were decoded. */
  readonly inner: Uint8Array;
}

export type FrbFault = 'truncated' | 'unknown-version' | 'unknown-type';

/** The frame must begin with an Ethernet header of `floodEtherType`; who calls has checked that. */
export function decodeFrb(frame: Uint8Array): Frb | FrbFault {
  if (frame.length < frbHeaderLength + minFrame) return 'truncated';
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const versionAndType = view.getUint8(14);
  if (versionAndType >> 4 !== floodVersion) return 'unknown-version';
  if ((versionAndType & 0xf) !== floodTypeData) return 'unknown-type';
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
  frame.set(groupMac, 0);
  frame.set(sourceMac, 6);
  const view = new DataView(frame.buffer);
  view.setUint16(12, floodEtherType);
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

function getId(view: DataView, offset: number): NodeId {
  return (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
}

function setId(view: DataView, offset: number, id: NodeId): void {
  view.setBigUint64(offset, id >> 64n);
  view.setBigUint64(offset + 8, BigInt.asUintN(64, id));
}
