import {
  BucketNo,
  type ExperimenterProperty,
  GroupCapabilities,
  GroupModCommand,
  GroupModFailedCode,
  GroupNo,
  GroupType,
  type Bucket as OfpBucket,
  type ReplyBody,
  type ReplyItem,
} from '../../ofp/index.ts';
import { actionBits } from '../actions/compile.ts';
import { namesField } from '../actions/execution.ts';
import { durationOf } from '../duration.ts';
import type { Journal } from '../journal.ts';
import type { Packet } from '../packet/index.ts';
import type { Resources } from '../resources.ts';
import { compileBuckets, describeBucket, groupRefusal } from './buckets.ts';
import { type Bucket, type Group, sendsTo, targetsOf } from './group.ts';
import { flowHash, selectBucket } from './select.ts';

/** Groups of all types together, and buckets of all groups together: a controller that fills them gets an error. */
export const maxGroups = 16_384;
export const maxBuckets = 65_536;
/** Groups that lead to groups that lead to groups ... */
const maxChain = 32;

/** A group-mod message, or anything of its shape. */
export interface GroupChange {
  readonly command: number;
  readonly groupType: number;
  readonly groupId: number;
  readonly buckets: readonly OfpBucket[];
  /** 1.5: where to insert, or what to remove. */
  readonly commandBucketId?: number;
  /** 1.5: how a select group selects, for example. Kept, and shown as they were given. */
  readonly properties?: readonly ExperimenterProperty[];
}

/** Ids of the groups that a change took away: flows that use them go too. */
type Removed = readonly number[];

const nothing: Removed = [];

export interface GroupTableParts {
  readonly resources: Resources;
  /** See `RulesParts`. */
  readonly salt: number;
  readonly isPortLive: (no: number) => boolean;
  /** Of ports that are up, those are not live whose other end answers late: they serve when no other does. */
  readonly isPortUp: (no: number) => boolean;
  readonly journal: Journal;
}

/** The groups of a bridge and the rules for changing them (OpenFlow 1.3 section 6.5, 1.5 section 6.7). */
export class GroupTable {
  readonly #groups = new Map<number, Group>();
  readonly #resources: Resources;
  readonly #salt: number;
  readonly #isPortLive: (no: number) => boolean;
  readonly #isPortUp: (no: number) => boolean;
  readonly #journal: Journal;
  readonly #changes: ReadonlyMap<number, (change: GroupChange, now: number) => Removed>;
  #buckets = 0;

