/** Time as adapters see it. Pure folders never hold a clock: they are handed `now`. */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary origin. */
  now(): number;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** Runs `task` once after `ms` milliseconds, never within this call; 0: as soon as what runs now has ended. */
  after(ms: number, task: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

/** Uniform in [0, 1). Seeded in simulations. */
export type Random = () => number;
