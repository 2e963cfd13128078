import type { Instruction } from '../../ofp/index.ts';
import type { Program } from '../pipeline/program.ts';
import type { FlowMatch } from './match.ts';

/** One flow entry. Times are milliseconds of the caller's clock; counters are exact up to 2^53. */
export interface FlowEntry {
  readonly tableId: number;
  readonly priority: number;
  readonly match: FlowMatch;
  cookie: bigint;
  /** Seconds; 0: never. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  /** `FlowModFlags`. */
  readonly flags: number;
  readonly importance: number;
  readonly createdAt: number;
  instructions: Instruction[];
  program: Program;
  usedAt: number;
  packets: number;
  bytes: number;
  /** False once it left its table. */
  installed: boolean;
}

/** When an entry expires as things stand: idle or hard, whichever comes first. Infinity: never. */
export function deadlineOf(entry: FlowEntry): number {
  return Math.min(idleDeadline(entry), hardDeadline(entry));
}

export function idleDeadline(entry: FlowEntry): number {
  return entry.idleTimeout === 0 ? Infinity : entry.usedAt + entry.idleTimeout * 1000;
}

export function hardDeadline(entry: FlowEntry): number {
  return entry.hardTimeout === 0 ? Infinity : entry.createdAt + entry.hardTimeout * 1000;
}
