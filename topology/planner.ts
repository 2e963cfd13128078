import { Budget } from './budget.ts';
import type { Demand } from './demand.ts';
import type { Edges } from './edges.ts';
import type { Membership } from './membership.ts';
import type { HeldEdge, Policy } from './policy.ts';
import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';
import type { Rtts } from './rtts.ts';

const busyPlanMs = 100;
const idlePlanMs = 1_000;
const refusalMs = 60_000;
/** That one neighbour, or the courier, calls for by what it says; more of them wait for the next tick. */
const plansAtOnce = 64;
const plansPerSecond = 64;

export interface PlannerOptions {
  readonly self: NodeId;
  readonly policy: Policy;
  readonly random: Random;
  readonly membership: Membership;
  readonly demand: Demand;
  readonly edges: Edges;
  readonly rtts: Rtts;
}

/** Asks the policy which links are wanted, and has the edges follow: at once where it matters, else with the next tick. */
export class Planner {
  readonly #options: PlannerOptions;
  /** Peers that had no room for a link, and until when they are not asked again. */
  readonly #refusedBy = new Map<NodeId, number>();
  #isSettled = false;
  #planAt = 0;
  readonly #budget = new Budget(plansAtOnce, plansPerSecond);

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** All links that are wanted are up. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** No node is nearer on the ring than those that there are links with. */
  get isAmidOthers(): boolean {
    const { membership, edges } = this.#options;
    return membership.beside(1).every((id) => edges.isUp(id));
  }

  refused(peer: NodeId, now: number): void {
    this.#refusedBy.set(peer, now + refusalMs);
  }

  soon(now: number): void {
    this.#planAt = Math.min(this.#planAt, now);
  }

  /**
   * After `change` by what `by` said, which tells whether members came or went: who is next to this node matters at once, the others at
   * the next tick.
   */
  after(change: () => boolean, by: NodeId, now: number): boolean {
    const { membership } = this.#options;
    const before = membership.beside(2);
    if (!change()) return false;
    const beside = membership.beside(2);
    const isSame = beside.length === before.length && beside.every((id, i) => id === before[i]);
    if (isSame) this.soon(now);
    else this.promptly(by, now);
    return true;
  }

  /** At once, for what `by` says; or with the next tick if it calls for too much. */
  promptly(by: NodeId, now: number): void {
    if (this.#budget.spend(by, 1, now)) this.plan(now);
    else this.soon(now);
  }

  tick(now: number): void {
    if (now >= this.#planAt) this.plan(now);
  }

  plan(now: number): void {
    const { self, policy, random, membership, edges, demand, rtts } = this.#options;
    const nodes = membership.estimate;
    const links = new Map(
      edges.all.map(({ peer, mine, nodes: then, since }): [NodeId, HeldEdge] => [
        peer,
        { kind: mine, nodes: then, since },
      ]),
    );
    for (const [peer, until] of this.#refusedBy) {
      if (now >= until) this.#refusedBy.delete(peer);
      else if (!links.has(peer)) links.set(peer, { kind: undefined, nodes, since: now });
    }
    const members = membership.idsWithout(edges.unavailable(now));
    const seed = Math.floor(random() * 2 ** 32);
    const wanted = policy({
      ...{ self, nodes, links, now, members, seed },
      rttMs: (id) => rtts.of(id),
      toldRttMs: (id) => rtts.told(id),
    });
    const others = new Set(wanted.map(({ peer }) => peer));
    for (const peer of demand.wanted) {
      const isFit = members.includes(peer) && !this.#refusedBy.has(peer) && !others.has(peer);
      if (isFit) wanted.push({ peer, kind: 'demand' });
    }
    for (const { peer, kind } of wanted) edges.want(peer, kind, nodes, now);
    this.#isSettled = wanted.every(({ peer }) => edges.isUp(peer));
    const isClosing = this.#isSettled && edges.letGo(new Set(wanted.map(({ peer }) => peer)), this.isAmidOthers, now);
    this.#planAt = now + (this.#isSettled && !isClosing ? idlePlanMs : busyPlanMs);
  }
}
