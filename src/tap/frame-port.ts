/**
 * A port to the world outside as the bridge sees it: batches of Ethernet frames (no preamble, no FCS) both ways.
 * One compliance suite checks all implementations.
 *
 * A *finished* frame is as it is on a wire. A *headed* frame may lack its checksum, and may be a super-frame, to be cut
 * into segments; the 12 bytes before its first byte, in the same ArrayBuffer, are the virtio header that says so
 * (virtio 1.2 section 5.1.6, in the host's byte order; see native/vnet_header.h).
 */
export interface FramePort {
  readonly name: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** Largest IP packet in bytes; a frame may be 14 bytes (18 with a VLAN tag) longer. */
  readonly mtu: number;
  readonly counters: PortCounters;
  /** Whether the frames that it delivers are headed, rather than finished. */
  readonly isHeaded: boolean;
  /** Whether frames can go in and out: the interface is up and has a carrier, the peer is connected. */
  readonly isUp: boolean;
  /**
   * Sets the one handler of frames that came in. The views are valid only until the handler returns:
   * who keeps a frame copies it.
   */
  onFrames(handler: (frames: readonly Uint8Array[]) => void): void;
  /** Sets the one handler of changes of `isUp`. */
  onLink(handler: (isUp: boolean) => void): void;
  /** Sets the one handler of a failure that ends the port (interface deleted, read error). */
  onError(handler: (error: Error) => void): void;
  /** Sends finished frames, in order. Returns how many were taken; the others are dropped and counted. */
  send(frames: readonly Uint8Array[]): number;
  /**
   * The same with headed frames, which any port takes: it finishes them if it has to. A super-frame counts as taken if
   * it was not malformed.
   */
  sendHeaded(frames: readonly Uint8Array[]): number;
  close(): void;
}

/** A super-frame counts as one frame where it passes whole, else each of its segments does. */
export interface PortCounters {
  rxFrames: number;
  rxBytes: number;
  /** Frames that came in malformed, or when the queue was full. */
  rxDropped: number;
  txFrames: number;
  txBytes: number;
  /** Frames that were too short, too long or malformed, or that the queue did not take. */
  txDropped: number;
}

/**
 * Who computes checksums and cuts super-frames that come in, which the network stack would rather leave undone:
 * the kernel, the port (fewer system calls), or nobody, so that frames are headed (no work at all).
 */
export type Offload = 'kernel' | 'cut' | 'headed';

/** A port whose other end can be made to wait. */
export interface PausablePort extends FramePort {
  /** While it is paused no frames come in: they wait in a bounded queue at the other end. */
  pause(isPaused: boolean): void;
}
