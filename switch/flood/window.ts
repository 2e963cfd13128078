/** Which sequence numbers of one root were seen: a sliding window over the newest `windowSize` of one epoch. */
export const windowSize = 1024;

export type WindowVerdict = 'new' | 'duplicate' | 'stale';

export class FloodWindow {
  #epoch: number;
  #highest: number;
  readonly #seen = new Uint32Array(windowSize / 32);

  constructor(epoch: number, sequence: number) {
    this.#epoch = epoch;
    this.#highest = sequence;
    this.#mark(sequence);
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
      this.#seen.fill(0);
    } else if (sequence > this.#highest) {
      this.#forget(this.#highest + 1, sequence);
      this.#highest = sequence;
    }
    this.#mark(sequence);
    return 'new';
  }

  #forget(from: number, to: number): void {
    if (to - from >= windowSize) this.#seen.fill(0);
    else for (let s = from; s <= to; s++) this.#seen[this.#word(s)]! &= ~(1 << (s & 31));
  }

  #word(sequence: number): number {
    return (sequence % windowSize) >>> 5;
  }

  #mark(sequence: number): void {
    this.#seen[this.#word(sequence)]! |= 1 << (sequence & 31);
  }

  #isMarked(sequence: number): boolean {
    return (this.#seen[this.#word(sequence)]! & (1 << (sequence & 31))) !== 0;
  }
}