  constructor({ resources, salt, isPortLive, isPortUp, journal }: GroupTableParts) {
    this.#resources = resources;
    this.#salt = salt;
    this.#isPortLive = isPortLive;
    this.#isPortUp = isPortUp;
    this.#journal = journal;
    this.#changes = new Map([
      [GroupModCommand.ADD, (change, now) => this.#add(change, now)],
      [GroupModCommand.MODIFY, (change) => this.#modify(change)],
      [
        GroupModCommand.ADD_OR_MOD,
        (change, now) => (this.#groups.has(change.groupId) ? this.#modify(change) : this.#add(change, now)),
      ],
      [GroupModCommand.DELETE, (change) => this.#delete(change)],
      [GroupModCommand.INSERT_BUCKET, (change) => this.#insertBuckets(change)],
      [GroupModCommand.REMOVE_BUCKET, (change) => this.#removeBuckets(change)],
    ]);
  }

  get size(): number {
    return this.#groups.size;
  }

  get(id: number): Group | undefined {
    return this.#groups.get(id);
  }

  /** Carries a group-mod out, whole or not at all. Throws `OpenFlowRefusal`. */
  change(change: GroupChange, now: number): Removed {
    const apply = this.#changes.get(change.command);
    if (!apply) throw groupRefusal(GroupModFailedCode.BAD_COMMAND, `no command ${change.command}`);
    if (
      change.groupId > GroupNo.MAX &&
      !(change.command === GroupModCommand.DELETE && change.groupId === GroupNo.ALL)
    ) {
      throw groupRefusal(GroupModFailedCode.INVALID_GROUP, `no group may be ${change.groupId}`);
    }
    return apply(change, now);
  }

  // HOT PATH
  /** The bucket that a select or fast failover group has for a packet. The packet's key must be fresh. */
  choose(group: Group, packet: Packet): Bucket | undefined {
    return this.#choose(group, packet, this.#isPortLive) ?? this.#choose(group, packet, this.#isPortUp);
  }

  #choose(group: Group, packet: Packet, isPortFit: (no: number) => boolean): Bucket | undefined {
    const isFit = (bucket: Bucket) => this.#isFit(bucket, isPortFit);
    if (group.type === GroupType.SELECT) return selectBucket(group.buckets, flowHash(packet, this.#salt), isFit);
    return group.buckets.find(isFit);
  }

  /** Whether the port or the group that a bucket watches will do; true when it watches nothing. */
  #isFit(bucket: Bucket, isPortFit: (no: number) => boolean, depth = 0): boolean {
    const { port, group } = bucket.watch;
    if (port === undefined && group === undefined) return true;
    if (port !== undefined && isPortFit(port)) return true;
    const watched = group === undefined ? undefined : this.#groups.get(group);
    return (
      watched !== undefined &&
      depth < maxChain &&
      watched.buckets.some((next) => this.#isFit(next, isPortFit, depth + 1))
    );
  }

  /** Of one group or of all. `flows`: how many flow entries send to a group. None for a group that is not there. */
  stats(id: number, now: number, flows: (id: number) => number): ReplyItem<'group'>[] {
    const chained = new Map<number, number>();
    for (const group of this.#groups.values()) {
      for (const target of targetsOf(group.buckets)) chained.set(target, (chained.get(target) ?? 0) + 1);
    }
    return this.#select(id).map((group) => ({
      groupId: group.id,
      refCount: flows(group.id) + (chained.get(group.id) ?? 0),
      packetCount: BigInt(group.packets),
      byteCount: BigInt(group.bytes),
      ...durationOf(group.createdAt, now),
      bucketStats: group.buckets.map(({ packets, bytes }) => ({
        packetCount: BigInt(packets),
        byteCount: BigInt(bytes),
      })),
    }));
  }

  describe(id: number): ReplyItem<'groupDesc'>[] {
    return this.#select(id).map((group) => ({
      groupId: group.id,
      groupType: group.type,
      buckets: group.buckets.map((bucket) => describeBucket(bucket, group.type)),
      properties: [...group.properties],
    }));
  }

  /** Whether actions of some bucket name a field. */
  usesField(name: string): boolean {
    return [...this.#groups.values()].some(({ buckets }) => buckets.some(({ program }) => namesField(program, name)));
  }

  features(): ReplyBody<'groupFeatures'> {
    return {
      types: (1 << GroupType.ALL) | (1 << GroupType.SELECT) | (1 << GroupType.INDIRECT) | (1 << GroupType.FF),
      // As Open vSwitch answers: the ids that there are, as no type has a limit of its own, and loops are refused without promise.
      capabilities: GroupCapabilities.SELECT_WEIGHT | GroupCapabilities.SELECT_LIVENESS | GroupCapabilities.CHAINING,
      maxGroups: [GroupNo.MAX, GroupNo.MAX, GroupNo.MAX, GroupNo.MAX],
      actions: [actionBits, actionBits, actionBits, actionBits],
    };
  }

  #select(id: number): Group[] {
    if (id === GroupNo.ALL) return [...this.#groups.values()].sort((a, b) => a.id - b.id);
    return [this.#groups.get(id) ?? []].flat();
  }

  #add(change: GroupChange, now: number): Removed {
    const { groupId: id, groupType: type } = change;
    if (this.#groups.has(id)) throw groupRefusal(GroupModFailedCode.GROUP_EXISTS, `group ${id} exists`);
    if (this.#groups.size >= maxGroups) throw groupRefusal(GroupModFailedCode.OUT_OF_GROUPS, `${maxGroups} groups`);
    const buckets = this.#compile(change);
    // A group that is there may be emptied so, and Open vSwitch's tests do.
    if (type === GroupType.SELECT && buckets.length > 0 && buckets.every(({ weight }) => weight === 0)) {
      throw groupRefusal(GroupModFailedCode.INVALID_GROUP, 'a select group whose buckets all weigh nothing');
    }
    const { properties = [] } = change;
    this.#put({ id, type, properties, buckets, createdAt: now, packets: 0, bytes: 0 });
    return nothing;
  }

  /** The group's own counters go on, those of its buckets start anew (1.5 section 6.7). */
  #modify(change: GroupChange): Removed {
    const old = this.#expect(change.groupId);
    const { groupType: type, properties = [] } = change;
    this.#put({ ...old, type, properties, buckets: this.#compile(change) });
    return nothing;
  }

  #compile({ groupId, groupType, buckets, commandBucketId }: GroupChange): Bucket[] {
    if (groupType > GroupType.FF) throw groupRefusal(GroupModFailedCode.BAD_TYPE, `no group type ${groupType}`);
    if (commandBucketId !== undefined && commandBucketId !== BucketNo.ALL) {
      throw groupRefusal(GroupModFailedCode.BAD_BUCKET, 'a place for buckets where all are given');
    }
    const compiled = compileBuckets(buckets, groupType, this.#resources);
    this.#check(groupId, groupType, compiled);
    return compiled;
  }

  /** Of a group as it is to be: the number of its buckets, and where it leads. */
  #check(id: number, type: number, buckets: readonly Bucket[]): void {
    if (type === GroupType.INDIRECT && buckets.length !== 1) {
      throw groupRefusal(GroupModFailedCode.INVALID_GROUP, `an indirect group of ${buckets.length} buckets`);
    }
    const others = this.#buckets - (this.#groups.get(id)?.buckets.length ?? 0);
    if (others + buckets.length > maxBuckets) {
      throw groupRefusal(GroupModFailedCode.OUT_OF_BUCKETS, `${maxBuckets} buckets`);
    }
    this.#checkChain(id, buckets);
  }

  #checkChain(id: number, buckets: readonly Bucket[]): void {
    let level = new Set(leadsTo(buckets));
    for (let depth = 1; level.size > 0; depth++) {
      if (level.has(id)) throw groupRefusal(GroupModFailedCode.LOOP, `group ${id} would lead to itself`);
      if (depth > maxChain) {
        throw groupRefusal(GroupModFailedCode.CHAINING_UNSUPPORTED, `a chain of more than ${maxChain} groups`);
      }
      const next = new Set<number>();
      for (const target of level) for (const far of leadsTo(this.#groups.get(target)?.buckets ?? [])) next.add(far);
      level = next;
    }
  }

  #delete({ groupId }: GroupChange): Removed {
    if (groupId === GroupNo.ALL) {
      const ids = [...this.#groups.keys()];
      for (const id of ids) this.#take(id);
      return ids;
    }
    if (!this.#groups.has(groupId)) return nothing;
    for (const { id, buckets } of this.#groups.values()) {
      if (id !== groupId && sendsTo(buckets, groupId)) {
        throw groupRefusal(GroupModFailedCode.CHAINED_GROUP, `group ${id} sends to group ${groupId}`);
      }
    }
    this.#take(groupId);
    return [groupId];
  }

  #insertBuckets(change: GroupChange): Removed {
    const old = this.#expect(change.groupId);
    const place = change.commandBucketId ?? BucketNo.ALL;
    const added = compileBuckets(change.buckets, old.type, this.#resources, true);
    const ids = new Set(old.buckets.map(({ id }) => id));
    for (const { id } of added) {
      if (ids.has(id)) throw groupRefusal(GroupModFailedCode.BUCKET_EXISTS, `bucket ${id} exists`);
    }
    let at = 0;
    if (place === BucketNo.LAST) at = old.buckets.length;
    else if (place !== BucketNo.FIRST) at = indexOfBucket(old, place) + 1;
    const buckets = old.buckets.toSpliced(at, 0, ...added);
    this.#check(old.id, old.type, buckets);
    this.#put({ ...old, buckets });
    return nothing;
  }

  #removeBuckets(change: GroupChange): Removed {
    const old = this.#expect(change.groupId);
    if (change.buckets.length > 0) throw groupRefusal(GroupModFailedCode.BAD_BUCKET, 'buckets in a removal of buckets');
    const buckets = this.#without(old, change.commandBucketId ?? BucketNo.ALL);
    if (old.type === GroupType.INDIRECT) {
      throw groupRefusal(GroupModFailedCode.INVALID_GROUP, 'an indirect group without its bucket');
    }
    this.#put({ ...old, buckets });
    return nothing;
  }

  #without(group: Group, place: number): readonly Bucket[] {
    if (place === BucketNo.ALL) return [];
    if (place === BucketNo.FIRST) return group.buckets.slice(1);
    if (place === BucketNo.LAST) return group.buckets.slice(0, -1);
    return group.buckets.toSpliced(indexOfBucket(group, place), 1);
  }

  #expect(id: number): Group {
    const group = this.#groups.get(id);
    if (!group) throw groupRefusal(GroupModFailedCode.UNKNOWN_GROUP, `no group ${id}`);
    return group;
  }

  #put(group: Group): void {
    this.#set(group.id, group);
  }

  #take(id: number): void {
    this.#set(id, undefined);
  }

  #set(id: number, group: Group | undefined): void {
    const old = this.#groups.get(id);
    this.#buckets += (group?.buckets.length ?? 0) - (old?.buckets.length ?? 0);
    if (group) this.#groups.set(id, group);
    else this.#groups.delete(id);
    this.#journal.record(() => this.#set(id, old));
  }
}

/** Groups that a group depends on: it sends to them or watches them. */
function leadsTo(buckets: readonly Bucket[]): number[] {
  return [...targetsOf(buckets), ...buckets.flatMap(({ watch }) => watch.group ?? [])];
}

function indexOfBucket(group: Group, id: number): number {
  const at = group.buckets.findIndex((bucket) => bucket.id === id);
  if (at < 0) {
    const code = id > BucketNo.MAX ? GroupModFailedCode.BAD_BUCKET : GroupModFailedCode.UNKNOWN_BUCKET;
    throw groupRefusal(code, `no bucket ${id} in group ${group.id}`);
  }
  return at;
}
