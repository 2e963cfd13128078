/** One overlay node: what brings it up, what it can be asked. `client.ts` is the light part of this face. */

export { version } from '../lib/version.ts';
export { askNode, runDirectory, runningNodes } from './client.ts';
export { defaultMtu, listenAddress, type NodeConfig, nodeConfig, parseNodeConfig } from './config.ts';
export { NodeError, type NodeErrorCode } from './errors.ts';
export { type NodeParts, OverlayNode } from './node.ts';
export { OwnSwitch } from './own-switch.ts';
export { type RunningRendezvous, startRendezvous } from './rendezvous.ts';
export {
  type FloodReport,
  type MacReport,
  type PeerKind,
  type PeerReport,
  type PortReport,
  type Question,
  questions,
  type Reports,
  type StatusReport,
} from './report.ts';
export { type RunningNode, type StartOptions, startNode } from './start.ts';
