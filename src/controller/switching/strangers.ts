/** A host that is nobody's is there if it is seen again after so long, ms: till then it may have been one that was just forgotten. */
const doubtMs = 1_000;
const maxStrangers = 256;

/** Hosts whose frames come in between switches, and that no switch has. */
export class Strangers {
  readonly #since = new Map<number, number>();

  isThere(mac: number, now: number): boolean {
    const since = this.#since.get(mac);
    if (since !== undefined) return now - since >= doubtMs;
    if (this.#since.size >= maxStrangers) this.#since.delete(this.#since.keys().next().value!);
    this.#since.set(mac, now);
    return false;
  }

  /** A switch has it. */
  delete(mac: number): void {
    this.#since.delete(mac);
  }
}
