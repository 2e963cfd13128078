/** The host's side of the bridge: interfaces and sockets that frames go through, and echoes sent from namespaces. */
export type { EchoReply, Family } from './echo-message.ts';
export { TapError, type TapErrorCode } from './errors.ts';
export { EthernetPort, type EthernetPortOptions } from './ethernet-port.ts';
export { FrameFinisher } from './frame-finisher.ts';
export type { FramePort, Offload, PausablePort, PortCounters } from './frame-port.ts';
export { EchoSocket, type EchoSocketOptions } from './icmp.ts';
export { KernelTap, type KernelTapOptions } from './kernel-tap.ts';
export { type MemoryHost, MemoryTap, type MemoryTapOptions } from './memory-tap.ts';
export { dialUnixPort, type UnixDialOptions } from './unix-dial.ts';
export { listenUnixPort } from './unix-listen.ts';
export type { UnixPort, UnixPortOptions } from './unix-port.ts';
