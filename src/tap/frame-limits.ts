/** An Ethernet header without a VLAN tag: no frame is shorter. */
const HEADER = 14;
/** The same with a VLAN tag (IEEE 802.1Q). */
const TAGGED_HEADER = 18;

/** Lengths in bytes that a port takes; others are dropped and counted. */
export interface FrameLimits {
  shortest: number;
  longest: number;
}

export const limitsOf = (mtu: number): FrameLimits => ({ shortest: HEADER, longest: mtu + TAGGED_HEADER });

export const fits = (frame: Uint8Array, limits: FrameLimits): boolean =>
  frame.length >= limits.shortest && frame.length <= limits.longest;

export const totalBytes = (frames: readonly Uint8Array[]): number =>
  frames.reduce((sum, frame) => sum + frame.length, 0);
