import { encode, MultipartReplyFlags, type MultipartReplyType, type OfpMessageInput } from '../../ofp/index.ts';
import { put16, put32 } from '../packet/index.ts';
import { agentVersion } from './version.ts';

const headerLength = 16;
const maxMessage = 65_535;
/** Offsets in the header. */
const lengthAt = 2;
const xidAt = 4;
const flagsAt = 10;

/** The bytes of one item of a list, without the message around it. */
export function encodeItem(multipart: MultipartReplyType, item: object): Uint8Array {
  return encodeList(multipart, [item]).subarray(headerLength);
}

/** Spreads items over replies of at most 64 KiB, all but the last marked that more follow (OpenFlow 1.3 section 7.3.5). */
export function packItems(multipart: MultipartReplyType, xid: number, items: Iterable<Uint8Array>): Uint8Array[] {
  const header = encodeList(multipart, []).slice(0, headerLength);
  put32(header, xidAt, xid);
  const messages: Uint8Array[] = [];
  let part: Uint8Array[] = [];
  let length = headerLength;
  const close = (flags: number) => {
    const message = new Uint8Array(length);
    message.set(header);
    put16(message, lengthAt, length);
    put16(message, flagsAt, flags);
    let at = headerLength;
    for (const item of part) {
      message.set(item, at);
      at += item.length;
    }
    messages.push(message);
    part = [];
    length = headerLength;
  };
  for (const item of items) {
    if (length + item.length > maxMessage) close(MultipartReplyFlags.MORE);
    part.push(item);
    length += item.length;
  }
  close(0);
  return messages;
}

function encodeList(multipart: MultipartReplyType, body: readonly object[]): Uint8Array {
  return encode({
    type: 'multipartReply',
    version: agentVersion,
    xid: 0,
    multipart,
    flags: 0,
    body,
  } as OfpMessageInput);
}
