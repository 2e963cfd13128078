/** What becomes of frames that one host sends to another, or to a group, and come in by one port. */
export interface Way {
  readonly inPort: number;
  readonly out: readonly number[];
}

/** For which pairs of addresses one switch has a rule. Addresses are six bytes as numbers. */
export class Pairs {
  readonly #to = new Map<number, Map<number, Way>>();
  readonly #from = new Map<number, Set<number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<readonly [source: number, destination: number, way: Way]> {
    for (const [source, all] of this.#to) for (const [destination, way] of all) yield [source, destination, way];
  }

  get(source: number, destination: number): Way | undefined {
    return this.#to.get(source)?.get(destination);
  }

  set(source: number, destination: number, way: Way): void {
    const ways: Map<number, Way> = this.#to.get(source) ?? new Map();
    this.#to.set(source, ways);
    if (!ways.has(destination)) this.#size += 1;
    ways.set(destination, way);
    const sources = this.#from.get(destination);
    if (sources === undefined) this.#from.set(destination, new Set([source]));
    else sources.add(source);
  }

  remove(source: number, destination: number): void {
    const ways = this.#to.get(source);
    if (!ways?.delete(destination)) return;
    if (ways.size === 0) this.#to.delete(source);
    const sources = this.#from.get(destination);
    sources?.delete(source);
    if (sources?.size === 0) this.#from.delete(destination);
    this.#size -= 1;
  }

  /** The host sends to somebody. */
  sends(source: number): boolean {
    return this.#to.has(source);
  }

  /** Those that the host is one of. */
  of(host: number): (readonly [source: number, destination: number])[] {
    const sent = Array.from(this.#to.get(host)?.keys() ?? [], (destination) => [host, destination] as const);
    return [...sent, ...Array.from(this.#from.get(host) ?? [], (source) => [source, host] as const)];
  }
}
