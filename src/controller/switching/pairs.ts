/** Which hosts of one switch have a rule for what the one sends to the other. Hosts are MAC addresses as numbers. */
export class Pairs {
  readonly #to = new Map<number, Set<number>>();
  readonly #from = new Map<number, Set<number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<readonly [source: number, destination: number]> {
    for (const [source, all] of this.#to) for (const destination of all) yield [source, destination];
  }

  add(source: number, destination: number): void {
    if (!link(this.#to, source, destination)) return;
    link(this.#from, destination, source);
    this.#size += 1;
  }

  remove(source: number, destination: number): void {
    if (!unlink(this.#to, source, destination)) return;
    unlink(this.#from, destination, source);
    this.#size -= 1;
  }

  /** The host sends to somebody. */
  sends(source: number): boolean {
    return this.#to.has(source);
  }

  /** Those that the host is one of. */
  of(host: number): (readonly [source: number, destination: number])[] {
    const sent = Array.from(this.#to.get(host) ?? [], (destination) => [host, destination] as const);
    return [...sent, ...Array.from(this.#from.get(host) ?? [], (source) => [source, host] as const)];
  }
}

function link(sets: Map<number, Set<number>>, key: number, member: number): boolean {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([member]));
  else if (set.has(member)) return false;
  else set.add(member);
  return true;
}

function unlink(sets: Map<number, Set<number>>, key: number, member: number): boolean {
  const set = sets.get(key);
  if (!set?.delete(member)) return false;
  if (set.size === 0) sets.delete(key);
  return true;
}
