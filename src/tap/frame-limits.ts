/** An Ethernet header without a VLAN tag: no frame is shorter. */
const HEADER = 14;
/** The same with a VLAN tag (IEEE 802.1Q). */
const TAGGED_HEADER = 18;

/** Lengths in bytes that a TAP takes; others are dropped and counted. */
export interface FrameLimits {
  shortest: number;
  longest: number;
}

export const plainLimits = (mtu: number): FrameLimits => ({ shortest: HEADER, longest: mtu + TAGGED_HEADER });

/** With a virtio header in front of each frame; `longest` is that of a segmentation offload's frame. */
export const VNET_LIMITS: FrameLimits = { shortest: 12 + HEADER, longest: 12 + TAGGED_HEADER + 65_535 };

export const fits = (frame: Uint8Array, limits: FrameLimits): boolean =>
  frame.length >= limits.shortest && frame.length <= limits.longest;

export const totalBytes = (frames: readonly Uint8Array[]): number =>
  frames.reduce((sum, frame) => sum + frame.length, 0);
