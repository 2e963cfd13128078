import type { NodeId } from './ring.ts';

/**
 * When two switches that exchange much get a link of their own: `on-demand` when the rate calls for it, `proactive` as
 * soon as there is traffic, `off` never.
 */
export const demandModes = ['on-demand', 'proactive', 'off'] as const;
export type DemandMode = (typeof demandModes)[number];

/** Share of a new second in the average rate. */
const gain = 0.3;
const secondMs = 1_000;
/** Average bytes a second that call for a link, in each mode. */
const threshold = { 'on-demand': 125_000, proactive: 1, off: Number.POSITIVE_INFINITY } as const;
/** A rate below this part of the threshold is idleness: what hovers about the threshold makes one link. */
const idleShare = 0.1;
/** How long a link outlives its traffic. */
const idleMs = 300_000;
/** Links of this kind that one node makes. */
const maxLinks = 8;
/** A peer takes the place of another when it exchanges so many times as much. */
const ousts = 2;
const maxPeers = 1_024;

interface Flow {
  bytes: number;
  rate: number;
  /** When the rate was not idle last; undefined while no link is wanted. */
  busyAt: number | undefined;
}

/** Which peers deserve a link for the traffic that this node sends them. */
export class Demand {
  readonly #mode: DemandMode;
  readonly #flows = new Map<NodeId, Flow>();
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(mode: DemandMode) {
    this.#mode = mode;
  }

  get wanted(): NodeId[] {
    return [...this.#flows].filter(([, { busyAt }]) => busyAt !== undefined).map(([peer]) => peer);
  }

  /** `bytes` went to hosts at `peer` since the last call. */
  sent(peer: NodeId, bytes: number): void {
    if (this.#mode === 'off' || bytes <= 0) return;
    const flow = this.#flows.get(peer);
    if (flow !== undefined) flow.bytes += bytes;
    else if (this.#flows.size < maxPeers) this.#flows.set(peer, { bytes, rate: 0, busyAt: undefined });
  }

  /** True when what is wanted changed. */
  tick(now: number): boolean {
    if (now < this.#nextAt) return false;
    this.#nextAt = now + secondMs;
    const before = this.wanted.join();
    const call = threshold[this.#mode];
    for (const [peer, flow] of this.#flows) {
      flow.rate += (flow.bytes - flow.rate) * gain;
      flow.bytes = 0;
      if (flow.busyAt !== undefined && flow.rate >= call * idleShare) flow.busyAt = now;
      else if (flow.busyAt !== undefined && now - flow.busyAt >= idleMs) flow.busyAt = undefined;
      if (flow.busyAt === undefined && flow.rate >= call) this.#admit(flow, now);
      if (flow.busyAt === undefined && flow.rate < 1) this.#flows.delete(peer);
    }
    return this.wanted.join() !== before;
  }

  #admit(flow: Flow, now: number): void {
    const holders = [...this.#flows.values()].filter(({ busyAt }) => busyAt !== undefined);
    if (holders.length >= maxLinks) {
      const least = holders.reduce((a, b) => (b.rate < a.rate ? b : a));
      if (flow.rate < ousts * least.rate) return;
      least.busyAt = undefined;
    }
    flow.busyAt = now;
  }
}
