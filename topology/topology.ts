import { Demand, type DemandMode } from './demand.ts';
import { Directory } from './directory.ts';
import { type Edge, type EdgeSink, Edges } from './edges.ts';
import type { LinkMessage } from './messages.ts';
import { News, type NewsOptions } from './news.ts';
import type { EdgeKind, HeldEdge, Policy } from './policy.ts';
import type { MemberRecord } from './record.ts';
import type { NodeId } from './ring.ts';
import { RouteTable } from './route.ts';

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
  /** Records of members that were not their own. */
  recordsRefused: number;
  /** Messages for other nodes that had no way on. */
  relaysDropped: number;
  /** Links that neighbours wanted and this node had no room for. */
  linksRefused: number;
}

export const defaultCapacity = 512;
const busyPlanMs = 100;
const idlePlanMs = 1_000;
/** Neighbours are told of changed neighbours no more often. */
const listMs = 400;
const lostTrialMs = 1_000;
const doubtMs = 1_000;
const suspiciousFailures = 2;
const relayHops = 64;
const leastIncoming = 4;
const refusalMs = 60_000;
/** How often a neighbour is told of some members again: what got lost on its way is made up for. */
const reminderMs = 1_000;

/**
 * One node's part in the topology: who is a member, which links it wants, which it has. Pure: events and `now` come in,
 * the sink's calls go out. What opens or breaks a link is followed by a new plan, so that a repair starts in the same tick.
 */
export class Topology {
  readonly self: NodeId;
  readonly directory: Directory;
  readonly #options: TopologyOptions;
  readonly #sink: TopologySink;
  readonly #counts = { relaysDropped: 0, linksRefused: 0 };
  readonly #news: News;
  readonly #edges: Edges;
  readonly #demand: Demand;
  /** Neighbours of neighbours, as they told. */
  readonly #theirNeighbours = new Map<NodeId, readonly NodeId[]>();
  /** Round-trip times of links that were, too. */
  readonly #rtts = new Map<NodeId, number>();
  /** Neighbours that somebody called dead, and until when they are doubted: from the next tick on. */
  readonly #doubted = new Map<NodeId, number | undefined>();
  /** Peers that had no room for a link, and until when they are not asked again. */
  readonly #refusedBy = new Map<NodeId, number>();
  #routes: RouteTable | undefined;
  #isDirty = false;
  /** Who is next to this node, as the directory was told last. */
  #amid = '';
  #isListStale = false;
  #isSettled = false;
  #isLeaving = false;
  #planAt = 0;
  #trialAt = 0;
  #reminderAt = 0;
  #listAt = 0;

