/**
 * A whole message inside another one (bundle-add, request-forward). It may not carry a third: such a message is refused
 * before it is looked at, so hostile nesting costs nothing.
 */
import { OfpEncodeError, type OfpVersion } from '../errors.ts';
import type { Codec } from './compile.ts';
import { cursor, FAULTS, fail, u16 } from './io.ts';

type ReadMessage = (b: Uint8Array, at: number, end: number) => unknown;
type WriteMessage = (value: unknown) => void;

/** Set by the message codec, which needs the structures that need this. */
const link: { read?: ReadMessage; write?: WriteMessage; depth: number } = { depth: 0 };

export function linkMessageCodec(read: ReadMessage, write: WriteMessage): void {
  link.read = read;
  link.write = write;
}

/** Does `work` one level deeper, or refuses if that is too deep; the level is left however it ends. */
function inside<T>(refuse: () => never, work: () => T): T {
  if (link.depth > 0) refuse();
  link.depth = 1;
  try {
    return work();
  } finally {
    link.depth = 0;
  }
}

/** A message of the same version as the one around it. */
export const nestedMessage = (version: OfpVersion): Codec => ({
  read: (b, at, end) => {
    const message = inside(
      () => fail('a message in a message in a message', at, 'message', FAULTS.bundledType),
      () => {
        if (end - at < 8) fail('too short for a header', at, 'message', FAULTS.requestLength);
        if (b[at] !== version) fail(`version ${b[at]}`, at, 'message.version', FAULTS.badVersion);
        const length = u16(b, at + 2);
        if (length < 8 || length > end - at) fail(`length ${length}`, at + 2, 'message.length', FAULTS.requestLength);
        return link.read!(b, at, at + length);
      },
    );
    cursor.at = Math.min(at + ((u16(b, at + 2) + 7) & ~7), end);
    return message;
  },
  write: (value) => {
    const inner = value as { version?: unknown } | undefined;
    if (inner?.version !== version) throw new OfpEncodeError('message.version', `is not ${version}`);
    inside(
      () => {
        throw new OfpEncodeError('message', 'a message in a message in a message');
      },
      () => link.write!(value),
    );
  },
});
