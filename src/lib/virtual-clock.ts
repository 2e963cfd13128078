import type { Clock, Timer } from './clock.ts';

class Task implements Timer {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;

  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

/** Time that stands still until it is moved: for simulations and tests. Tasks due at one instant run in the order they were set. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  /** A binary heap: the earliest task first. */
  readonly #heap: Task[] = [];
  readonly #epochMs: number;

  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#epochMs + this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const task = new Task(this.#now + Math.max(0, ms), this.#order++, run);
    this.#push(task);
    return task;
  }

  /** Runs everything that falls due within the next `ms` milliseconds, and what that sets off. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle(ms);
    this.#now = end;
  }

  /** The same, but time stands still when nothing is left to run. Returns whether that is so. */
  settle(ms: number): boolean {
    const end = this.#now + ms;
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      next.run?.();
    }
    return this.#heap.length === 0;
  }

  #push(task: Task): void {
    let i = this.#heap.push(task) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(task, this.#heap[parent]!)) break;
      this.#heap[i] = this.#heap[parent]!;
      i = parent;
    }
    this.#heap[i] = task;
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    const size = this.#heap.length;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && before(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!before(this.#heap[child]!, last)) break;
      this.#heap[i] = this.#heap[child]!;
      i = child;
    }
    this.#heap[i] = last;
  }
}

function before(a: Task, b: Task): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
