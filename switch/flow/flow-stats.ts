import type { ReplyItem } from '../../ofp/index.ts';
import { durationOf } from '../duration.ts';
import type { FlowEntry } from './flow-entry.ts';

/** An entry as flow statistics show it (OpenFlow 1.3 section 7.3.5.2). */
export function flowStatsOf(entry: FlowEntry, now: number): ReplyItem<'flow'> {
  return {
    tableId: entry.tableId,
    ...durationOf(entry.createdAt, now),
    priority: entry.priority,
    idleTimeout: entry.idleTimeout,
    hardTimeout: entry.hardTimeout,
    flags: entry.flags,
    importance: entry.importance,
    cookie: entry.cookie,
    packetCount: BigInt(entry.packets),
    byteCount: BigInt(entry.bytes),
    match: entry.match.fields,
    instructions: entry.instructions,
  };
}
