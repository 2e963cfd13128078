import type { Message, ReplyItem } from '../../messages.ts';
import { formatDuration } from '../flow-stats.ts';
import { bucketName, formatBucket, formatGroup } from '../group.ts';
import { formatMeter, METER_FLAGS, meterName } from '../meter.ts';
import { ALL_GROUPS, formatBits, groupName } from '../names.ts';
import { METER_BAND_TYPES } from './names.ts';
import { type PrintContext, type ReplyWriters, type RequestWriters, textOptions, type Writers } from './writer.ts';

const GROUP_COMMANDS = ['ADD', 'MOD', 'DEL', 'INSERT_BUCKET', '', 'REMOVE_BUCKET'];
const DELETE_METER = 2;
const METER_COMMANDS = ['ADD', 'MOD', 'DEL'];
const GROUP_TYPES = ['all', 'select', 'indirect', 'fast failover'];
const UNKNOWN_64 = 0xffff_ffff_ffff_ffffn;
const UNKNOWN_DURATION = 0xffffffff;

/** Bits of the actions that a group may hold, by their number on the wire. */
const GROUP_ACTIONS: readonly (readonly [bit: number, name: string])[] = [
  [0, 'output'],
  [22, 'group'],
  [25, 'set_field'],
  [18, 'strip_vlan'],
  [17, 'push_vlan'],
  [23, 'mod_nw_ttl'],
  [24, 'dec_ttl'],
  [15, 'set_mpls_ttl'],
  [16, 'dec_mpls_ttl'],
  [19, 'push_mpls'],
  [20, 'pop_mpls'],
  [21, 'set_queue'],
  [11, 'copy_ttl_out'],
  [12, 'copy_ttl_in'],
  [26, 'push_pbb'],
  [27, 'pop_pbb'],
];

export const GROUP_WRITERS: Writers = {
  groupMod: formatGroupMod,
  // A meter that goes has neither flags nor bands.
  meterMod: (meter) =>
    ` ${METER_COMMANDS[meter.command] ?? `cmd:${meter.command}`} ${formatMeter(
      meter.command === DELETE_METER ? { meterId: meter.meterId, flags: 0, bands: [] } : meter,
    )}\n`,
};

export const GROUP_REQUEST_WRITERS: RequestWriters = {
  group: ({ body }) => ` group_id=${groupName(body.groupId)}`,
  groupDesc: ({ body }) => ` group_id=${groupName(body.groupId ?? ALL_GROUPS)}`,
  meter: ({ body }) => ` meter=${meterName(body.meterId)}`,
  meterConfig: ({ body }) => ` meter=${meterName(body.meterId)}`,
};

export const GROUP_REPLY_WRITERS: ReplyWriters = {
  group: ({ body }, { version }) => body.map((stats) => `\n ${formatGroupStats(stats, version)}`).join(''),
  groupDesc: ({ body }, context) => body.map((group) => `\n ${formatGroup(group, textOptions(context))}`).join(''),
  groupFeatures: ({ body: { types, capabilities, maxGroups, actions } }) => {
    const kinds = GROUP_TYPES.flatMap((name, type) => {
      if (((types >>> type) & 1) === 0) return [];
      const max = maxGroups[type]!;
      return [
        `    ${name} group:\n       max_groups=${max === 0 ? '0' : `0x${max.toString(16)}`}\n       actions: ${actionNames(actions[type]!)}\n`,
      ];
    });
    const head = `\n Group table:\n    Types:  0x${types.toString(16)}\n    Capabilities:  0x${capabilities.toString(16)}\n`;
    return head + kinds.join('');
  },
  meter: ({ body }) => body.map((stats) => `\n${formatMeterStats(stats)}`).join(''),
  meterConfig: ({ body }) => body.map((meter) => `\n${formatMeter(meter)}\n`).join(''),
  meterFeatures: ({ body: { maxMeter, maxBands, maxColor, bandTypes, capabilities } }) =>
    `\nmax_meter:${maxMeter} max_bands:${maxBands} max_color:${maxColor}\n` +
    `band_types: ${formatBits(bandTypes, METER_BAND_TYPES, ' ')}\n` +
    `capabilities: ${formatBits(capabilities, METER_FLAGS, ' ')}\n`,
};

function formatGroupMod(group: Message<'groupMod'>, context: PrintContext): string {
  const command = GROUP_COMMANDS[group.command] || `cmd:${group.command}`;
  const options = textOptions(context);
  if (!command.endsWith('BUCKET')) return `\n ${command} ${formatGroup(group, options)}`;
  const { commandBucketId } = group;
  const place = commandBucketId === undefined ? [] : [`command_bucket_id:${bucketName(commandBucketId)}`];
  const buckets = group.buckets.map((bucket) => formatBucket(bucket, group.groupType, options));
  return `\n ${command} ${[...place, `group_id=${group.groupId}`, ...buckets].join(',')}`;
}

function formatGroupStats(stats: ReplyItem<'group'>, version: number): string {
  const { groupId, durationSec, durationNsec, refCount, packetCount, byteCount, bucketStats } = stats;
  return [
    `group_id=${groupId}`,
    ...(version === 2 || version === 3 || durationSec === UNKNOWN_DURATION
      ? []
      : [`duration=${formatDuration(durationSec, durationNsec)}`]),
    `ref_count=${refCount}`,
    `packet_count=${packetCount}`,
    `byte_count=${byteCount}`,
    ...bucketStats.flatMap((bucket, i) =>
      bucket.packetCount === UNKNOWN_64
        ? []
        : [`bucket${i}:packet_count=${bucket.packetCount}`, `byte_count=${bucket.byteCount}`],
    ),
  ].join(',');
}

function actionNames(bits: number): string {
  const names = GROUP_ACTIONS.filter(([bit]) => (bits >>> bit) & 1).map(([, name]) => name);
  return names.length === 0 ? '<none>' : names.join(' ');
}

function formatMeterStats(stats: ReplyItem<'meter'>): string {
  const bands = stats.bandStats.map(
    ({ packetBandCount, byteBandCount }, i) => `${i}: packet_count:${packetBandCount} byte_count:${byteBandCount}\n`,
  );
  return (
    `meter:${meterName(stats.meterId)} flow_count:${stats.flowCount} packet_in_count:${stats.packetInCount} ` +
    `byte_in_count:${stats.byteInCount} duration:${formatDuration(stats.durationSec, stats.durationNsec)} ` +
    `bands:\n${bands.join('')}`
  );
}
