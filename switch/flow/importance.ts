import type { FlowEntry } from './flow-entry.ts';

/** Entries of a table by importance, the ones added first in front: who goes when room is needed (1.4 section 5.5). */
export class ImportanceIndex {
  readonly #byImportance = new Map<number, Set<FlowEntry>>();

  constructor(entries: Iterable<FlowEntry>) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: FlowEntry): void {
    const peers = this.#byImportance.get(entry.importance);
    if (peers) peers.add(entry);
    else this.#byImportance.set(entry.importance, new Set([entry]));
  }

  remove(entry: FlowEntry): void {
    const peers = this.#byImportance.get(entry.importance);
    if (peers?.delete(entry) && peers.size === 0) this.#byImportance.delete(entry.importance);
  }

  /** The oldest of the least important entries, if it is not more important than `limit`. */
  least(limit: number): FlowEntry | undefined {
    const least = Math.min(...this.#byImportance.keys());
    return least > limit ? undefined : this.#byImportance.get(least)?.values().next().value;
  }
}
