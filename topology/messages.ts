/**
 * What neighbours tell each other on the control lane of their link. One message is one lane message.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-------+-------+-----------------------------------------------+
 * |version| type  |   PROBE, PROBE_ACK: sequence (32 bits)        |
 * +-------+-------+   EDGE: interest (8 bits: 0 none,             |
 * |                         1 successor, 2 long)                  |
 * |                   LEAVE: nothing                              |
 * +---------------------------------------------------------------+
 */
import type { EdgeKind } from './policy.ts';

export type LinkMessage =
  | { readonly type: 'probe' | 'probeAck'; readonly sequence: number }
  /** What the sender wants of this link; undefined: it would let go of it. */
  | { readonly type: 'edge'; readonly interest: EdgeKind | undefined }
  /** The sender is leaving the overlay. */
  | { readonly type: 'leave' };

const version = 1;
const types = ['probe', 'probeAck', 'edge', 'leave'] as const;
const lengths = { probe: 5, probeAck: 5, edge: 2, leave: 1 } as const;
const interests = [undefined, 'successor', 'long'] as const;

export function encodeLinkMessage(message: LinkMessage): Uint8Array {
  const bytes = new Uint8Array(lengths[message.type]);
  bytes[0] = (version << 4) | types.indexOf(message.type);
  if (message.type === 'edge') bytes[1] = interests.indexOf(message.interest);
  else if (message.type !== 'leave') new DataView(bytes.buffer).setUint32(1, message.sequence);
  return bytes;
}

/** Undefined for anything that `encodeLinkMessage` does not make. */
export function decodeLinkMessage(bytes: Uint8Array): LinkMessage | undefined {
  const head = bytes[0];
  if (head === undefined || head >> 4 !== version) return undefined;
  const type = types[head & 0xf];
  if (type === undefined || bytes.length !== lengths[type]) return undefined;
  if (type === 'leave') return { type };
  if (type === 'edge') {
    const interest = bytes[1]!;
    return interest < interests.length ? { type, interest: interests[interest] } : undefined;
  }
  return { type, sequence: new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1) };
}
