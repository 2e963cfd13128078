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

/** What the programs of entries make use of, and ask for. */
export class Uses {
  readonly groups = new References();
  readonly meters = new References();
  #notPlain = 0;

  /** Whether all programs are plain. */
  get arePlain(): boolean {
    return this.#notPlain === 0;
  }

  add(entry: FlowEntry): void {
    const { groups, meters, isPlain } = entry.program;
    this.groups.add(groups, entry);
    this.meters.add(meters, entry);
    if (!isPlain) this.#notPlain += 1;
  }

  remove(entry: FlowEntry): void {
    const { groups, meters, isPlain } = entry.program;
    this.groups.remove(groups, entry);
    this.meters.remove(meters, entry);
    if (!isPlain) this.#notPlain -= 1;
  }
}
