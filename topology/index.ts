/** Which nodes link to which: ring arithmetic, policies, one node's topology manager, liveness, next hops. */

export { Liveness, type LivenessVerdict, maxMisses, probeIntervalMs } from './liveness.ts';
export {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
} from './messages.ts';
export { type SymphonyOptions, symphony } from './policies/symphony.ts';
export type { EdgeKind, Policy, PolicyView, WantedEdge } from './policy.ts';
export { type Random, seededRandom } from './random.ts';
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
  switchIdOf,
} from './ring.ts';
export { nextHop } from './route.ts';
export { type Link, maxMembers, Topology, type TopologyOptions, type TopologySink } from './topology.ts';
