/** How to take back what was changed, while someone may want to: changes are atomic by it. */
export class Journal {
  #undos: (() => void)[] | undefined;

  /** To be called with every change, after it was made. */
  record(undo: () => void): void {
    this.#undos?.push(undo);
  }

  /** Runs `work`; if it throws, everything recorded meanwhile is undone, the latest change first. */
  atomically(work: () => void): void {
    const undos: (() => void)[] = [];
    this.#undos = undos;
    try {
      work();
    } catch (error) {
      this.#undos = undefined;
      for (const undo of undos.reverse()) undo();
      throw error;
    } finally {
      this.#undos = undefined;
    }
  }
}
