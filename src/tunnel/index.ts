/** Links between two nodes: the interface, its implementation over node-datachannel, and the in-memory fake. */
export { TunnelError, type TunnelErrorCode } from './errors.ts';
export type { LibraryLog } from './library.ts';
export {
  type MemoryNetworkOptions,
  type MemoryPath,
  type MemoryTunnelFactory,
  MemoryTunnelNetwork,
} from './memory-network.ts';
export { RtcTunnelFactory, type RtcTunnelOptions } from './rtc-factory.ts';
export type { RtcCounters } from './rtc-host.ts';
export {
  maxControlMessage,
  maxFrameMessage,
  openTimeoutMs,
  type Tunnel,
  type TunnelCounters,
  type TunnelEvents,
  type TunnelFactory,
  type TunnelOffer,
  type TunnelPath,
  type TunnelSignal,
} from './tunnel.ts';
