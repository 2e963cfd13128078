/** Which nodes link to which: ring arithmetic, membership, policies, one node's topology manager, liveness, next hops. */

export { arcOf, bitsOfCells, type Cell, cellsAround } from './cells.ts';
export { Demand, type DemandMode, demandModes } from './demand.ts';
export {
  Directory,
  type DirectoryAnswer,
  type DirectoryCounters,
  type DirectoryRecord,
  type DirectoryRing,
} from './directory.ts';
export type { Edge, EdgeSink } from './edge.ts';
export { Edges, maxLinks } from './edges.ts';
export { Liveness, type LivenessVerdict, maxMisses } from './liveness.ts';
export {
  defaultCapacity,
  type LinkEnd,
  type TopologyCounters,
  type TopologyOptions,
  type TopologySink,
} from './manager.ts';
export {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
} from './messages.ts';
export { encodePlace, nowhere, type Place } from './place.ts';
export { chord } from './policies/chord.ts';
export { type ChosenPolicy, choosePolicy, type PolicyChoice, type PolicyName, policyNames } from './policies/index.ts';
export { allToAll, listed } from './policies/listed.ts';
export { type SymphonyOptions, symphony } from './policies/symphony.ts';
export { type EdgeKind, edgeKinds, type HeldEdge, type Policy, type PolicyView, type WantedEdge } from './policy.ts';
export { type Random, seededRandom } from './random.ts';
export { type MemberRecord, type MemberState, memberStates } from './record.ts';
export {
  type Arc,
  type ArcShare,
  type ArcSplit,
  advance,
  arcContains,
  clockwise,
  distance,
  formatNodeId,
  maxNodeId,
  type NodeId,
  parseNodeId,
  ringWithout,
  sortClockwise,
  splitArc,
  splitArcAhead,
  switchIdOf,
} from './ring.ts';
export { type NextHops, pickHop, type Route, type RouteMode, RouteTable, routeModes } from './route.ts';
export { Topology } from './topology.ts';
