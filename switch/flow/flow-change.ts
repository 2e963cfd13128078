import { GroupNo, type Instruction, type OxmField, PortNo } from '../../ofp/index.ts';
import { outputsTo } from '../pipeline/program.ts';
import type { FlowEntry } from './flow-entry.ts';

/** A flow-mod message, or anything of its shape. */
export interface FlowChange {
  readonly command: number;
  readonly tableId: number;
  readonly priority: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly bufferId: number;
  readonly outPort: number;
  readonly outGroup: number;
  readonly flags: number;
  /** 1.4 and later; 0 when left out. */
  readonly importance?: number;
  readonly match: readonly OxmField[];
  readonly instructions: Instruction[];
  /** Modify also sets the cookie (1.0). */
  readonly newCookie?: bigint;
  /** Modify that selects no entry adds one, to table 0 if it is for all tables; before 1.2 only. */
  readonly addsMissing?: boolean;
}

/** Which entries a request is about: loose delete, flow and aggregate statistics. */
export interface FlowFilter {
  readonly tableId: number;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly outPort: number;
  readonly outGroup: number;
  readonly match: readonly OxmField[];
}

/** What may be set of one table; what is left out stays. */
export interface TableSettings {
  /** Whether a less important entry makes room when the table is full. At first it does not. */
  readonly evicts?: boolean;
  /** At first only `maxFlows`, over all tables, is the limit. */
  readonly maxEntries?: number;
}

/** Whether an entry is one that a filter asks for, its match and table apart. */
export function passes(entry: FlowEntry, filter: Omit<FlowFilter, 'match' | 'tableId'>): boolean {
  if (!hasCookie(entry, filter)) return false;
  if (filter.outPort !== PortNo.ANY && !outputsTo(entry.program, filter.outPort)) return false;
  return filter.outGroup === GroupNo.ANY || entry.program.groups.includes(filter.outGroup);
}

export function hasCookie(entry: FlowEntry, wanted: { readonly cookie: bigint; readonly cookieMask: bigint }): boolean {
  return ((entry.cookie ^ wanted.cookie) & wanted.cookieMask) === 0n;
}
