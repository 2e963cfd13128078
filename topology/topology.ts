import type { Directory } from './directory.ts';
import type { Edge } from './edge.ts';
import { Inbox } from './inbox.ts';
import { probeIntervalMs } from './liveness.ts';
import type { LinkEnd, TopologyCounters, TopologyOptions } from './manager.ts';
import type { LinkMessage } from './messages.ts';
import { makeParts, type Parts } from './parts.ts';
import type { NodeId } from './ring.ts';
import type { RouteTable } from './route.ts';

const suspiciousFailures = 2;
const none: ReadonlySet<NodeId> = new Set();

/**
 * One node's part in the topology: who is a member, which links it wants, which it has. Pure: events and `now` come in,
 * the sink's calls go out. What opens or breaks a link is followed by a new plan, so that a repair starts in the same tick.
 */
export class Topology {
  readonly self: NodeId;
  readonly directory: Directory;
  readonly #options: TopologyOptions;
  readonly #parts: Parts;
  readonly #inbox: Inbox;
  #isDirty = false;
  /** Who is next to this node, as the directory was told last. */
  #amid: readonly (NodeId | undefined)[] = [];
  #isLeaving = false;

  constructor(options: TopologyOptions) {
    const { self, sink } = options;
    this.self = self;
    this.#options = options;
    this.#parts = makeParts(options);
    this.directory = this.#parts.directory;
    this.#inbox = new Inbox({
      ...{ self, parts: this.#parts, send: (peer, message) => sink.send(peer, message) },
      isLeaving: () => this.#isLeaving,
      changed: () => {
        this.#isDirty = true;
      },
    });
  }

  get counters(): TopologyCounters {
    const { news, relays } = this.#parts;
    return { recordsRefused: news.refused, relaysDropped: relays.dropped, linksRefused: this.#inbox.linksRefused };
  }

  get links(): readonly Edge[] {
    return this.#parts.edges.all;
  }

  /** Ids of those a link is up with, over which frames may go. */
  get neighbours(): NodeId[] {
    return this.#parts.edges.neighbours;
  }

  /** Without this node itself, in clockwise order. */
  get members(): NodeId[] {
    return this.#parts.membership.idsWithout(none);
  }

  /** Members, and those that somebody called dead a moment ago and that may object. */
  get known(): NodeId[] {
    return this.#parts.membership.ids;
  }

  /** Linked with the nodes next to it on either side: whoever looks for it finds it. */
  get isInRing(): boolean {
    return this.#parts.membership.size > 0 && this.#parts.planner.isAmidOthers;
  }

  /** How many nodes the overlay seems to have, this one included. */
  get nodes(): number {
    return this.#parts.membership.estimate;
  }

  /** All links that the policy wants are up. */
  get isSettled(): boolean {
    return this.#parts.planner.isSettled;
  }

  /** Each neighbour with its own, as far as it told. */
  get neighbourhood(): ReadonlyMap<NodeId, readonly NodeId[]> {
    return this.#parts.neighbourhood.lists;
  }

  get routes(): RouteTable {
    return this.#parts.neighbourhood.routes;
  }

  /** Attempts at a link with this peer that failed in a row. */
  failures(peer: NodeId): number {
    return this.#parts.edges.backoff.failures(peer);
  }

  /** How often the neighbour is to be probed, ms: in haste when somebody says that it is gone. */
  probeMs(peer: NodeId): number {
    if (this.#parts.doubts.has(peer)) return probeIntervalMs.doubted;
    return probeIntervalMs[this.isRingLink(peer) ? 'ring' : 'long'];
  }

  /** A link along the ring; one that is new may be one. */
  isRingLink(peer: NodeId): boolean {
    return this.#parts.edges.isRingLink(peer);
  }

  /** A courier says that these are in the overlay. */
  introduced(ids: readonly NodeId[], now: number): void {
    const { news, planner } = this.#parts;
    const introduce = () => ids.filter((id) => news.introduce(id, 'courier', now)).length > 0;
    if (this.#isLeaving ? introduce() : planner.after(introduce, this.self, now)) this.#isDirty = true;
    this.#flush();
  }

  /** The courier lost it. A courier is not believed about a member that others know. */
  lost(id: NodeId, now: number): void {
    const { membership } = this.#parts.news;
    if (this.#parts.edges.isUp(id)) this.#parts.doubts.add(id);
    else if (membership.recordOf(id) === undefined) membership.forget(id);
    membership.withdraw(id, now);
    this.#isDirty = true;
    this.#replan(now);
  }

  /** `bytes` went to hosts at `peer` since the last call. */
  sent(peer: NodeId, bytes: number): void {
    this.#parts.demand.sent(peer, bytes);
  }

  /** `peer` offers a link: whether to answer. */
  offered(peer: NodeId, now: number): boolean {
    if (this.#isLeaving || this.#options.admits?.(peer) === false) return false;
    if (!this.#parts.edges.offered(peer, now)) return false;
    if (this.#parts.news.introduce(peer, 'neighbour', now)) this.#isDirty = true;
    this.#flush();
    return true;
  }

  linkUp(peer: NodeId, now: number): void {
    if (!this.#parts.edges.up(peer, now)) return;
    if (this.#isLeaving) {
      this.#options.sink.send(peer, { type: 'leave', records: this.#parts.news.farewell() });
      return;
    }
    this.#parts.news.introduceTo(peer);
    this.#parts.neighbourhood.forget(peer);
    this.#tellGossip();
    this.#replan(now);
  }

  /** A link, or the attempt at one, ended without our asking for it. */
  linkDown(peer: NodeId, now: number, end: LinkEnd = 'closed'): void {
    this.#parts.rtts.keep(peer);
    const edge = this.#parts.edges.down(peer, now);
    if (edge === undefined) return;
    this.#forgetNeighbour(peer);
    const wasUp = edge.state === 'up' && !edge.isLeaving;
    if (wasUp && end === 'silent' && this.#parts.membership.recordOf(peer) === undefined)
      this.#parts.membership.forget(peer);
    else if (wasUp && end === 'silent') this.#died(peer, now);
    else if (edge.state !== 'up') this.#failed(peer, now);
    this.#replan(now);
  }

  receive(peer: NodeId, message: LinkMessage, now: number): void {
    const edge = this.#parts.edges.get(peer);
    if (edge?.state !== 'up' && edge?.state !== 'retired') return;
    this.#inbox.receive(peer, message, now);
    this.#flush();
  }

  /** Sends `body` to a node over the overlay. False when there is no way nearer to it. */
  relay(to: NodeId, body: Uint8Array): boolean {
    return this.#parts.relays.send(to, body);
  }

  /** Says good-bye; frames are to be relayed until `hasLeft`. */
  leave(): void {
    this.#isLeaving = true;
    this.#parts.edges.awaitRelease();
    const records = this.#parts.news.farewell();
    for (const peer of this.neighbours) this.#options.sink.send(peer, { type: 'leave', records });
  }

  /** No neighbour needs this node any more. */
  get hasLeft(): boolean {
    return !this.#parts.edges.isNeeded;
  }

  /** To be called every 50 ms or so. */
  tick(now: number): void {
    this.#parts.doubts.tick(now);
    this.directory.tick(now);
    if (this.#isLeaving) return;
    for (const peer of this.#parts.edges.overdue(now)) this.#failed(peer, now);
    this.#parts.edges.endRetired(now);
    if (this.#parts.membership.tick(now)) this.#isDirty = true;
    if (this.#parts.demand.tick(now)) this.#parts.planner.soon(now);
    this.#parts.trials.tick(now);
    this.#parts.news.tick(now);
    this.#parts.whereabouts.tick(now);
    this.#tellGossip();
    this.#parts.neighbourhood.tick(now);
    this.#parts.planner.tick(now);
    this.#flush();
  }

  #died(peer: NodeId, now: number): void {
    this.#isDirty = true;
    this.#parts.news.died(peer, now);
    this.#tellGossip();
  }

  /** An attempt at a link failed. Who cannot be reached time and again, and is nobody's neighbour, is dead. */
  #failed(peer: NodeId, now: number): void {
    if (this.#parts.edges.backoff.failures(peer) < suspiciousFailures) return;
    if (!this.#parts.neighbourhood.isNeighbourOfAny(peer)) this.#died(peer, now);
  }

  #forgetNeighbour(peer: NodeId): void {
    this.#parts.neighbourhood.forget(peer);
    this.#parts.news.forgetPeer(peer);
    this.#parts.doubts.delete(peer);
  }

  #replan(now: number): void {
    if (!this.#isLeaving) this.#parts.planner.plan(now);
    this.#flush();
  }

  /** The directory hears when it has other nodes next to it that it can reach. */
  #checkRing(): void {
    const { membership, edges } = this.#parts;
    const beside = membership.beside(3);
    const amid = [...beside, ...beside.map((id) => (edges.isUp(id) ? id : undefined))];
    if (amid.length === this.#amid.length && amid.every((id, i) => id === this.#amid[i])) return;
    this.#amid = amid;
    this.directory.ringChanged();
  }

  #tellGossip(): void {
    for (const [peer, records] of this.#parts.news.take()) {
      if (this.#parts.edges.isUp(peer)) this.#options.sink.send(peer, { type: 'gossip', records });
    }
  }

  #flush(): void {
    if (this.#parts.edges.takeChanged()) {
      for (const peer of this.#parts.neighbourhood.tellers)
        if (this.#parts.edges.get(peer) === undefined) this.#forgetNeighbour(peer);
      this.#parts.neighbourhood.changed();
      this.#isDirty = true;
    }
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#checkRing();
    this.#options.sink.changed();
  }
}
