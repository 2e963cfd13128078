import type { PolicyChoice } from '../../../topology/index.ts';

export interface TopologyExperiment {
  readonly nodes: number;
  readonly seed: number;
  readonly policy: PolicyChoice['policy'];
  /** Nodes about a drawn point of which `symphony` takes the nearest by round-trip time. */
  readonly samples: number;
  /** One way, ms. */
  readonly latencyMs: number;
  /** Nodes live in five cities, and links are as long as that is far: `latencyMs` is the courier's alone. */
  readonly isWorld: boolean;
  /** From the joining of a node to that of the next while the overlay grows. */
  readonly spacingMs: number;
  /** Members that the courier names to a node that joins. */
  readonly contacts: number;
  /** Of churn; 0: none. */
  readonly churnMinutes: number;
}

export const ordinaryTopology: TopologyExperiment = {
  nodes: 100,
  seed: 1,
  policy: 'symphony',
  samples: 3,
  latencyMs: 20,
  isWorld: false,
  spacingMs: 20,
  contacts: 20,
  churnMinutes: 10,
};

export interface CrashResult {
  readonly nodes: number;
  /** Until the last link along the ring with a dead node was given up. */
  readonly detectedMs: number;
  /** Until each node had a link with its successor. */
  readonly closedMs: number;
  /** The longest that a pair of nodes had no way to each other, of those that were watched. */
  readonly longestOutageMs: number;
}

export interface ChurnResult {
  readonly kind: 'leaving' | 'dying';
  readonly minutes: number;
  /** Between nodes that were in the ring for a second and live. */
  readonly messages: number;
  readonly delivered: number;
}

export interface TopologyResult {
  readonly nodes: number;
  /** Since the last node joined. */
  readonly growth: {
    readonly ringMs: number;
    readonly settledMs: number;
    readonly offersPerNode: number;
    /** Where all join at once (a spacing of 0): the share of pairs that have a way, by time. */
    readonly ways: readonly { readonly ms: number; readonly share: number }[];
  };
  /** Of single nodes that join: from their first link, the worst of them. */
  readonly join: {
    readonly firstLinkMs: number;
    readonly ringMs: number;
    readonly floodMs: number;
    readonly meshedMs: number;
  };
  readonly stretch: {
    readonly degree: number;
    readonly unicast: number;
    readonly shortest: number;
    readonly ratio: number;
    /** Of unicast, one way on average, and of a link between the same two. */
    readonly unicastMs: number;
    readonly directMs: number;
    readonly floodDepth: number;
    readonly unreached: number;
  };
  readonly crash: readonly CrashResult[];
  readonly leave: {
    readonly sent: number;
    readonly lost: number;
    readonly floodsMissed: number;
    readonly tookMs: number;
  };
  readonly partition: { readonly dividedMs: number; readonly ringMs: number };
  /** Once with nodes that leave, once with nodes that die. */
  readonly churn: readonly ChurnResult[];
  /** MB for each node, by the growth of the heap. */
  readonly memoryMb: number;
  /** Control messages that a node sends in a second when nothing happens. */
  readonly idleMessages: number;
}
