import { type BucketSettings, bucketProperties, bucketSettings, defaultWeight } from '../buckets.ts';
import { GroupModCommand, GroupType } from '../constants/choices.ts';
import { BucketNo, GroupNo } from '../constants/limits.ts';
import type { OfpVersion } from '../errors.ts';
import type { Message, ReplyItem } from '../messages.ts';
import type { Bucket } from '../tables/values.ts';
import { formatActions } from './actions-format.ts';
import { readActions } from './actions-parse.ts';
import {
  ALL_GROUPS,
  ANY,
  CONTROLLER_PORT,
  FIRST_RESERVED_PORT,
  formatPort,
  type PortNames,
  portNumber,
  type TextOptions,
} from './names.ts';
import { cut, fail, type Pair, type Piece, pairs, parseNumber, whole } from './scan.ts';

export type GroupMod = Message<'groupMod'>;
export type GroupCommand = 'add' | 'modify' | 'delete' | 'insert_bucket' | 'remove_bucket';

export interface GroupReadOptions {
  /** What is done with the group; the text may say otherwise by beginning with a command. Default add. */
  readonly command?: GroupCommand;
  /** The version to read for. Default 1.3. */
  readonly version?: OfpVersion;
  readonly ports?: PortNames;
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [GroupType.ALL, 'all'],
  [GroupType.SELECT, 'select'],
  [GroupType.INDIRECT, 'indirect'],
  [GroupType.FF, 'ff'],
]);
const TYPES: ReadonlyMap<string, number> = new Map([
  ...[...TYPE_NAMES].map(([type, name]) => [name, type] as const),
  ['fast_failover', GroupType.FF],
]);
const BUCKET_NAMES: ReadonlyMap<number, string> = new Map([
  [BucketNo.FIRST, 'first'],
  [BucketNo.LAST, 'last'],
  [BucketNo.ALL, 'all'],
]);
const BUCKETS: ReadonlyMap<string, number> = new Map([...BUCKET_NAMES].map(([number, name]) => [name, number]));

interface CommandInfo {
  readonly code: number;
  readonly since: OfpVersion;
  /** What the text must or may say. */
  readonly type: boolean;
  readonly buckets: boolean;
  readonly place: 'none' | 'one' | 'any';
}
const COMMANDS: ReadonlyMap<string, CommandInfo> = new Map<string, CommandInfo>([
  ['add', { code: GroupModCommand.ADD, since: 2, type: true, buckets: true, place: 'none' }],
  ['modify', { code: GroupModCommand.MODIFY, since: 2, type: true, buckets: true, place: 'none' }],
  ['delete', { code: GroupModCommand.DELETE, since: 2, type: false, buckets: false, place: 'none' }],
  ['insert_bucket', { code: GroupModCommand.INSERT_BUCKET, since: 6, type: false, buckets: true, place: 'one' }],
  ['remove_bucket', { code: GroupModCommand.REMOVE_BUCKET, since: 6, type: false, buckets: false, place: 'any' }],
]);
const FIRST_WITH_BUCKET_IDS = 6;

export const bucketName = (id: number) => BUCKET_NAMES.get(id) ?? String(id);

/** What is common to a group-mod and an entry of a group description. */
type GroupBody = Pick<ReplyItem<'groupDesc'>, 'groupId' | 'groupType' | 'buckets'>;

/**
 * A group as ovs-ofctl prints it: `group_id=1,type=select,bucket=weight:5,actions=output:1`. `parseGroup` reads it back,
 * unless a bucket of 1.5 has properties of experimenters.
 */
export function formatGroup(group: GroupBody, options: TextOptions = {}): string {
  const type = `type=${TYPE_NAMES.get(group.groupType) ?? 'unknown'}`;
  return [
    `group_id=${group.groupId}`,
    type,
    ...group.buckets.map((bucket) => formatBucket(bucket, group.groupType, options)),
  ].join(',');
}

