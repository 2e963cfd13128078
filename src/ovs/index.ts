/** Open vSwitch's database, by RFC 7047, and a bridge in it that a node uses. */

export { bridgeColumns, OvsBridge, type OvsBridgeOptions } from './bridge.ts';
export type { DatabaseStream, DatabaseStreamEvents, DialDatabase } from './connection.ts';
export {
  Database,
  type DatabaseEvents,
  type DatabaseOptions,
  type Operation,
  type OperationResult,
} from './database.ts';
export { OvsError, type OvsErrorCode } from './errors.ts';
export { JsonSplitter, maxMessage } from './json-splitter.ts';
export { type Columns, Replica } from './replica.ts';
export type { BridgeSettings } from './takeover.ts';
export { type Atom, atomsOf, map, newRow, type Row, set, textsOf, uuid, uuidsOf, type Value } from './values.ts';
