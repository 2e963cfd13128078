/** The session: one OpenFlow connection seen from either side, without I/O. */
export { isStaleGeneration, type RoleAnswer, type RoleHolder, RoleTable } from './roles.ts';
export { Session } from './session.ts';
export type {
  CommitOutcome,
  Outgoing,
  RequestOutcome,
  SessionEnd,
  SessionOptions,
  SessionProblem,
  SessionSink,
  SwitchFeatures,
} from './types.ts';
