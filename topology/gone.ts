import type { MemberRecord } from './record.ts';
import type { NodeId } from './ring.ts';

/** How long the dead and those that left are remembered, and how many. */
const rememberedMs = 600_000;
const maxGone = 1_024;

/** The last words about members that are no more. */
export class Gone {
  readonly #records = new Map<NodeId, { readonly record: MemberRecord; readonly at: number }>();

  recordOf(id: NodeId): MemberRecord | undefined {
    return this.#records.get(id)?.record;
  }

  /** Those that died, as others say, and may be behind a partition. */
  get lost(): NodeId[] {
    return [...this.#records].filter(([, { record }]) => record.state === 'dead').map(([id]) => id);
  }

  bury(record: MemberRecord, at: number): void {
    this.#records.delete(record.id);
    this.#records.set(record.id, { record, at });
    if (this.#records.size > maxGone) this.#records.delete(this.#records.keys().next().value!);
  }

  /** It is back. */
  delete(id: NodeId): void {
    this.#records.delete(id);
  }

  tick(now: number): void {
    for (const [id, { at }] of this.#records) {
      if (now - at < rememberedMs) break;
      this.#records.delete(id);
    }
  }
}
