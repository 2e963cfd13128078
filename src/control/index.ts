/** The control socket of a node or a bridge; `client.ts` is the light part of this face. */
export { type Answered, ask, follow, whoRuns } from './client.ts';
export { ControlError, type ControlErrorCode } from './errors.ts';
export { macText, type PortReport, reportPort, type SwitchPort } from './port-report.ts';
export { controlSocket, makeRunDirectory, managementSocket, runDirectory, snoopSocket } from './rundir.ts';
export { type Answers, createControlServer, OngoingAnswer, type Outlet } from './server.ts';
export type { Kind, Request } from './wire.ts';
