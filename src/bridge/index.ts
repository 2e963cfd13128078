/** A bridge on its own: what brings it up, what it can be asked. `client.ts` is the light part of this face. */
export { askBridge, capturePort } from './client.ts';
export { type BridgeConfig, type BridgeConfigInput, bridgeConfig, parseBridgeConfig } from './config.ts';
export type { OpenDevice } from './devices.ts';
export { BridgeError, type BridgeErrorCode } from './errors.ts';
export { type PortSpec, parsePortSpec } from './port-spec.ts';
export { type ReplayedFrame, type ReplayOptions, replayCapture } from './replay.ts';
export type * from './report.ts';
export { type AttachedPort, type BridgeParts, BridgeRuntime } from './runtime.ts';
export { type RunningBridge, type StartBridgeOptions, startBridge } from './start.ts';
