/**
 * `ringlet/flood`: bounded flooding as a library. The engine of one switch and its frames, and `floodOn`, which runs it on any
 * graph in virtual time.
 */
export * from '../../switch/flood/index.ts';
export type { NodeId } from '../../topology/index.ts';
export type { Arrival } from './flood/flood-log.ts';
export {
  type FloodGraph,
  type FloodOnOptions,
  type FloodOnReport,
  type FloodReport,
  floodOn,
} from './flood/flood-on.ts';
export type { LinkFaults } from './flood/network.ts';
export { describeFrame, isAbout, nodeNames, type TracedFrame } from './trace/frame-trace.ts';
export { traceToMermaid } from './trace/mermaid.ts';
export { traceToPcapng } from './trace/pcapng.ts';
