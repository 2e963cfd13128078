/**
 * How nodes of an overlay first hear of each other and carry offers and answers.
 * The carrier is a courier that need not be trusted: payloads are signed envelopes.
 * Implemented over WebSocket rendezvous and by an in-memory fake; one compliance suite checks both.
 */
export interface Signal {
  /**
   * Registers and reports members until closed; reconnects by itself with back-off and jitter.
   * Rejects with a `SignalError` only when the very first attempt fails.
   */
  start(): Promise<void>;
  /** False when not connected or the bounded queue is full: the message was not taken. */
  send(to: string, payload: string): boolean;
  close(): void;
}

/** A member as its courier announces it. `nodeId` is checked against `publicKey` before it is reported. */
export interface Member {
  /** 32 lower-case hex digits: the first 128 bits of SHA-256(publicKey). */
  readonly nodeId: string;
  /** Raw Ed25519 public key, 32 bytes, base64url. */
  readonly publicKey: string;
  /** For people; at most 63 characters of [A-Za-z0-9.-]. */
  readonly name: string;
}

export interface SignalEvents {
  /** The whole membership after a (re)connect; replaces what was known from this courier. */
  members(members: readonly Member[]): void;
  joined(member: Member): void;
  left(nodeId: string): void;
  /** From another member; `from` is what the courier says and proves nothing. */
  message(from: string, payload: string): void;
  /** The courier went away or came back. Links are unaffected. */
  state(connected: boolean, reason: string): void;
}
