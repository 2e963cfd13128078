import type { MemberRecord } from './record.ts';
import type { NodeId } from './ring.ts';

/** Records that wait for a neighbour at most; a neighbour that is told more hears of the rest by others. */
const maxWaiting = 1_024;

/** What each neighbour is still to be told of members: collected, and handed over in batches. */
export class Gossip {
  readonly #waiting = new Map<NodeId, Map<NodeId, MemberRecord>>();

  tell(peer: NodeId, records: Iterable<MemberRecord>): void {
    const waiting = this.#waiting.get(peer) ?? new Map<NodeId, MemberRecord>();
    this.#waiting.set(peer, waiting);
    for (const record of records) {
      if (record.id === peer && record.state === 'alive') continue;
      if (waiting.size < maxWaiting || waiting.has(record.id)) waiting.set(record.id, record);
    }
  }

  spread(record: MemberRecord, peers: Iterable<NodeId>, except?: NodeId): void {
    for (const peer of peers) if (peer !== except) this.tell(peer, [record]);
  }

  forget(peer: NodeId): void {
    this.#waiting.delete(peer);
  }

  /** Hands over at most `count` records for each neighbour. */
  *take(count: number): Iterable<readonly [NodeId, MemberRecord[]]> {
    for (const [peer, waiting] of this.#waiting) {
      const records: MemberRecord[] = [];
      for (const [id, record] of waiting) {
        if (records.length >= count) break;
        records.push(record);
        waiting.delete(id);
      }
      if (waiting.size === 0) this.#waiting.delete(peer);
      if (records.length > 0) yield [peer, records];
    }
  }
}
