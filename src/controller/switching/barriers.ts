import type { ManagedSwitch } from '../runtime/switch.ts';

/** A switch that does not say so for so long, ms, is waited for no more. */
const patienceMs = 1_000;

interface Wait {
  open: number;
  readonly from: number;
  readonly until: number;
  readonly done: (now: number) => void;
}

/** Waits until several switches have carried out what they were told, and for `leastMs` at any rate. `done` is called by a tick. */
export class Barriers {
  readonly #waits = new Set<Wait>();

  after(switches: Iterable<ManagedSwitch>, now: number, done: (now: number) => void, leastMs = 0): void {
    const wait = { open: 0, from: now + leastMs, until: now + patienceMs, done };
    this.#waits.add(wait);
    for (const { voice } of switches) {
      if (voice === undefined) continue;
      wait.open += 1;
      voice.barrier(now, () => {
        wait.open -= 1;
      });
    }
  }

  tick(now: number): void {
    for (const wait of [...this.#waits]) {
      if (now < wait.from || (wait.open > 0 && now < wait.until)) continue;
      this.#waits.delete(wait);
      wait.done(now);
    }
  }
}
