/**
 * A software switch: ports, flow tables, bounded flooding and an OpenFlow agent, without any I/O of its own.
 *
 *     ports --frames--> Bridge --frames--> ports
 *                         ^ |
 *          flow-mods, ... | | packet-ins, port status, ...
 *                         | v
 *     controllers <---> Agent
 */
export { Agent, type AgentOptions } from './agent/agent.ts';
export { AgentConnection, type AuxiliaryTo, type ConnectionCounters, type ConnectionKind } from './agent/connection.ts';
export type { ControllerTransport } from './agent/transport.ts';
export {
  Bridge,
  type BridgeCounters,
  type BridgeOptions,
  type FlowView,
  type PacketOut,
} from './bridge.ts';
export { OpenFlowRefusal, SwitchError, type SwitchFault } from './errors.ts';
export { FloodEngine } from './flood/index.ts';
export type { FlowEntry } from './flow/flow-entry.ts';
export { type FlowChange, type FlowFilter, FlowTables, maxFlows, type TableSettings } from './flow/flow-tables.ts';
export { compileMatch, type FlowMatch } from './flow/match.ts';
export type { GroupChange } from './group/group-table.ts';
export { type MacEntry, MacTable, macAgeMs, maxMacs } from './mac-table.ts';
export type { MeterChange } from './meter/meter-table.ts';
export type { BridgeObserver } from './observers.ts';
export type { PacketIn } from './pipeline/pipeline.ts';
export { loopHoldMs, loopProbeMs } from './ports/loop-guard.ts';
export { type OwnCounters, Port, type PortCounters, type PortKind, type PortOptions } from './ports/port.ts';
export type { PortChange } from './ports/port-change.ts';
export { floodPortNo } from './ports/port-table.ts';
export { type PortVlans, vlanIds } from './ports/vlans.ts';
