import type { Action, ExperimenterProperty } from '../../ofp/index.ts';
import type { CompiledAction } from '../actions/execution.ts';

/** The port and the group that a bucket watches. */
export interface Watch {
  readonly port: number | undefined;
  readonly group: number | undefined;
}

/** One bucket of a group (OpenFlow 1.3 section 5.6.1). Counters are exact up to 2^53. */
export interface Bucket {
  readonly id: number;
  /** Share of the flows, in select groups. */
  readonly weight: number;
  /** `PortNo.ANY`: none. */
  readonly watchPort: number;
  /** `GroupNo.ANY`: none. */
  readonly watchGroup: number;
  /** What these two mean. */
  readonly watch: Watch;
  /** As they were given. */
  readonly actions: readonly Action[];
  /** In the order of an action set, ready to run. */
  readonly program: readonly CompiledAction[];
  packets: number;
  bytes: number;
}

/** A group entry. What a controller changes is changed by putting another one in its place. */
export interface Group {
  readonly id: number;
  /** `GroupType`. */
  readonly type: number;
  readonly properties: readonly ExperimenterProperty[];
  readonly buckets: readonly Bucket[];
  readonly createdAt: number;
  packets: number;
  bytes: number;
}

/** Groups that the buckets name, once for each time, even where another action of the same set takes its place. */
export function targetsOf(buckets: readonly Bucket[]): number[] {
  return buckets.flatMap(({ actions }) => actions.flatMap((action) => (action.type === 'group' ? action.groupId : [])));
}

export function sendsTo(buckets: readonly Bucket[], groupId: number): boolean {
  return buckets.some(({ actions }) => actions.some((action) => action.type === 'group' && action.groupId === groupId));
}
