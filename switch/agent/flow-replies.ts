import type { OfpVersion, OxsField, ReplyItem } from '../../ofp/index.ts';
import { durationOf } from '../duration.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import { flowStatsOf } from '../flow/flow-stats.ts';
import { instructionsFor } from './old-actions.ts';

const maxAge = 0xffff;

/** Up to 1.4. */
export function flowStats(entry: FlowEntry, version: OfpVersion, now: number): ReplyItem<'flow'> {
  const stats = flowStatsOf(entry, now);
  return { ...stats, instructions: instructionsFor(stats.instructions, version) };
}

/** 1.5 section 7.3.5.2. */
export function flowDesc(entry: FlowEntry, now: number): ReplyItem<'flowDesc'> {
  const { tableId, priority, idleTimeout, hardTimeout, flags, importance, cookie, match } = entry;
  return {
    tableId,
    priority,
    idleTimeout,
    hardTimeout,
    flags,
    importance,
    cookie,
    match: match.fields,
    stats: flowFigures(entry, now),
    instructions: entry.instructions,
  };
}

/** 1.5 section 7.3.5.3. */
export function flowStats15(entry: FlowEntry, now: number): ReplyItem<'flowStats'> {
  const { tableId, priority, match } = entry;
  return { tableId, reason: 0, priority, match: match.fields, stats: flowFigures(entry, now) };
}

/** The Nicira form for 1.0. Ages are in seconds, plus one. */
export function nxFlow(entry: FlowEntry, version: OfpVersion, now: number): ReplyItem<'nxFlow'> {
  const stats = flowStats(entry, version, now);
  const age = (since: number) => Math.min(maxAge, Math.floor(Math.max(0, now - since) / 1000) + 1);
  return { ...stats, idleAge: age(entry.usedAt), hardAge: age(entry.createdAt) };
}

/** What 1.5 says of a flow as a list. */
export function flowFigures(entry: FlowEntry, now: number): OxsField[] {
  const { durationSec, durationNsec } = durationOf(entry.createdAt, now);
  const idle = durationOf(entry.usedAt, now);
  return [
    { field: 'duration', value: [durationSec, durationNsec] },
    { field: 'idle_time', value: [idle.durationSec, idle.durationNsec] },
    { field: 'packet_count', value: BigInt(entry.packets) },
    { field: 'byte_count', value: BigInt(entry.bytes) },
  ];
}
