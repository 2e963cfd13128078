/** The host's side of the overlay: TAP interfaces, and echoes sent from inside network namespaces. */
export type { EchoReply, Family } from './echo-message.ts';
export { TapError, type TapErrorCode } from './errors.ts';
export { EchoSocket, type EchoSocketOptions } from './icmp.ts';
export { KernelTap, type KernelTapOptions } from './kernel-tap.ts';
export { type MemoryHost, MemoryTap, type MemoryTapOptions } from './memory-tap.ts';
export type { Tap, TapCounters } from './tap.ts';
