/**
 * A whole message inside another one (bundle-add, request-forward). It may not carry a third: such a message is refused
 * before it is looked at, so hostile nesting costs nothing.
 */
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

export const nestedMessage: Codec = {
  read: (b, at, end) => {
    if (link.depth > 0) fail('a message in a message in a message', at, 'message', FAULTS.bundledType);
    if (end - at < 8) fail('too short for a header', at, 'message', FAULTS.requestLength);
    const length = u16(b, at + 2);
    if (length < 8 || length > end - at) fail(`length ${length}`, at + 2, 'message.length', FAULTS.requestLength);
    link.depth = 1;
    try {
      const message = link.read!(b, at, at + length);
      const padded = at + ((length + 7) & ~7);
      cursor.at = Math.min(padded, end);
      return message;
    } finally {
      link.depth = 0;
    }
  },
  write: (value) => {
    link.write!(value);
  },
};
