import { Backoff } from './backoff.ts';
import type { EdgeKind } from './policy.ts';
import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';

/**
 * The link with one peer:
 *
 *              want                     up                       let go, or the peer leaves
 *     (none) --------> dialling -----------------> up -----------------------------> retired --> (none)
 *        |                |  offer, lower id      ^  | <--------- wanted again ----------
 *        |     offer      v                       |  | down, or a newer offer
 *        +----------> accepting ------------------+  +--> (none), accepting
 *
 * Whatever does not come up in time is given up. Of two ends that dial each other the dial of the lower id goes on.
 */
export interface Edge {
  readonly peer: NodeId;
  readonly state: 'dialling' | 'accepting' | 'up' | 'retired';
  /** What this node wants of the link. */
  readonly mine: EdgeKind | undefined;
  /** What the neighbour said it wants of it. */
  readonly theirs: EdgeKind | 'unknown' | undefined;
  /** When the state began, ms. */
  readonly since: number;
  /** How many nodes there seemed to be when this node came to want it. */
  readonly nodes: number;
  /** The neighbour said that it leaves. */
  readonly isLeaving: boolean;
}

type Mutable = { -readonly [K in keyof Edge]: Edge[K] } & {
  idleSince: number | undefined;
  /** Dialled to see whether a lost peer is back: nobody is to blame when it is not. */
  isTrial: boolean;
  isRefused: boolean;
  isReleased: boolean;
};

export interface EdgeSink {
  /** Set up a link to `peer`; ends in `linkUp` or `linkDown`. */
  dial(peer: NodeId): void;
  /** Give up on a link or on its set-up; no `linkDown` follows. */
  close(peer: NodeId, reason: string): void;
  announce(peer: NodeId, interest: EdgeKind | undefined): void;
  /** Tells a peer that nothing is sent to it any more. */
  release(peer: NodeId): void;
}

export const maxLinks = 512;
const maxDials = 16;
const dialTimeoutMs = 5_000;
/** Meanwhile the peer cannot be dialled for a better reason. */
const trialTimeoutMs = 1_500;
/** A dial that takes longer is no reason to wait with the next best peer. */
const slowDialMs = 400;
/** How long a link that neither end wants is kept, so that a plan in motion does not close what it needs next. */
const idleLinkMs = 2_000;
/** From the last frame that is sent over a link to its end: what is under way arrives. */
const retiredMs = 250;
/** A peer that leaves ends the link itself, once nobody sends anything to it. */
const leavingMs = 5_000;
/** A link that lasted this long makes up for failures before it. */
const lastingMs = 10_000;

/** The links of one node, each a state machine. `takeChanged` tells whether neighbours came or went. */
export class Edges {
  readonly backoff: Backoff;
  readonly #self: NodeId;
  readonly #sink: EdgeSink;
  readonly #edges = new Map<NodeId, Mutable>();
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
    for (const { peer, state, since, isLeaving } of this.#edges.values()) {
      const isSlow = state !== 'up' && state !== 'retired' && now - since >= slowDialMs;
      if (isSlow || isLeaving) ids.add(peer);
      else ids.delete(peer);
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
   * of two that dial each other the one with the lower id wins; or there are too many links.
   */
  offered(peer: NodeId, now: number): boolean {
    const edge = this.#edges.get(peer);
    if (edge?.state === 'dialling' && this.#self < peer) return false;
    if (edge === undefined && this.#edges.size >= maxLinks) return false;
    if (edge !== undefined) this.drop(peer, 'replaced by a newer link');
    this.#add(peer, 'accepting', edge?.mine, edge?.nodes ?? 0, now);
    return true;
  }

  /** False when there is no such set-up. */
  up(peer: NodeId, now: number): boolean {
    const edge = this.#edges.get(peer);
    if (edge === undefined || edge.state === 'up' || edge.state === 'retired') return false;
    edge.state = 'up';
    edge.since = now;
    this.#isChanged = true;
    this.#sink.announce(peer, edge.mine);
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
    const late = [...this.#edges.values()].filter(
      ({ state, since, isTrial }) =>
        (state === 'dialling' || state === 'accepting') && now - since >= (isTrial ? trialTimeoutMs : dialTimeoutMs),
    );
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
      const isIdle = edge.mine === undefined && (edge.theirs === undefined || edge.isRefused);
      if (edge.isLeaving && isInRing) {
        this.#retire(edge, now);
      } else if (edge.isLeaving) isPending = true;
      else if (!isIdle) edge.idleSince = undefined;
      else if (edge.idleSince === undefined) edge.idleSince = now;
      else if (now - edge.idleSince >= idleLinkMs) this.#retire(edge, now);
      isPending ||= isIdle;
    }
    return isPending;
  }

  /** Ends links whose last frames have arrived. */
  endRetired(now: number): void {
    for (const edge of [...this.#edges.values()]) {
      if (edge.state !== 'retired' || now - edge.since < (edge.isLeaving ? leavingMs : retiredMs)) continue;
      this.drop(edge.peer, edge.isLeaving ? 'the neighbour left' : 'neither end wants it');
    }
  }

  drop(peer: NodeId, reason: string): void {
    const edge = this.#edges.get(peer);
    if (edge === undefined) return;
    this.#sink.close(peer, reason);
    this.#forget(edge);
  }

  #dial(peer: NodeId, kind: EdgeKind | undefined, nodes: number, now: number): void {
    let dials = 0;
    for (const { state, since } of this.#edges.values()) {
      if (state === 'dialling' && now - since < slowDialMs) dials += 1;
    }
    if (dials >= maxDials || this.#edges.size >= maxLinks) return;
    this.#add(peer, 'dialling', kind, nodes, now);
    this.#sink.dial(peer);
  }

  #add(peer: NodeId, state: Edge['state'], mine: EdgeKind | undefined, nodes: number, now: number): void {
    this.#edges.set(peer, {
      ...{ peer, state, mine, nodes, since: now, theirs: 'unknown', idleSince: undefined },
      ...{ isLeaving: false, isTrial: false, isRefused: false, isReleased: false },
    });
  }

  /** Nothing is sent over it any more; what comes is still taken. */
  #retire(edge: Mutable, now: number): void {
    if (edge.state === 'up') this.#sink.release(edge.peer);
    edge.state = 'retired';
    edge.since = now;
    this.#isChanged = true;
  }

  /** One of the ends wants it after all. */
  #takeBack(edge: Mutable, now: number): void {
    if (edge.isLeaving) return;
    edge.state = 'up';
    edge.since = now;
    edge.idleSince = undefined;
    edge.isReleased = false;
    this.#isChanged = true;
  }

  #setInterest(edge: Mutable, interest: EdgeKind | undefined): void {
    if (edge.mine === interest) return;
    edge.mine = interest;
    this.#isChanged = true;
    if (edge.state === 'up') this.#sink.announce(edge.peer, interest);
  }

  #forget(edge: Mutable): void {
    if (edge.state === 'up') this.#isChanged = true;
    this.#edges.delete(edge.peer);
  }
}
