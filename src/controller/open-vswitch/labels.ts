/** Bits for a VLAN id, which 0 and 4095 are none of; as labels of MPLS, those below 16 are reserved (RFC 3032 section 2.1). */
const [first, last] = [16, 4094];
/** Labels of switches that are no members as far as is known: frames come from them before their records do. */
export const maxStrangers = 1024;

/**
 * A number for each switch of the overlay, small enough for a VLAN tag. It means something on this node alone, and a number that is
 * free again is the last one to be given anew: a rule that is late does not lead to another switch.
 */
export class Labels {
  readonly #labels = new Map<bigint, number>();
  readonly #switches = new Map<number, bigint>();
  readonly #released: (switchId: bigint, label: number) => void;
  #members: ReadonlySet<bigint> = new Set();
  #next = first;

  /** `released`: a label means nothing any more. */
  constructor(released: (switchId: bigint, label: number) => void) {
    this.#released = released;
  }

  get all(): Iterable<[bigint, number]> {
    return this.#labels;
  }

  has(switchId: bigint): boolean {
    return this.#labels.has(switchId);
  }

  switchOf(label: number): bigint | undefined {
    return this.#switches.get(label);
  }

  /** Labels of members stay, however many others come. Of the others the oldest makes room. */
  keep(members: ReadonlySet<bigint>): void {
    this.#members = members;
  }

  /** The label of a switch; `isNew`: nobody knows of it yet. */
  of(switchId: bigint): { readonly label: number; readonly isNew: boolean } {
    const known = this.#labels.get(switchId);
    if (known !== undefined) return { label: known, isNew: false };
    if (this.#labels.size >= this.#members.size + maxStrangers) this.#release();
    while (this.#switches.has(this.#next)) this.#step();
    const label = this.#next;
    this.#step();
    this.#labels.set(switchId, label);
    this.#switches.set(label, switchId);
    return { label, isNew: true };
  }

  #step(): void {
    this.#next = this.#next === last ? first : this.#next + 1;
  }

  #release(): void {
    for (const [switchId, label] of this.#labels) {
      if (this.#members.has(switchId)) continue;
      this.#labels.delete(switchId);
      this.#switches.delete(label);
      this.#released(switchId, label);
      return;
    }
  }
}
