import type { OfpVersion } from '../../errors.ts';
import type { Message, MessageType, MultipartReply, MultipartRequest, OfpMessage } from '../../messages.ts';
import type { PortNames } from '../names.ts';

/** What a writer of a message's text needs beside the message. */
export interface PrintContext {
  readonly version: OfpVersion;
  readonly ports: PortNames | undefined;
  /** The text of a message within a message. */
  readonly nested: (message: OfpMessage) => string;
  /** The text of the beginning of a message that was refused. */
  readonly refused: (data: Uint8Array) => string;
}

/** Each gives what follows `NAME (OF1.3) (xid=0x1):`, mostly beginning with a space or a line feed. */
export type Writers = { readonly [T in MessageType]?: (message: Message<T>, context: PrintContext) => string };
export type RequestWriters = {
  readonly [T in MultipartRequest['multipart']]?: (
    message: Extract<MultipartRequest, { multipart: T }>,
    context: PrintContext,
  ) => string;
};
export type ReplyWriters = {
  readonly [T in MultipartReply['multipart']]?: (
    message: Extract<MultipartReply, { multipart: T }>,
    context: PrintContext,
  ) => string;
};

/** Options for the writers of actions and groups. */
export const textOptions = ({ version, ports }: PrintContext) => ({ version, ...(ports && { ports }) });
