import {
  BucketNo,
  bucketProperties,
  bucketSettings,
  ErrorType,
  GroupModFailedCode,
  GroupNo,
  GroupType,
  type Bucket as OfpBucket,
  PortNo,
} from '../../ofp/index.ts';
import { orderedSet } from '../actions/action-set.ts';
import { compileActions } from '../actions/compile.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { Resources } from '../resources.ts';
import type { Bucket, Watch } from './group.ts';

/** Highest number of an ordinary port. */
const maxPort = 0xfeff;

/**
 * Checks the buckets of a group-mod and makes them ready to run. Weight and watches come as members (up to 1.4) or as
 * properties (1.5); buckets without an id are numbered from 0. `isInserted`: they come to others that are there. Throws
 * `OpenFlowRefusal`.
 */
export function compileBuckets(
  given: readonly OfpBucket[],
  groupType: number,
  resources: Resources,
  isInserted = false,
): Bucket[] {
  const seen = new Set<number>();
  return given.map((bucket, index) => {
    const id = bucket.bucketId ?? index;
    if (id > BucketNo.MAX) throw groupRefusal(GroupModFailedCode.BAD_BUCKET, `bucket id ${id}`);
    if (seen.has(id)) throw groupRefusal(GroupModFailedCode.BUCKET_EXISTS, `bucket ${id} twice`);
    seen.add(id);
    const { weight, watchPort, watchGroup } = bucketSettings(bucket, groupType);
    const watch = watchOf(watchPort, watchGroup);
    checkSettings(groupType, weight, watch);
    if (groupType === GroupType.FF && !isInserted && !isWatching(watch)) {
      throw groupRefusal(GroupModFailedCode.INVALID_GROUP, 'a fast failover bucket that watches nothing');
    }
    const compiled = compileActions(bucket.actions, { facts: undefined, isPacketOut: false, resources });
    return {
      id,
      weight,
      watchPort,
      watchGroup,
      watch,
      actions: bucket.actions,
      program: orderedSet(compiled),
      packets: 0,
      bytes: 0,
    };
  });
}

/** A bucket as group descriptions show it: with members for the versions up to 1.4 and properties for 1.5. */
export function describeBucket(bucket: Bucket, groupType: number): OfpBucket {
  const { id, weight, watchPort, watchGroup, watch, actions } = bucket;
  const watched = { watchPort: watch.port ?? PortNo.ANY, watchGroup: watch.group ?? GroupNo.ANY };
  const properties = bucketProperties({ weight, ...watched }, groupType);
  return { bucketId: id, weight, watchPort, watchGroup, actions: [...actions], properties };
}

/** No port has the number 0: a controller that writes it leaves the watches out, and with them group 0, which there may be. */
function watchOf(watchPort: number, watchGroup: number): Watch {
  const port = watchPort === PortNo.ANY || watchPort === 0 ? undefined : watchPort;
  const group = watchGroup === GroupNo.ANY || (watchGroup === 0 && watchPort === 0) ? undefined : watchGroup;
  return { port, group };
}

const isWatching = ({ port, group }: Watch): boolean => port !== undefined || group !== undefined;

export function groupRefusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.GROUP_MOD_FAILED, code, reason);
}

/**
 * Section 7.3.4.2: weights are for select groups, watches for select and fast failover groups. The latter need one; but to
 * buckets that are inserted one by one (1.5 section 7.3.4.3), Open vSwitch lets pass what is then always live: a last resort.
 */
function checkSettings(groupType: number, weight: number, watch: Watch): void {
  if (weight > 0 && groupType !== GroupType.SELECT) {
    throw groupRefusal(GroupModFailedCode.INVALID_GROUP, 'a weight outside of a select group');
  }
  if (isWatching(watch) && (groupType === GroupType.ALL || groupType === GroupType.INDIRECT)) {
    throw groupRefusal(GroupModFailedCode.WATCH_UNSUPPORTED, 'a watch in a group that sends to every bucket');
  }
  const { port, group } = watch;
  if (port !== undefined && port !== PortNo.LOCAL && port > maxPort) {
    throw groupRefusal(GroupModFailedCode.BAD_WATCH, `no port ${port} to watch`);
  }
  if (group !== undefined && group > GroupNo.MAX) {
    throw groupRefusal(GroupModFailedCode.BAD_WATCH, `no group ${group} to watch`);
  }
}
