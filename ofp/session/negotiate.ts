import { decode } from '../codec/message.ts';
import type { OfpVersion } from '../errors.ts';
import type { Message, OfpMessageInput } from '../messages.ts';

/** The hello of a side that speaks `versions` (spec 1.3 6.3.1): the highest in the header, all in a bitmap. */
export function makeHello(versions: readonly OfpVersion[]): OfpMessageInput {
  const version = Math.max(...versions) as OfpVersion;
  // A side that speaks 1.0 alone greets as in 1.0, where hello has no elements.
  if (version === 1) return { type: 'hello', version, xid: 0 };
  const bitmap = versions.reduce((bits, each) => bits | (1 << each), 0);
  return { type: 'hello', version, xid: 0, elements: [{ type: 'versionBitmap', bitmaps: [bitmap] }] };
}

/** A peer's hello, with its header's version as it is, which may be one that nobody knows yet. */
export interface PeerHello {
  readonly version: number;
  readonly xid: number;
  readonly elements: Message<'hello'>['elements'];
}

/**
 * Reads a hello of any version: its layout is the same in all of them.
 *
 * @throws {OfpDecodeError} when it is not well-formed.
 */
export function readHello(frame: Uint8Array): PeerHello {
  const known = frame.slice();
  known[0] = Math.min(Math.max(frame[0]!, 1), 6);
  const hello = decode(known) as Message<'hello'>;
  return { version: frame[0]!, xid: hello.xid, elements: hello.elements };
}

/**
 * The version that both sides settle on: the highest in both bitmaps if both sent one, otherwise the lower of the two
 * header versions, if it is spoken here. Undefined if there is none (spec 1.3 6.3.1).
 */
export function agreedVersion(versions: readonly OfpVersion[], hello: PeerHello): OfpVersion | undefined {
  const highest = Math.max(...versions);
  const bitmap = hello.elements.find((element) => element.type === 'versionBitmap');
  if (bitmap && highest > 1) {
    const theirs = bitmap.bitmaps[0] ?? 0;
    const common = versions.filter((version) => (theirs & (1 << version)) !== 0);
    return common.length > 0 ? (Math.max(...common) as OfpVersion) : undefined;
  }
  const lower = Math.min(highest, hello.version);
  return versions.find((version) => version === lower);
}
