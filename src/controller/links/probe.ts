/**
 * Probes: frames that a controller sends out of every port, to see at which ports they come in.
 *
 *      0                   1                   2                   3
 *     +---------------------------------------------------------------+
 *     | 03:52:4c:00:00:01 (a group that bridges pass on) | source ... |
 *     +-------------------------------+-------------------------------+
 *     | 0x88b5 (IEEE 802: local use)  | version, 1    | 0             |
 *     +-------------------------------+---------------+---------------+
 *     | datapath id, 64 bits                                          |
 *     +---------------------------------------------------------------+
 *     | port                                                          |
 *     +---------------------------------------------------------------+
 *     | number of the probe among those of its port                   |
 *     +---------------------------------------------------------------+
 *     | the first 128 bits of HMAC-SHA-256 over version to number     |
 *     +---------------------------------------------------------------+
 *
 * The code is that of one run of one controller: a host cannot invent probes, and those of another controller are not ours.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const probeEtherType = 0x88b5;
const group = Uint8Array.of(0x03, 0x52, 0x4c, 0, 0, 1);
const version = 1;
const bodyOffset = 14;
const codeOffset = 32;
const codeLength = 16;
/** Bytes of a whole probe: the least that Ethernet carries. */
export const probeLength = 60;

export interface Probe {
  readonly datapathId: bigint;
  readonly port: number;
  readonly number: number;
}

/** `source`: six bytes, the port's own address. */
export function encodeProbe({ datapathId, port, number }: Probe, source: Uint8Array, secret: Uint8Array): Uint8Array {
  const frame = new Uint8Array(probeLength);
  const view = new DataView(frame.buffer);
  frame.set(group);
  frame.set(source, 6);
  view.setUint16(12, probeEtherType);
  view.setUint8(bodyOffset, version);
  view.setBigUint64(16, datapathId);
  view.setUint32(24, port);
  view.setUint32(28, number);
  frame.set(codeOf(frame, secret), codeOffset);
  return frame;
}

export function isProbe(frame: Uint8Array): boolean {
  return frame.length > bodyOffset && ((frame[12]! << 8) | frame[13]!) === probeEtherType;
}

/** Undefined: not one of this controller. */
export function decodeProbe(frame: Uint8Array, secret: Uint8Array): Probe | undefined {
  if (frame.length < codeOffset + codeLength || frame[bodyOffset] !== version) return undefined;
  if (!timingSafeEqual(frame.subarray(codeOffset, codeOffset + codeLength), codeOf(frame, secret))) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  return { datapathId: view.getBigUint64(16), port: view.getUint32(24), number: view.getUint32(28) };
}

function codeOf(frame: Uint8Array, secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update(frame.subarray(bodyOffset, codeOffset)).digest().subarray(0, codeLength);
}
