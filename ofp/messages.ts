/** The messages, as types derived from the tables. */
import type { OfpVersion } from './errors.ts';
import type { MESSAGES } from './tables/messages.ts';
import type { MULTIPART_REPLIES, MULTIPART_REQUESTS, MultipartFamily } from './tables/multipart.ts';
import type { Family, StructInput, StructValue } from './tables/schema.ts';
import type { ValueOf } from './tables/values.ts';

type Flat<T> = { [K in keyof T]: T[K] };

interface Header<T extends string> {
  type: T;
  version: OfpVersion;
  /** Transaction id: a reply carries that of its request. */
  xid: number;
}

type Plain<F extends Family> = { [K in keyof F & string]: Flat<Header<K> & StructValue<F[K]>> };
type PlainInput<F extends Family> = { [K in keyof F & string]: Flat<Header<K> & StructInput<F[K]>> };

type BodyOf<E extends MultipartFamily[string]> = E['body'] extends 'none'
  ? unknown
  : E['body'] extends 'one'
    ? { body: StructValue<E> }
    : E['body'] extends 'many'
      ? { body: StructValue<E>[] }
      : E extends { readonly list: infer L extends keyof ValueOf }
        ? { body: ValueOf[L] }
        : never;
type InputOf<E extends MultipartFamily[string]> = E['body'] extends 'one'
  ? { body: StructInput<E> }
  : E['body'] extends 'many'
    ? { body: StructInput<E>[] }
    : BodyOf<E>;

type Multi<T extends string, F extends MultipartFamily> = {
  [K in keyof F & string]: Flat<Header<T> & { multipart: K; flags: number } & BodyOf<F[K]>>;
}[keyof F & string];
type MultiInput<T extends string, F extends MultipartFamily> = {
  [K in keyof F & string]: Flat<Header<T> & { multipart: K; flags?: number } & InputOf<F[K]>>;
}[keyof F & string];

export type MultipartRequest = Multi<'multipartRequest', typeof MULTIPART_REQUESTS>;
export type MultipartReply = Multi<'multipartReply', typeof MULTIPART_REPLIES>;

/** A decoded message: told apart by `type`, multipart ones further by `multipart`. */
export type OfpMessage = Plain<typeof MESSAGES>[keyof typeof MESSAGES] | MultipartRequest | MultipartReply;

/** A message to encode: as decoded, but fields with a default may be left out. */
export type OfpMessageInput =
  | PlainInput<typeof MESSAGES>[keyof typeof MESSAGES]
  | MultiInput<'multipartRequest', typeof MULTIPART_REQUESTS>
  | MultiInput<'multipartReply', typeof MULTIPART_REPLIES>;

export type MessageType = OfpMessage['type'];
export type MultipartRequestType = MultipartRequest['multipart'];
export type MultipartReplyType = MultipartReply['multipart'];

/** The message with the given `type`. */
export type Message<T extends MessageType> = Extract<OfpMessage, { type: T }>;
/** The body structure of the multipart request or reply of the given type. */
export type RequestBody<T extends MultipartRequestType> =
  Extract<MultipartRequest, { multipart: T }> extends {
    body: infer B;
  }
    ? B
    : undefined;
export type ReplyBody<T extends MultipartReplyType> =
  Extract<MultipartReply, { multipart: T }> extends {
    body: infer B;
  }
    ? B
    : undefined;
/** One element of a multipart reply that is a list, e.g. `ReplyItem<'flow'>`. */
export type ReplyItem<T extends MultipartReplyType> = ReplyBody<T> extends readonly (infer I)[] ? I : never;
