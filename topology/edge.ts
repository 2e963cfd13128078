import type { EdgeKind } from './policy.ts';
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
 * Whatever does not come up in time is given up. Of two ends that dial each other the dial of the lower id goes on, unless it takes too long.
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

export interface EdgeSink {
  /** Set up a link to `peer`; ends in `linkUp` or `linkDown`. */
  dial(peer: NodeId): void;
  /** Give up on a link or on its set-up; no `linkDown` follows. */
  close(peer: NodeId, reason: string): void;
  announce(peer: NodeId, interest: EdgeKind | undefined): void;
  /** Tells a peer that nothing is sent to it any more. */
  release(peer: NodeId): void;
}

const dialTimeoutMs = 5_000;
/** Meanwhile the peer cannot be dialled for a better reason. */
const trialTimeoutMs = 1_500;
/** From the last frame that is sent over a link to its end: what is under way arrives. */
const retiredMs = 250;
/** A peer that leaves ends the link itself, once nobody sends anything to it. */
const leavingMs = 5_000;

export class EdgeMachine implements Edge {
  readonly peer: NodeId;
  state: Edge['state'];
  mine: EdgeKind | undefined;
  theirs: EdgeKind | 'unknown' | undefined = 'unknown';
  since: number;
  nodes: number;
  isLeaving = false;
  idleSince: number | undefined;
  /** Dialled to see whether a lost peer is back: nobody is to blame when it is not. */
  isTrial = false;
  isRefused = false;
  isReleased = false;
  readonly #sink: Pick<EdgeSink, 'announce' | 'release'>;

  constructor(
    sink: Pick<EdgeSink, 'announce' | 'release'>,
    { peer, state, mine, nodes, since }: Pick<Edge, 'peer' | 'state' | 'mine' | 'nodes' | 'since'>,
  ) {
    this.#sink = sink;
    this.peer = peer;
    this.state = state;
    this.mine = mine;
    this.nodes = nodes;
    this.since = since;
  }

  get isSettingUp(): boolean {
    return this.state === 'dialling' || this.state === 'accepting';
  }

  /** Neither end wants it. */
  get isIdle(): boolean {
    return this.mine === undefined && (this.theirs === undefined || this.isRefused);
  }

  isOverdue(now: number): boolean {
    return this.isSettingUp && now - this.since >= (this.isTrial ? trialTimeoutMs : dialTimeoutMs);
  }

  /** Its last frames have arrived. */
  isOver(now: number): boolean {
    return this.state === 'retired' && now - this.since >= (this.isLeaving ? leavingMs : retiredMs);
  }

  up(now: number): void {
    this.state = 'up';
    this.since = now;
    this.#sink.announce(this.peer, this.mine);
  }

  /** True when this is a change. */
  setInterest(interest: EdgeKind | undefined): boolean {
    if (this.mine === interest) return false;
    this.mine = interest;
    if (this.state === 'up') this.#sink.announce(this.peer, interest);
    return true;
  }

  /** Nothing is sent over it any more; what comes is still taken. */
  retire(now: number): void {
    if (this.state === 'up') this.#sink.release(this.peer);
    this.state = 'retired';
    this.since = now;
  }

  /** One of the ends wants it after all. False when it leaves. */
  takeBack(now: number): boolean {
    if (this.isLeaving) return false;
    this.state = 'up';
    this.since = now;
    this.idleSince = undefined;
    this.isReleased = false;
    return true;
  }
}
