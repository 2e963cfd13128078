/** A controller on its own: what brings it up, what it can be asked. `client.ts` is the light part of this face. */
export {
  type ControllerConfig,
  type ControllerConfigInput,
  controllerConfig,
  parseControllerConfig,
} from './config.ts';
export type * from './report.ts';
export { type RunningController, type StartControllerOptions, startController } from './start.ts';
