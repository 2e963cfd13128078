import type { FlowEntry } from './flow-entry.ts';

/** Which flow entries use a group or a meter. */
export class References {
  readonly #byId = new Map<number, Set<FlowEntry>>();

  add(ids: readonly number[], entry: FlowEntry): void {
    for (const id of ids) {
      const entries = this.#byId.get(id);
      if (entries) entries.add(entry);
      else this.#byId.set(id, new Set([entry]));
    }
  }

  remove(ids: readonly number[], entry: FlowEntry): void {
    for (const id of ids) {
      const entries = this.#byId.get(id);
      if (entries?.delete(entry) && entries.size === 0) this.#byId.delete(id);
    }
  }

  count(id: number): number {
    return this.#byId.get(id)?.size ?? 0;
  }

  /** A copy: entries may be removed while it is read. */
  of(id: number): FlowEntry[] {
    return [...(this.#byId.get(id) ?? [])];
  }
}