/** As in a group: the weight is left out where it is what the type has by default. */
export function formatBucket(bucket: Bucket, groupType: number, options: TextOptions): string {
  const { weight, watchPort, watchGroup } = bucketSettings(bucket, groupType);
  const parts: string[] = [];
  if (bucket.bucketId !== undefined) parts.push(`bucket_id:${bucketName(bucket.bucketId)}`);
  if (weight !== defaultWeight(groupType)) parts.push(`weight:${weight}`);
  if (watchPort !== ANY) parts.push(`watch_port:${formatPort(watchPort, options.ports)}`);
  if (watchGroup !== ANY) parts.push(`watch_group:${watchGroup}`);
  parts.push(`actions=${formatActions(bucket.actions, options)}`);
  return `bucket=${parts.join(',')}`;
}

/**
 * Reads a group in the syntax of ovs-ofctl, e.g. `group_id=1,type=select,bucket=weight:5,actions=output:1`, as a group-mod
 * with transaction id 0.
 *
 * @throws {OfpTextError} for anything that is not such a group, or cannot be in the version.
 */
export function parseGroup(text: string, options: GroupReadOptions = {}): GroupMod {
  const version = options.version ?? 4;
  const { command, rest } = takeCommand(whole(text), options.command ?? 'add', version);
  const firstBucket = rest.text.indexOf('bucket=');
  if (firstBucket >= 0 && !command.buckets) fail(cut(rest, firstBucket), 'no bucket');
  const group: GroupMod = {
    type: 'groupMod',
    version,
    xid: 0,
    command: command.code,
    groupType: 0,
    groupId: ANY,
    buckets: [],
  };
  if (version >= FIRST_WITH_BUCKET_IDS) Object.assign(group, { commandBucketId: BucketNo.ALL, properties: [] });
  const head = firstBucket < 0 ? rest : cut(rest, 0, firstBucket);
  readHead(group, head, command);
  if (firstBucket >= 0) {
    group.buckets = bucketTexts(cut(rest, firstBucket)).map((piece) =>
      readBucket(piece, group, version, options.ports),
    );
  }
  if (group.groupType === GroupType.INDIRECT && group.buckets.length > 1)
    fail(cut(rest, firstBucket), 'one bucket at most');
  if (version >= FIRST_WITH_BUCKET_IDS) numberBuckets(group.buckets);
  return group;
}

function takeCommand(text: Piece, otherwise: GroupCommand, version: OfpVersion): { command: CommandInfo; rest: Piece } {
  const first = /^[ \t\r\n]*([a-z_]+)(?=[, \t\r\n]|$)/.exec(text.text);
  const named = first ? COMMANDS.get(first[1]!) : undefined;
  const command = named ?? COMMANDS.get(otherwise)!;
  if (version < command.since) fail(text, `a command of OpenFlow 1.${version - 1}`);
  return { command, rest: named ? cut(text, first![0].length) : text };
}

function readHead(group: GroupMod, head: Piece, command: CommandInfo): void {
  let hasType = false;
  let hasPlace = false;
  const words: { readonly [word: string]: (value: Piece, key: Piece) => void } = {
    group_id: (value) => {
      group.groupId = value.text === 'all' ? ALL_GROUPS : groupId(value);
    },
    type: (value, key) => {
      if (!command.type) fail(key, 'no type');
      group.groupType = TYPES.get(value.text) ?? fail(value, 'all, select, indirect or ff');
      hasType = true;
    },
    command_bucket_id: (value, key) => {
      if (command.place === 'none') fail(key, 'no command_bucket_id');
      group.commandBucketId = BUCKETS.get(value.text) ?? bucketId(value);
      if (group.commandBucketId === BucketNo.ALL && command.place !== 'any') fail(value, 'one place among the buckets');
      hasPlace = true;
    },
  };
  const readers = new Map(Object.entries(words));
  for (const { key, value } of pairs(head))
    (readers.get(key.text) ?? fail(key, Object.keys(words).join(', ')))(value, key);
  const isDeleteAll = command.code === GroupModCommand.DELETE && head.text.trim() === '';
  if (isDeleteAll) group.groupId = ALL_GROUPS;
  const end = cut(head, head.text.length);
  if (group.groupId === ANY) fail(end, 'group_id=');
  if (command.type && !hasType) fail(end, 'type=');
  if (command.place === 'one' && !hasPlace) fail(end, 'command_bucket_id=');
}

