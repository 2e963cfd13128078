/**
 * A link between two nodes: one ICE + DTLS association with two lanes.
 * `control` is reliable and ordered; `frames` is unreliable, unordered and never waits behind a loss.
 * Implemented over node-datachannel and by an in-memory fake; one compliance suite checks both.
 */
export interface Tunnel {
  /** For logs. */
  readonly name: string;
  readonly counters: TunnelCounters;
  /** Hands over what the other end's `signal` event gave. Anything malformed closes the tunnel with a reason. */
  signal(payload: TunnelSignal): void;
  /**
   * False when the lane is not open, its bounded queue is full, or the message is over `maxControlMessage`: it was not
   * taken. The bytes are copied before this returns.
   */
  sendControl(message: Uint8Array): boolean;
  /**
   * Sends messages of up to `maxFrameMessage` bytes each, in order. Returns how many were taken; the others were dropped
   * (the bounded queue is full, the lane is not open, or the message is too long) and counted. The bytes are copied
   * before this returns.
   */
  sendFrames(messages: readonly Uint8Array[]): number;
  /** So many frames wait that more of them may be dropped soon: `drained` tells when it is over. */
  readonly isCongested: boolean;
  /** Smoothed round-trip time in ms as the transport knows it, or undefined. */
  path(): TunnelPath | undefined;
  /** Idempotent; `closed` is emitted once, before this returns. */
  close(reason: string): void;
}

/**
 * None of them is called before `dial` or `accept` has returned, and none after `closed`. `closed` may be called from
 * within `signal` and `close`. What arrived before the other end closed is delivered before `closed`.
 */
export interface TunnelEvents {
  /** To be carried to the other end, in order. */
  signal(payload: TunnelSignal): void;
  /** Both lanes are usable and the peer's certificate matched the fingerprint of its signed offer or answer. */
  open(): void;
  control(message: Uint8Array): void;
  /** The views are valid only until the handler returns. */
  frames(messages: readonly Uint8Array[]): void;
  /** Hardly any frames wait any more, of many. */
  drained(): void;
  closed(reason: string): void;
}

/** What travels through signalling, inside a signed envelope. */
export type TunnelSignal =
  | { readonly kind: 'offer' | 'answer'; readonly sdp: string; readonly fingerprint: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

export type TunnelOffer = Extract<TunnelSignal, { kind: 'offer' | 'answer' }>;

export interface TunnelPath {
  readonly rttMs: number | undefined;
  /** `host`, `srflx`, `prflx` or `relay`, as ICE names the selected pair. */
  readonly localType: string;
  readonly remoteType: string;
  readonly remoteAddress: string;
}

export interface TunnelCounters {
  rxMessages: number;
  rxBytes: number;
  txMessages: number;
  txBytes: number;
  /** Frame messages dropped because the send queue was over its bound. */
  txDropped: number;
}

/**
 * Largest frame-lane message. One of up to 1376 bytes crosses in one datagram at an underlay MTU of 1500
 * (1500 - 12 - 48 - 8 - 40 - 16); a longer one crosses in several, and is lost when one of them is.
 */
export const maxFrameMessage = 16_384;

/** Largest control-lane message. */
export const maxControlMessage = 262_144;

/** A tunnel that is not open after this many milliseconds closes itself. */
export const openTimeoutMs = 15_000;

export interface TunnelFactory {
  /** Starts as the end that offers. */
  dial(name: string, events: TunnelEvents): Tunnel;
  /** Starts as the end that answers `offer`. */
  accept(name: string, offer: TunnelOffer, events: TunnelEvents): Tunnel;
  /** Closes every tunnel and releases what the transport holds. */
  close(): Promise<void>;
}
