import { deadlineOf, type FlowEntry } from './flow-entry.ts';

interface Slot {
  readonly entry: FlowEntry;
  /** A lower bound: use moves an entry's deadline later without touching the heap. */
  readonly at: number;
}

/** Below this many, slots of entries that are gone are left to be found at their deadline. */
const smallHeap = 64;

/** Entries with timeouts in a binary heap by deadline. */
export class ExpiryQueue {
  #heap: Slot[] = [];
  /** Slots whose entry left its table before its deadline. */
  #gone = 0;

  add(entry: FlowEntry): void {
    const at = deadlineOf(entry);
    if (at === Infinity) return;
    this.#heap.push({ entry, at });
    this.#rise(this.#heap.length - 1);
  }

  /** To be called for every entry that leaves its table other than through `takeExpired`. */
  noteRemoved(entry: FlowEntry): void {
    if (deadlineOf(entry) === Infinity) return;
    this.#gone += 1;
    if (this.#heap.length < smallHeap || this.#gone * 2 < this.#heap.length) return;
    this.#heap = this.#heap.filter((slot) => slot.entry.installed).sort((a, b) => a.at - b.at);
    this.#gone = 0;
  }

  /** No entry expires before this time. Infinity: none ever does. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** One entry whose deadline has come, or undefined when none is left; it is still in its table. */
  takeExpired(now: number): FlowEntry | undefined {
    while (this.next <= now) {
      const { entry } = this.#pop();
      if (!entry.installed) this.#gone = Math.max(0, this.#gone - 1);
      else if (deadlineOf(entry) <= now) return entry;
      else this.add(entry);
    }
    return undefined;
  }

  #pop(): Slot {
    const top = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return top;
  }

  #rise(start: number): void {
    const heap = this.#heap;
    let i = start;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent]!.at <= heap[i]!.at) return;
      [heap[parent], heap[i]] = [heap[i]!, heap[parent]!];
      i = parent;
    }
  }

  #sink(start: number): void {
    const heap = this.#heap;
    let i = start;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left;
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right;
      if (least === i) return;
      [heap[least], heap[i]] = [heap[i]!, heap[least]!];
      i = least;
    }
  }
}
