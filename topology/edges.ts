import { Backoff } from './backoff.ts';
import { type Edge, EdgeMachine, type EdgeSink } from './edge.ts';
import type { EdgeKind } from './policy.ts';
import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';
import { SmoothedTime } from './smoothed-time.ts';

export const maxLinks = 512;
const maxDials = 16;
/** A dial that takes longer than dials do here is no reason to wait with the next best peer; at least, and at first. */
const slowDialMs = 400;
const firstSlowDialMs = 1_000;
/** How long a link that neither end wants is kept, so that a plan in motion does not close what it needs next. */
const idleLinkMs = 2_000;
/** A link that lasted this long makes up for failures before it. */
const lastingMs = 10_000;

/** The links of one node, each a state machine. `takeChanged` tells whether neighbours came or went. */
export class Edges {
  readonly backoff: Backoff;
  readonly #self: NodeId;
  readonly #sink: EdgeSink;
  readonly #edges = new Map<NodeId, EdgeMachine>();
  readonly #setUps = new SmoothedTime();
  #isChanged = false;

  constructor(self: NodeId, sink: EdgeSink, random: Random) {
    this.#self = self;
    this.#sink = sink;
    this.backoff = new Backoff(random);
  }

  get all(): readonly Edge[] {
    return [...this.#edges.values()];
  }

  get(peer: NodeId): Edge | undefined {
    return this.#edges.get(peer);
  }

  isUp(peer: NodeId): boolean {
    return this.#edges.get(peer)?.state === 'up';
  }

  /** A link along the ring; one that is new may be one. */
  isRingLink(peer: NodeId): boolean {
    const edge = this.#edges.get(peer);
    return edge?.mine === 'successor' || edge?.theirs === 'successor' || edge?.theirs === 'unknown';
  }

  /** Ids of those a link is up with. */
  get neighbours(): NodeId[] {
    return [...this.#edges.values()].filter(({ state }) => state === 'up').map(({ peer }) => peer);
  }

  /**
   * Peers that a policy may not count on now: that failed and are not to be dialled yet, whose link is long in coming, or
   * that leave.
   */
  unavailable(now: number): Set<NodeId> {
    const ids = this.backoff.waiting(now);
    for (const edge of this.#edges.values()) {
      if (this.#isSlow(edge, now) || edge.isLeaving) ids.add(edge.peer);
      else ids.delete(edge.peer);
    }
    return ids;
  }

  /** How many links others want of this kind, and this node does not. */
  incoming(kind: EdgeKind): number {
    let count = 0;
    for (const edge of this.#edges.values()) {
      if (edge.theirs === kind && edge.mine === undefined && !edge.isRefused) count += 1;
    }
    return count;
  }

  takeChanged(): boolean {
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    return isChanged;
  }

  want(peer: NodeId, kind: EdgeKind, nodes: number, now: number): void {
    const edge = this.#edges.get(peer);
    if (edge === undefined) {
      this.#dial(peer, kind, nodes, now);
      return;
    }
    if (edge.state === 'retired') this.#takeBack(edge, now);
    if (edge.mine !== kind) edge.nodes = nodes;
    this.#setInterest(edge, kind);
  }

  /** Once: whether a peer that was lost is back. */
  tryLost(peer: NodeId, now: number): void {
    if (this.#edges.has(peer)) return;
    this.#dial(peer, undefined, 0, now);
    const edge = this.#edges.get(peer);
    if (edge !== undefined) edge.isTrial = true;
  }

  /**
   * `peer` offers a link. True: answer it (an older link or a dial of ours is closed first). False: ours goes on, since
   * of two that dial each other the one with the lower id wins, unless its offer seems lost; or there are too many links.
   */
  offered(peer: NodeId, now: number): boolean {
    const edge = this.#edges.get(peer);
    if (edge?.state === 'dialling' && this.#self < peer && !this.#isSlow(edge, now)) return false;
    if (edge === undefined && this.#edges.size >= maxLinks) return false;
    if (edge !== undefined) this.drop(peer, 'replaced by a newer link');
    this.#add(peer, 'accepting', edge?.mine, edge?.nodes ?? 0, now);
    return true;
  }

  /** False when there is no such set-up. */
  up(peer: NodeId, now: number): boolean {
    const edge = this.#edges.get(peer);
    if (!edge?.isSettingUp) return false;
    if (edge.state === 'dialling') this.#setUps.sample(now - edge.since);
    this.#isChanged = true;
    edge.up(now);
    return true;
  }

  /** A link, or the attempt at one, ended without our asking for it. */
  down(peer: NodeId, now: number): Edge | undefined {
    const edge = this.#edges.get(peer);
    if (edge === undefined) return undefined;
    this.#forget(edge);
    if (edge.state === 'up' && now - edge.since >= lastingMs) this.backoff.succeeded(peer);
    if (!edge.isTrial && !edge.isLeaving && edge.state !== 'retired') this.backoff.failed(peer, now);
    return edge;
  }

  /** What the neighbour wants of the link. */
  wants(peer: NodeId, interest: EdgeKind | undefined, now: number): void {
    const edge = this.#edges.get(peer);
    if (edge === undefined) return;
    edge.theirs = interest;
    edge.isRefused = false;
    if (interest !== undefined && edge.state === 'retired') this.#takeBack(edge, now);
  }

  /** This node has no room for what the neighbour wants of the link. */
  refuse(peer: NodeId): void {
    const edge = this.#edges.get(peer);
    if (edge !== undefined) edge.isRefused = true;
  }

  release(peer: NodeId): void {
    const edge = this.#edges.get(peer);
    if (edge !== undefined) this.#setInterest(edge, undefined);
  }

  /** The neighbour sends nothing over the link any more; unless this node wants it anew, or leaves, neither does it. */
  released(peer: NodeId, isLeaving: boolean, now: number): void {
    const edge = this.#edges.get(peer);
    if (edge === undefined) return;
    edge.isReleased = true;
    if (edge.state === 'up' && edge.mine === undefined && !isLeaving) this.#retire(edge, now);
  }

  /** This node leaves: each neighbour is to say when it does without it. */
  awaitRelease(): void {
    for (const edge of this.#edges.values()) edge.isReleased = false;
  }

  /** Whether some neighbour still counts on this node, which leaves. */
  get isNeeded(): boolean {
    return [...this.#edges.values()].some(({ state, isLeaving, isReleased }) => {
      return state === 'up' && !isLeaving && !isReleased;
    });
  }

  leaves(peer: NodeId): void {
    const edge = this.#edges.get(peer);
    if (edge !== undefined) edge.isLeaving = true;
  }

  /** Attempts that took too long, which end with this. */
  overdue(now: number): NodeId[] {
    const late = [...this.#edges.values()].filter((edge) => edge.isOverdue(now));
    for (const { peer } of late) {
      this.#sink.close(peer, 'no answer in time');
      this.down(peer, now);
    }
    return late.map(({ peer }) => peer);
  }

  /**
   * To be called only when all links that are `wanted` are up: no old way is broken before the new one is made. Peers
   * that leave are done without only if `isInRing`: there are links with those next to this node. True when some link
   * goes soon.
   */
  letGo(wanted: ReadonlySet<NodeId>, isInRing: boolean, now: number): boolean {
    let isPending = false;
    for (const edge of [...this.#edges.values()]) {
      if (!wanted.has(edge.peer)) this.#setInterest(edge, undefined);
      if (edge.state !== 'up') continue;
      if (edge.isLeaving && isInRing) this.#retire(edge, now);
      else if (edge.isLeaving) isPending = true;
      else if (!edge.isIdle) edge.idleSince = undefined;
      else if (edge.idleSince === undefined) edge.idleSince = now;
      else if (now - edge.idleSince >= idleLinkMs) this.#retire(edge, now);
      isPending ||= edge.isIdle;
    }
    return isPending;
  }

  /** Ends links whose last frames have arrived. */
  endRetired(now: number): void {
    for (const edge of [...this.#edges.values()]) {
      if (edge.isOver(now)) this.drop(edge.peer, edge.isLeaving ? 'the neighbour left' : 'neither end wants it');
    }
  }

  drop(peer: NodeId, reason: string): void {
    const edge = this.#edges.get(peer);
    if (edge === undefined) return;
    this.#sink.close(peer, reason);
    this.#forget(edge);
  }

  #isSlow({ isSettingUp, since }: EdgeMachine, now: number): boolean {
    return isSettingUp && now - since >= Math.max(slowDialMs, this.#setUps.lateMs ?? firstSlowDialMs);
  }

  #dial(peer: NodeId, kind: EdgeKind | undefined, nodes: number, now: number): void {
    let dials = 0;
    for (const edge of this.#edges.values()) if (edge.state === 'dialling' && !this.#isSlow(edge, now)) dials += 1;
    if (dials >= maxDials || this.#edges.size >= maxLinks) return;
    this.#add(peer, 'dialling', kind, nodes, now);
    this.#sink.dial(peer);
  }

  #add(peer: NodeId, state: Edge['state'], mine: EdgeKind | undefined, nodes: number, now: number): void {
    this.#edges.set(peer, new EdgeMachine(this.#sink, { peer, state, mine, nodes, since: now }));
  }

  #retire(edge: EdgeMachine, now: number): void {
    this.#isChanged = true;
    edge.retire(now);
  }

  #takeBack(edge: EdgeMachine, now: number): void {
    if (edge.takeBack(now)) this.#isChanged = true;
  }

  #setInterest(edge: EdgeMachine, interest: EdgeKind | undefined): void {
    if (edge.setInterest(interest)) this.#isChanged = true;
  }

  #forget(edge: EdgeMachine): void {
    if (edge.state === 'up') this.#isChanged = true;
    this.#edges.delete(edge.peer);
  }
}
