/** How nodes first hear of each other: the interface, WebSocket rendezvous (server and client), and the in-memory fake. */
export { RendezvousClient, type RendezvousClientOptions } from './client.ts';
export { SignalError, type SignalErrorCode } from './errors.ts';
export { type MemoryHubOptions, MemorySignalHub, type MemorySignalOptions } from './memory-signal.ts';
export { type RendezvousCounters, type RendezvousOptions, RendezvousServer } from './server.ts';
export type { Member, Signal, SignalEvents } from './signal.ts';
