import type { LabMode } from './report.ts';

/** Sends echoes out of one host of the lab. */
export interface Pinger {
  /** The round trip in ms; undefined when no answer came in time. `address` is numeric, of either family. */
  ping(address: string, timeoutMs: number): Promise<number | undefined>;
  close(): void;
}

export interface LabNode {
  readonly name: string;
  readonly v4: string;
  readonly v6: string;
  /** Undefined where all nodes share one process. */
  readonly namespace: string | undefined;
  readonly pid: number;
  readonly host: Pinger;
}

/** Nodes that run, however they are run. */
export interface LabNetwork {
  readonly mode: LabMode;
  readonly nodes: readonly LabNode[];
  /** Makes all of it. Throws what `ending` was aborted for; what was made by then is removed by `stop`. */
  start(ending: AbortSignal): Promise<void>;
  /** Rejects when a part of it ends by itself. */
  readonly broken: Promise<never>;
  /** Ends a node with no chance to say good-bye, and resolves when it is dead. Throws LAB_KILL where that cannot be. */
  kill(name: string): Promise<void>;
  /** Removes all of it. `hurry`: at once. */
  stop(hurry: AbortSignal): Promise<void>;
}