  constructor(options: TopologyOptions) {
    const { self, random, sink, capacity = defaultCapacity } = options;
    this.self = self;
    this.#options = options;
    this.#sink = sink;
    this.#demand = new Demand(options.demand ?? 'off');
    this.#news = new News({
      ...options,
      capacity,
      neighbours: () => this.neighbours,
      isRingLink: (peer) => this.isRingLink(peer),
      isLinked: (peer) => this.#edges.get(peer) !== undefined,
      isUp: (peer) => this.#edges.isUp(peer),
      doubt: (peer) => this.#doubted.set(peer, undefined),
    });
    this.directory = new Directory({
      self,
      successors: (count) => this.#news.membership.near(count, 'clockwise'),
      predecessors: (count) => this.#news.membership.near(count, 'anticlockwise'),
      isLinked: (peer) => this.#edges.isUp(peer),
      next: (key) => this.routes.next(key)[0],
      send: (peer, message) => sink.send(peer, message),
    });
    const announce = (peer: NodeId, interest: EdgeKind | undefined) => sink.send(peer, { type: 'edge', interest });
    this.#edges = new Edges(
      self,
      {
        announce,
        dial: (peer) => sink.dial(peer),
        close: (peer, reason) => sink.close(peer, reason),
        release: (peer) => sink.send(peer, { type: 'release' }),
      },
      random,
    );
  }

  get counters(): TopologyCounters {
    return { ...this.#counts, recordsRefused: this.#news.refused };
  }

  get links(): readonly Edge[] {
    return this.#edges.all;
  }

  /** Ids of those a link is up with, over which frames may go. */
  get neighbours(): NodeId[] {
    return this.#edges.neighbours;
  }

  /** Without this node itself, in clockwise order. */
  get members(): NodeId[] {
    return without(this.#news.membership.ids, new Set(this.#news.membership.suspects));
  }

  /** Members, and those that somebody called dead a moment ago and that may object. */
  get known(): NodeId[] {
    return this.#news.membership.ids;
  }

  /** Linked with the nodes next to it on either side: whoever looks for it finds it. */
  get isInRing(): boolean {
    return this.#news.membership.size > 0 && this.#isAmidOthers;
  }

  /** How many nodes the overlay seems to have, this one included. */
  get nodes(): number {
    return this.#news.membership.estimate;
  }

  /** All links that the policy wants are up. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Each neighbour with its own, as far as it told. */
  get neighbourhood(): ReadonlyMap<NodeId, readonly NodeId[]> {
    return new Map(this.neighbours.map((peer) => [peer, this.#theirNeighbours.get(peer) ?? []]));
  }

  get routes(): RouteTable {
    this.#routes ??= new RouteTable(this.self, this.neighbourhood);
    return this.#routes;
  }

  /** Attempts at a link with this peer that failed in a row. */
  failures(peer: NodeId): number {
    return this.#edges.backoff.failures(peer);
  }

  /** Somebody says that the neighbour is gone, and its link looks up: it is to be probed in haste. */
  isDoubted(peer: NodeId): boolean {
    return this.#doubted.has(peer);
  }

  /** Links along the ring are probed often; one that is new may be one. */
  isRingLink(peer: NodeId): boolean {
    const edge = this.#edges.get(peer);
    return edge?.mine === 'successor' || edge?.theirs === 'successor' || edge?.theirs === 'unknown';
  }

  /** A courier says that these are in the overlay. */
  introduced(ids: readonly NodeId[], now: number): void {
    for (const id of ids) if (this.#news.introduce(id, 'courier', now)) this.#isDirty = true;
    this.#replan(now);
  }

  /** The courier lost it. A courier is not believed about a member that others know. */
  lost(id: NodeId, now: number): void {
    if (this.#edges.isUp(id)) this.#doubted.set(id, undefined);
    else if (this.#news.membership.recordOf(id) === undefined) this.#news.membership.forget(id);
    this.#news.membership.withdraw(id, now);
    this.#isDirty = true;
    this.#replan(now);
  }

  /** `bytes` went to hosts at `peer` since the last call. */
  sent(peer: NodeId, bytes: number): void {
    this.#demand.sent(peer, bytes);
  }

  /** `peer` offers a link: whether to answer. */
  offered(peer: NodeId, now: number): boolean {
    if (this.#isLeaving || this.#options.admits?.(peer) === false) return false;
    if (!this.#edges.offered(peer, now)) return false;
    if (this.#news.introduce(peer, 'neighbour', now)) this.#isDirty = true;
    this.#flush();
    return true;
  }

  linkUp(peer: NodeId, now: number): void {
    if (!this.#edges.up(peer, now)) return;
    if (this.#isLeaving) {
      this.#sink.send(peer, { type: 'leave', records: this.#news.farewell() });
      return;
    }
    this.#news.introduceTo(peer);
    this.#theirNeighbours.delete(peer);
    this.#tellGossip();
    this.#replan(now);
  }

  /** A link, or the attempt at one, ended without our asking for it. */
  linkDown(peer: NodeId, now: number, end: LinkEnd = 'closed'): void {
    this.#remember(peer);
    const edge = this.#edges.down(peer, now);
    if (edge === undefined) return;
    this.#forgetNeighbour(peer);
    const wasUp = edge.state === 'up' && !edge.isLeaving;
    if (wasUp && end === 'silent' && this.#news.membership.recordOf(peer) === undefined)
      this.#news.membership.forget(peer);
    else if (wasUp && end === 'silent') this.#died(peer, now);
    else if (edge.state !== 'up') this.#failed(peer, now);
    this.#replan(now);
  }

  receive(peer: NodeId, message: LinkMessage, now: number): void {
    const edge = this.#edges.get(peer);
    if (edge?.state !== 'up' && edge?.state !== 'retired') return;
    this.#handlers[message.type]?.(peer, message as never, now);
    this.#flush();
  }

  /** Sends `body` to a node over the overlay. False when there is no way nearer to it. */
  relay(to: NodeId, body: Uint8Array): boolean {
    return this.#pass(to, body, relayHops);
  }

  /** Says good-bye; frames are to be relayed until `hasLeft`. */
  leave(): void {
    this.#isLeaving = true;
    this.#edges.awaitRelease();
    const records = this.#news.farewell();
    for (const peer of this.neighbours) this.#sink.send(peer, { type: 'leave', records });
  }

  /** No neighbour needs this node any more. */
  get hasLeft(): boolean {
    return !this.#edges.isNeeded;
  }

  /** To be called every 50 ms or so. */
  tick(now: number): void {
    this.#endDoubts(now);
    this.directory.tick(now);
    if (this.#isLeaving) return;
    for (const peer of this.#edges.overdue(now)) this.#failed(peer, now);
    this.#edges.endRetired(now);
    if (this.#news.membership.tick(now)) this.#isDirty = true;
    if (this.#demand.tick(now)) this.#planSoon(now);
    if (now >= this.#trialAt) this.#tryLost(now);
    if (now >= this.#reminderAt) {
      this.#reminderAt = now + reminderMs * (0.5 + this.#options.random());
      this.#news.remind();
    }
    this.#tellGossip();
    if (this.#isListStale && now >= this.#listAt) this.#tellNeighbours(now);
    if (now >= this.#planAt) this.#plan(now);
    this.#flush();
  }

  readonly #handlers: {
    readonly [T in LinkMessage['type']]?: (
      peer: NodeId,
      message: Extract<LinkMessage, { type: T }>,
      now: number,
    ) => void;
  } = {
    edge: (peer, { interest }, now) => {
      this.#edges.wants(peer, interest, now);
      if (interest !== undefined && this.#isFull(interest)) {
        this.#counts.linksRefused += 1;
        this.#edges.refuse(peer);
        this.#sink.send(peer, { type: 'refuse' });
      }
      this.#planSoon(now);
    },
    refuse: (peer, _, now) => {
      const edge = this.#edges.get(peer);
      if (edge?.mine !== 'long' && edge?.mine !== 'demand') return;
      this.#refusedBy.set(peer, now + refusalMs);
      this.#edges.release(peer);
      this.#planSoon(now);
    },
    release: (peer, _, now) => this.#edges.released(peer, this.#isLeaving, now),
    gossip: (peer, { records }, now) => this.#hear(peer, records, now),
    leave: (peer, { records }, now) => {
      this.#hear(peer, records, now);
      if (this.#news.membership.recordOf(peer)?.state !== 'left') return;
      this.#edges.leaves(peer);
      this.#replan(now);
    },
    neighbours: (peer, { ids }, now) => {
      this.#theirNeighbours.set(peer, ids);
      const strangers = ids.filter((id) => id !== this.self && this.#news.membership.recordOf(id) === undefined);
      for (const id of strangers) this.#news.introduce(id, 'neighbour', now);
      if (strangers.length > 0) this.#sink.send(peer, { type: 'want', ids: strangers });
      this.#routes = undefined;
      this.#isDirty = true;
      this.#planSoon(now);
    },
    want: (peer, { ids }) => this.#news.answer(peer, ids),
    query: (peer, message, now) => this.directory.query(peer, message, now),
    answer: (_, message) => this.directory.answer(message),
    relay: (_, { to, hopLimit, body }) => {
      if (to === this.self) this.#sink.relayed(body);
      else if (!this.#pass(to, body, hopLimit - 1)) this.#counts.relaysDropped += 1;
    },
  };

  #hear(from: NodeId, records: readonly MemberRecord[], now: number): void {
    const before = this.#nearest(2).join();
    if (!this.#news.hear(from, records, now)) return;
    this.#isDirty = true;
    // Who is next to this node matters at once, the others at the next tick.
    if (this.#nearest(2).join() !== before) this.#plan(now);
    else this.#planSoon(now);
  }

  #died(peer: NodeId, now: number): void {
    this.#isDirty = true;
    this.#news.died(peer, now);
    this.#tellGossip();
  }

  /** An attempt at a link failed. Who cannot be reached time and again, and is nobody's neighbour, is dead. */
  #failed(peer: NodeId, now: number): void {
    if (this.#edges.backoff.failures(peer) < suspiciousFailures) return;
    if ([...this.neighbourhood.values()].every((ids) => !ids.includes(peer))) this.#died(peer, now);
  }

  #endDoubts(now: number): void {
    for (const [peer, until] of this.#doubted) {
      if (until === undefined) this.#doubted.set(peer, now + doubtMs);
      else if (now >= until) this.#doubted.delete(peer);
    }
  }

  #tryLost(now: number): void {
    this.#trialAt = now + lostTrialMs * (0.5 + this.#options.random());
    const { lost } = this.#news.membership;
    // All nodes together try as often in a large overlay as in a small one.
    if (lost.length === 0 || this.#options.random() * this.nodes >= lost.length) return;
    const peer = lost[Math.floor(this.#options.random() * lost.length)]!;
    this.#edges.tryLost(peer, now);
  }

  /** No node is nearer on the ring than those that it has links with. */
  get #isAmidOthers(): boolean {
    return this.#nearest(1).every((id) => this.#edges.isUp(id));
  }

  #isFull(kind: EdgeKind): boolean {
    if (kind !== 'long' && kind !== 'demand') return false;
    return this.#edges.incoming(kind) > Math.max(leastIncoming, 2 * Math.floor(Math.log2(this.nodes)));
  }

  #pass(to: NodeId, body: Uint8Array, hopLimit: number): boolean {
    const hop = hopLimit <= 0 ? undefined : this.routes.next(to)[0];
    if (hop !== undefined) this.#sink.send(hop, { type: 'relay', hopLimit, to, body });
    return hop !== undefined;
  }

  #remember(peer: NodeId): void {
    const rtt = this.#options.rttMs?.(peer);
    if (rtt === undefined) return;
    this.#rtts.delete(peer);
    this.#rtts.set(peer, rtt);
    if (this.#rtts.size > defaultCapacity) this.#rtts.delete(this.#rtts.keys().next().value!);
  }

  #forgetNeighbour(peer: NodeId): void {
    this.#theirNeighbours.delete(peer);
    this.#news.forgetPeer(peer);
    this.#doubted.delete(peer);
  }

  #replan(now: number): void {
    this.#plan(now);
    this.#flush();
  }

  #planSoon(now: number): void {
    this.#planAt = Math.min(this.#planAt, now);
  }

  #plan(now: number): void {
    if (this.#isLeaving) return;
    const nodes = this.nodes;
    const links = new Map(
      this.links.map(({ peer, mine, nodes: then }): [NodeId, HeldEdge] => [peer, { kind: mine, nodes: then }]),
    );
    for (const [peer, until] of this.#refusedBy) {
      if (now >= until) this.#refusedBy.delete(peer);
      else if (!links.has(peer)) links.set(peer, { kind: undefined, nodes });
    }
    const members = without(
      this.#news.membership.ids,
      new Set([...this.#news.membership.suspects, ...this.#edges.unavailable(now)]),
    );
    const wanted = this.#options.policy({
      ...{ self: this.self, nodes, links, now },
      members,
      rttMs: (id) => this.#options.rttMs?.(id) ?? this.#rtts.get(id),
      seed: Math.floor(this.#options.random() * 2 ** 32),
    });
    const others = new Set(wanted.map(({ peer }) => peer));
    for (const peer of this.#demand.wanted) {
      const isFit = members.includes(peer) && !this.#refusedBy.has(peer) && !others.has(peer);
      if (isFit) wanted.push({ peer, kind: 'demand' });
    }
    for (const { peer, kind } of wanted) this.#edges.want(peer, kind, nodes, now);
    this.#isSettled = wanted.every(({ peer }) => this.#edges.isUp(peer));
    const isClosing =
      this.#isSettled && this.#edges.letGo(new Set(wanted.map(({ peer }) => peer)), this.#isAmidOthers, now);
    this.#planAt = now + (this.#isSettled && !isClosing ? idlePlanMs : busyPlanMs);
  }

  /** Members next to this node, so many on either side. */
  #nearest(count: number): NodeId[] {
    const { membership } = this.#news;
    return [...membership.near(count, 'clockwise'), ...membership.near(count, 'anticlockwise')];
  }

  /** The directory hears when it has other nodes next to it that it can reach. */
  #checkRing(): void {
    const amid = this.#nearest(3)
      .map((id) => `${id}${this.#edges.isUp(id) ? '+' : ''}`)
      .join();
    if (amid === this.#amid) return;
    this.#amid = amid;
    this.directory.ringChanged();
  }

  #tellGossip(): void {
    for (const [peer, records] of this.#news.take()) {
      if (this.#edges.isUp(peer)) this.#sink.send(peer, { type: 'gossip', records });
    }
  }

  #tellNeighbours(now: number): void {
    this.#isListStale = false;
    this.#listAt = now + listMs;
    const ids = this.neighbours;
    for (const peer of ids) this.#sink.send(peer, { type: 'neighbours', ids });
  }

  #flush(): void {
    if (this.#edges.takeChanged()) {
      for (const peer of this.#theirNeighbours.keys())
        if (this.#edges.get(peer) === undefined) this.#forgetNeighbour(peer);
      this.#routes = undefined;
      this.#isListStale = true;
      this.#isDirty = true;
    }
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#checkRing();
    this.#sink.changed();
  }
}

function without(ids: NodeId[], excluded: ReadonlySet<NodeId>): NodeId[] {
  return excluded.size === 0 ? ids : ids.filter((id) => !excluded.has(id));
}