function groupId(piece: Piece): number {
  const id = parseNumber(piece, 32);
  return id <= GroupNo.MAX || id === ALL_GROUPS ? id : fail(piece, `a group of 0 to ${GroupNo.MAX}`);
}

function bucketId(piece: Piece): number {
  const id = parseNumber(piece, 32);
  return id <= BucketNo.MAX || BUCKET_NAMES.has(id) ? id : fail(piece, `a bucket of 0 to ${BucketNo.MAX}`);
}

/** What follows each `bucket=`. */
function bucketTexts(piece: Piece): Piece[] {
  const starts = Array.from(piece.text.matchAll(/bucket=/g), ({ index }) => index);
  return starts.map((start, i) => cut(piece, start + 'bucket='.length, starts[i + 1]));
}

interface BucketDraft extends BucketSettings {
  id: number;
}

function readBucket(piece: Piece, group: GroupMod, version: OfpVersion, ports: PortNames | undefined): Bucket {
  const { groupType } = group;
  const draft: BucketDraft = {
    ...{ id: BucketNo.ALL, weight: defaultWeight(groupType), watchPort: ANY, watchGroup: ANY },
  };
  let actions: Bucket['actions'] | undefined;
  for (const pair of pairs(piece)) {
    if (takeParameter(draft, pair, version, ports)) continue;
    // Actions may follow `actions=` or stand alone.
    const list = /^actions?$/i.test(pair.key.text) ? pair.value : pair.whole;
    actions = [...(actions ?? []), ...readActions(list, { version, ports, facts: undefined })];
  }
  if (!actions) return fail(piece, 'actions=');
  if (groupType === GroupType.FF && draft.watchPort === ANY && draft.watchGroup === ANY) {
    fail(piece, 'watch_port or watch_group in a bucket of a fast failover group');
  }
  if (group.command !== GroupModCommand.INSERT_BUCKET && groupType !== GroupType.SELECT && draft.weight !== 0) {
    fail(piece, 'no weight: only select groups have them');
  }
  return toBucket(draft, actions, version, groupType);
}

function takeParameter(
  draft: BucketDraft,
  { key, value }: Pair,
  version: OfpVersion,
  ports: PortNames | undefined,
): boolean {
  switch (key.text.toLowerCase()) {
    case 'weight':
      draft.weight = parseNumber(value, 16);
      return true;
    case 'watch_port':
      draft.watchPort = watchPort(value, ports);
      return true;
    case 'watch_group':
      draft.watchGroup = parseNumber(value, 32);
      if (draft.watchGroup > GroupNo.MAX) fail(value, `a group of 0 to ${GroupNo.MAX}`);
      return true;
    case 'bucket_id':
      if (version < FIRST_WITH_BUCKET_IDS) fail(key, `a parameter of OpenFlow 1.${version - 1}`);
      draft.id = parseNumber(value, 32);
      if (draft.id > BucketNo.MAX) fail(value, `a bucket of 0 to ${BucketNo.MAX}`);
      return true;
    default:
      return false;
  }
}

function watchPort(piece: Piece, ports: PortNames | undefined): number {
  const port = portNumber(piece.text, ports) ?? fail(piece, 'a port number or name');
  const isWatchable = port < FIRST_RESERVED_PORT || port === ANY || port === CONTROLLER_PORT;
  return isWatchable ? port : fail(piece, 'a port that can be watched');
}

function toBucket(
  { id, ...settings }: BucketDraft,
  actions: Bucket['actions'],
  version: OfpVersion,
  groupType: number,
): Bucket {
  if (version < FIRST_WITH_BUCKET_IDS) return { ...settings, actions };
  return { bucketId: id, ...settings, actions, properties: bucketProperties(settings, groupType) };
}

/** Gives every bucket that has no id the lowest free one: an id must be unique in its group (spec 1.5 7.3.4.2). */
function numberBuckets(buckets: Bucket[]): void {
  const taken = new Set(buckets.map(({ bucketId }) => bucketId));
  let next = 0;
  for (const bucket of buckets) {
    if (bucket.bucketId !== BucketNo.ALL) continue;
    while (taken.has(next)) next++;
    bucket.bucketId = next++;
  }
}
