/** What goes into a session and what comes out of it. */
import type { OfpDecodeError, OfpVersion } from '../errors.ts';
import type { Message, OfpMessage, OfpMessageInput } from '../messages.ts';
import type { RoleHolder, RoleTable } from './roles.ts';

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A message to send: the session fills in version and transaction id. */
export type Outgoing = DistributiveOmit<OfpMessageInput, 'version' | 'xid'>;

/** Why a session ended. */
export interface SessionEnd {
  readonly code: /** No version in common; the peer was told, or told us. */
    | 'INCOMPATIBLE'
    /** The peer broke the protocol so that the stream cannot be followed any further, or before the hello. */
    | 'PROTOCOL'
    /** Hello, or the features reply, did not come in time. */
    | 'HANDSHAKE_TIMEOUT'
    /** Nothing came for too long, not even an answer to an echo request. */
    | 'ECHO_TIMEOUT'
    /** The peer does not read: more replies wait for it than may. */
    | 'QUEUE_OVERFLOW'
    /** The transport is gone. */
    | 'DISCONNECTED'
    /** This side ended it. */
    | 'CLOSED';
  readonly detail: string;
}

/** Something that is wrong but ends nothing. Each was answered with an error message where the protocol has one. */
export type SessionProblem =
  /** A message that cannot be decoded. */
  | { readonly kind: 'malformed'; readonly error: OfpDecodeError }
  /** A message of the wrong version, that this side never gets, or that has no place in the current state. */
  | { readonly kind: 'unexpected'; readonly detail: string }
  /** A reply that no request waits for: late, or with a transaction id that was never given out. */
  | { readonly kind: 'unmatched'; readonly xid: number; readonly type: string };

/** What the controller's side knows of the switch when the session is ready. */
export type SwitchFeatures = Message<'featuresReply'>;

/**
 * Where the effects of a session go. Bytes and messages that are passed on may be views of what the session was given,
 * and are to be copied if they are kept. A sink may call back into the session.
 */
export interface SessionSink {
  /** Bytes for the peer, in order; they are the sink's from then on. */
  send(bytes: Uint8Array): void;
  /** The version is agreed on and, on the controller's side, the switch is known. Called once at most. */
  ready(features: SwitchFeatures | undefined, now: number): void;
  /**
   * A message that the session does not deal with itself: events, errors that belong to no request, and on the switch's
   * side requests. `frame` holds its bytes, for `Session.refuse`.
   */
  message(message: OfpMessage, frame: Uint8Array, now: number): void;
  problem(problem: SessionProblem): void;
  /** The end. The transport is to be closed once what was sent is out. Called once; nothing follows it. */
  ended(end: SessionEnd): void;
}

/** How a request ended. */
export type RequestOutcome =
  /** The answer; parts of a multipart reply are joined into one message. */
  | { readonly kind: 'reply'; readonly message: OfpMessage }
  | { readonly kind: 'refused'; readonly error: Message<'error'> }
  /** A multipart reply beyond the bounds, or whose parts do not fit together. */
  | { readonly kind: 'unusable'; readonly detail: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'ended' };

/** How a batch of messages that have no replies ended: a barrier was answered after them, or was not. */
export type CommitOutcome =
  /** Carried out, but for those that the peer refused: by their place in the batch. */
  | { readonly kind: 'done'; readonly refused: ReadonlyMap<number, Message<'error'>> }
  | Exclude<RequestOutcome, { readonly kind: 'reply' }>;

export interface SessionOptions {
  readonly side: 'controller' | 'switch';
  readonly sink: SessionSink;
  /** Versions spoken. Default 1.3 alone. */
  readonly versions?: readonly OfpVersion[];
  /** On the switch's side: the roles of all its controllers. Without it, role requests go to the sink. */
  readonly roles?: RoleTable;
  /** Who has the role there, if not this session: an auxiliary connection shares that of its main one (spec 1.3 6.3.5). */
  readonly roleHolder?: RoleHolder;
  /** Silence, in ms, after which the peer is probed; 0 never probes. Default 5000. */
  readonly echoIntervalMs?: number;
  /** Further silence, in ms, after which a probed peer is given up. Default 15000. */
  readonly echoTimeoutMs?: number;
  /** For hello and features reply, ms. Default 10000. */
  readonly handshakeTimeoutMs?: number;
  /** For an answer, ms, unless the request says otherwise. Parts that arrive start it anew. Default 30000. */
  readonly requestTimeoutMs?: number;
  /** Bytes that may wait for a peer that does not read: events beyond the first are dropped, replies beyond the second end it. */
  readonly maxQueuedEvents?: number;
  readonly maxQueued?: number;
  /** Bytes of a multipart message in all its parts. Default 32 MiB for replies; requests have 1 MiB. */
  readonly maxMultipartBytes?: number;
}
