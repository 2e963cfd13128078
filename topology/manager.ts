import type { DemandMode } from './demand.ts';
import type { EdgeSink } from './edge.ts';
import type { LinkMessage } from './messages.ts';
import type { NewsOptions } from './news.ts';
import type { Policy } from './policy.ts';
import type { NodeId } from './ring.ts';

/** What the topology manager asks of the world around it. Nothing of it is answered in the same call. */
export interface TopologySink extends Pick<EdgeSink, 'dial' | 'close'> {
  send(peer: NodeId, message: LinkMessage): void;
  /** Neighbours, members or next hops changed: at most once per event. */
  changed(): void;
  /** Somebody sent this to this node over the overlay. */
  relayed(body: Uint8Array): void;
}

export interface TopologyOptions extends Pick<NewsOptions, 'self' | 'random' | 'sequence' | 'sign' | 'verify'> {
  readonly policy: Policy;
  /** Whether a link that this peer wants is accepted; every one by default. */
  readonly admits?: (peer: NodeId) => boolean;
  readonly sink: TopologySink;
  readonly rttMs?: (peer: NodeId) => number | undefined;
  /** Off by default. */
  readonly demand?: DemandMode;
  /** Members held at most. */
  readonly capacity?: number;
}

/** How a link ended: its peer fell silent, it was closed, or it never came up. */
export type LinkEnd = 'silent' | 'closed';

export interface TopologyCounters {
  /** Records of members that were not their own, and those behind them. */
  recordsRefused: number;
  /** Messages for other nodes that had no way on, or were too many of one neighbour. */
  relaysDropped: number;
  /** Links that neighbours wanted and this node had no room for. */
  linksRefused: number;
}

export const defaultCapacity = 512;
