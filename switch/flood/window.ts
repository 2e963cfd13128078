/** Which sequence numbers of one root were seen: a sliding window over the newest `windowSize` of one epoch. */
export const windowSize = 1024;

export type WindowVerdict = 'new' | 'duplicate' | 'stale';

export class FloodWindow {
  #epoch: number;
  #highest: number;
  /**
   * A bit for each sequence number, by its remainder. It grows to its full size only when numbers grow so high: most roots
   * flood a few times and are forgotten.
   */
  #seen: number[] = [0];

  constructor(epoch: number, sequence: number) {
    this.#epoch = epoch;
    this.#highest = sequence;
    this.#mark(sequence);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** The highest sequence number seen. */
  get highest(): number {
    return this.#highest;
  }

  /** What `accept` would say, without recording anything. */
  peek(epoch: number, sequence: number): WindowVerdict {
    if (epoch !== this.#epoch) return epoch < this.#epoch ? 'stale' : 'new';
    if (sequence > this.#highest) return 'new';
    if (this.#highest - sequence >= windowSize) return 'stale';
    return this.#isMarked(sequence) ? 'duplicate' : 'new';
  }

  /** Records (epoch, sequence). A root that started anew has a higher epoch, which forgets the old one's numbers. */
  accept(epoch: number, sequence: number): WindowVerdict {
    const verdict = this.peek(epoch, sequence);
    if (verdict !== 'new') return verdict;
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
      this.#highest = sequence;
      this.#seen = [0];
    } else if (sequence > this.#highest) {
      this.#forget(this.#highest + 1, sequence);
      this.#highest = sequence;
    }
    this.#mark(sequence);
    return 'new';
  }

  /** Numbers that come into the window anew take the bits of those that leave it. */
  #forget(from: number, to: number): void {
    if (to - from >= windowSize) this.#seen = [0];
    else
      for (let s = from; s <= to; s++) if (this.#word(s) < this.#seen.length) this.#seen[this.#word(s)]! &= ~(1 << s);
  }

  #word(sequence: number): number {
    return (sequence % windowSize) >>> 5;
  }

  #mark(sequence: number): void {
    const word = this.#word(sequence);
    while (this.#seen.length <= word) this.#seen.push(0);
    this.#seen[word]! |= 1 << sequence;
  }

  #isMarked(sequence: number): boolean {
    return ((this.#seen[this.#word(sequence)] ?? 0) & (1 << sequence)) !== 0;
  }
}
