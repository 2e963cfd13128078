/**
 * A TAP as the bridge sees it: batches of Ethernet frames (no preamble, no FCS) both ways.
 * Implemented by the kernel's TAP and by an in-memory twin; one compliance suite checks both.
 */
export interface Tap {
  readonly name: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** Largest IP packet in bytes; a frame may be 14 bytes (18 with a VLAN tag) longer. */
  readonly mtu: number;
  readonly counters: TapCounters;
  /**
   * Sets the one handler of frames that the host sent. The views are valid only until the handler returns:
   * who keeps a frame copies it.
   */
  onFrames(handler: (frames: readonly Uint8Array[]) => void): void;
  /** Sets the one handler of a failure that ends the TAP (interface deleted, read error). */
  onError(handler: (error: Error) => void): void;
  /** Hands frames to the host, in order. Returns how many were taken; the others are dropped and counted. */
  send(frames: readonly Uint8Array[]): number;
  close(): void;
}

export interface TapCounters {
  rxFrames: number;
  rxBytes: number;
  txFrames: number;
  txBytes: number;
  /** Frames that the host's queue did not take. */
  txDropped: number;
}
