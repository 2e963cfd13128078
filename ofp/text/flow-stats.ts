import type { ReplyItem } from '../messages.ts';
import type { OxsField } from '../tables/oxs.ts';
import { formatInstructions } from './actions-format.ts';
import { formatMatchWithPriority } from './match-format.ts';
import { FLOW_FLAGS, type TextOptions } from './names.ts';

const ALL_64 = 0xffff_ffff_ffff_ffffn;

/** An entry of a flow multipart reply: `flow` up to 1.4, `flowDesc` in 1.5, `nxFlow` of Open vSwitch in 1.0. */
export type FlowStatsEntry = ReplyItem<'flow'> | ReplyItem<'flowDesc'> | ReplyItem<'nxFlow'>;

export interface FlowStatsTextOptions extends TextOptions {
  /** Leave out cookie, duration, counts and other things that differ from one dump to the next. */
  readonly noStats?: boolean;
}

/**
 * One flow as `ovs-ofctl dump-flows` prints it, without the space that leads each line there:
 * `cookie=0x0, duration=1.2s, table=0, n_packets=3, n_bytes=180, priority=10,in_port=1 actions=output:2`.
 */
export function formatFlowStats(entry: FlowStatsEntry, options: FlowStatsTextOptions = {}): string {
  const shown = !options.noStats;
  const stats = counters(entry);
  const parts: string[] = [];
  if (shown || entry.cookie !== 0n) parts.push(`cookie=0x${entry.cookie.toString(16)}`);
  if (shown && stats.duration) parts.push(`duration=${formatDuration(...stats.duration)}`);
  if (shown || entry.tableId !== 0) parts.push(`table=${entry.tableId}`);
  if (shown) parts.push(`n_packets=${formatCount(stats.packets)}`);
  if (shown) parts.push(`n_bytes=${formatCount(stats.bytes)}`);
  if (entry.idleTimeout !== 0) parts.push(`idle_timeout=${entry.idleTimeout}`);
  if (entry.hardTimeout !== 0) parts.push(`hard_timeout=${entry.hardTimeout}`);
  const head = parts.map((part) => `${part}, `).join('');
  const flags = 'flags' in entry ? formatFlowFlags(entry.flags) : '';
  const importance = 'importance' in entry && entry.importance ? `importance=${entry.importance}, ` : '';
  const ages = shown ? formatAges(entry, stats) : '';
  const match = formatMatchWithPriority(entry.match, entry.priority, options);
  const actions = formatInstructions(entry.instructions, options);
  return `${head}${flags}${importance}${ages}${match === '' ? '' : `${match} `}actions=${actions}`;
}

/** Seconds since the last packet and the last change; those of Open vSwitch are one more, and 0 if not known. */
function formatAges(entry: FlowStatsEntry, { idle }: Counters): string {
  if (!('idleAge' in entry)) return idle ? `idle_age=${idle[0]}, ` : '';
  const { idleAge, hardAge, durationSec } = entry;
  const sinceUse = idleAge > 0 ? `idle_age=${idleAge - 1}, ` : '';
  return hardAge > 0 && hardAge - 1 !== durationSec ? `${sinceUse}hard_age=${hardAge - 1}, ` : sinceUse;
}

/** A count that the switch does not keep is missing, or all ones. */
const formatCount = (count: bigint | undefined) => (count === undefined || count === ALL_64 ? '?' : String(count));

/** The names of flow flags, a space after each. */
export function formatFlowFlags(flags: number): string {
  return FLOW_FLAGS.filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => `${name} `)
    .join('');
}

/** `5s`, `5.250s`, or as many decimals as nanoseconds need. */
export function formatDuration(seconds: number, nanoseconds: number): string {
  if (nanoseconds === 0) return `${seconds}s`;
  if (nanoseconds % 1_000_000 === 0) return `${seconds}.${String(nanoseconds / 1_000_000).padStart(3, '0')}s`;
  return `${seconds}.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}s`;
}

interface Counters {
  duration?: [seconds: number, nanoseconds: number];
  idle?: [seconds: number, nanoseconds: number];
  packets?: bigint;
  bytes?: bigint;
}

function counters(entry: FlowStatsEntry): Counters {
  if (!('stats' in entry)) {
    return {
      duration: [entry.durationSec, entry.durationNsec],
      packets: entry.packetCount,
      bytes: entry.byteCount,
    };
  }
  return countersOf(entry.stats);
}

/** What of the extensible statistics of 1.5 has a place in a flow's line. */
export function countersOf(stats: readonly OxsField[]): Counters {
  const found: Counters = {};
  for (const stat of stats) {
    if (stat.field === 'duration') found.duration = stat.value;
    else if (stat.field === 'idle_time') found.idle = stat.value;
    else if (stat.field === 'packet_count') found.packets = stat.value;
    else if (stat.field === 'byte_count') found.bytes = stat.value;
  }
  return found;
}
