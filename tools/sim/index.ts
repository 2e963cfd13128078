/** The simulator: whole nodes, flooding alone, or the topology alone, in virtual time. */
export { formatNodeId, type NodeId, policyNames } from '../../topology/index.ts';
export { type Axis, curvesOf, type PlayedCase, treesOf } from './draw/flood-pictures.ts';
export { type FloodExperiment, ordinaryExperiment } from './flood/experiment.ts';
export type { Arrival, FloodLog } from './flood/flood-log.ts';
export { traceFlood } from './flood/replay.ts';
export { type FloodOutcome, type FloodResult, playFloods, runFloods, type Spread } from './flood/result.ts';
export { SimNetwork, type SimNode, type SimOptions } from './network.ts';
export { drawTopologies } from './topology/draw.ts';
export {
  type CrashResult,
  ordinaryTopology,
  type TopologyExperiment,
  type TopologyResult,
} from './topology/experiment.ts';
export { runTopology } from './topology/run.ts';
export { nodeNames, type TracedFrame } from './trace/frame-trace.ts';
export { traceToMermaid } from './trace/mermaid.ts';
export { traceToPcapng } from './trace/pcapng.ts';
export { writeTrace } from './trace/write.ts';
