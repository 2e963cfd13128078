import { Backoff } from './backoff.ts';
import type { EdgeKind, Policy } from './policy.ts';
import type { Random } from './random.ts';
import type { NodeId } from './ring.ts';

/** What the topology manager asks of the world around it. Nothing of it is answered in the same call. */
export interface TopologySink {
  /** Set up a link to `peer`; ends in `linkUp` or `linkDown`. */
  dial(peer: NodeId): void;
  /** Give up on a link or on its set-up; no `linkDown` follows. */
  close(peer: NodeId, reason: string): void;
  /** Tell the neighbour what this node wants of their link. */
  announce(peer: NodeId, interest: EdgeKind | undefined): void;
  /** Neighbours or members changed: at most once per event. */
  changed(): void;
}

export interface TopologyOptions {
  readonly self: NodeId;
  readonly policy: Policy;
  readonly random: Random;
  readonly sink: TopologySink;
}

export interface Link {
  readonly peer: NodeId;
  readonly state: 'dialling' | 'accepting' | 'up';
  /** What this node wants of the link. */
  readonly mine: EdgeKind | undefined;
  /** What the neighbour said it wants of it. */
  readonly theirs: EdgeKind | 'unknown' | undefined;
  /** When the state began, ms. */
  readonly since: number;
}

type MutableLink = { -readonly [K in keyof Link]: Link[K] } & { idleSince: number | undefined };

export const maxMembers = 16_384;
export const maxLinks = 256;
const maxDials = 8;
const dialTimeoutMs = 5_000;
/** How long a link that neither end wants is kept, so that a plan in motion does not close what it needs next. */
const idleLinkMs = 2_000;
/** How long a member may be missing from its courier's list, as after the courier's restart. */
const missingMemberMs = 15_000;

/**
 * One node's part in the topology: who is a member, which links it wants, which it has. Pure: events and `now` come in,
 * the sink's calls go out. Every event is followed by a new plan, so that a repair starts in the same tick.
 */
export class Topology {
  readonly self: NodeId;
  readonly #policy: Policy;
  readonly #random: Random;
  readonly #sink: TopologySink;
  readonly #backoff: Backoff;
  readonly #members = new Map<NodeId, { missingSince: number | undefined }>();
  readonly #links = new Map<NodeId, MutableLink>();
  #dirty = false;

  constructor(options: TopologyOptions) {
    this.self = options.self;
    this.#policy = options.policy;
    this.#random = options.random;
    this.#sink = options.sink;
    this.#backoff = new Backoff(options.random);
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** Ids of those a link is up with. */
  get neighbours(): NodeId[] {
    return this.links.filter((link) => link.state === 'up').map((link) => link.peer);
  }

  /** Without this node itself. */
  get members(): NodeId[] {
    return [...this.#members.keys()];
  }

  /** The courier lost a neighbour whose link looks up: it died, or only the courier's connection to it did. */
  isDoubted(peer: NodeId): boolean {
    return this.#members.get(peer)?.missingSince === Number.NEGATIVE_INFINITY;
  }

  memberJoined(id: NodeId, now: number): void {
    this.#addMember(id);
    this.#plan(now);
  }

  /** The courier's whole list after a reconnect. */
  membersListed(ids: readonly NodeId[], now: number): void {
    const listed = new Set(ids);
    for (const [id, member] of this.#members) if (!listed.has(id)) member.missingSince ??= now;
    for (const id of listed) this.#addMember(id);
    this.#plan(now);
  }

  /** The courier lost it. A courier is not believed about a member whose link is up. */
  memberLeft(id: NodeId, now: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    if (this.#links.get(id)?.state === 'up') member.missingSince = Number.NEGATIVE_INFINITY;
    else this.#removeMember(id);
    this.#plan(now);
  }

  /** The neighbour itself said that it leaves. */
  neighbourLeft(peer: NodeId, now: number): void {
    this.#removeMember(peer);
    this.#dropLink(peer, 'the neighbour left');
    this.#backoff.failed(peer, now);
    this.#plan(now);
  }

  /**
   * `peer` offers a link. True: answer it (an older link or a dial of ours is closed first). False: ours goes on, since
   * of two that dial each other the one with the lower id wins; or there are too many links.
   */
  offered(peer: NodeId, now: number): boolean {
    const link = this.#links.get(peer);
    if (link?.state === 'dialling' && this.self < peer) return false;
    if (link === undefined && this.#links.size >= maxLinks) return false;
    if (link !== undefined) this.#dropLink(peer, 'replaced by a newer link');
    this.#addMember(peer);
    this.#links.set(peer, this.#newLink(peer, 'accepting', link?.mine, now));
    this.#flush();
    return true;
  }

  linkUp(peer: NodeId, now: number): void {
    const link = this.#links.get(peer);
    if (link === undefined || link.state === 'up') return;
    link.state = 'up';
    link.since = now;
    this.#dirty = true;
    this.#backoff.succeeded(peer);
    this.#sink.announce(peer, link.mine);
    this.#plan(now);
  }

  /** A link, or the attempt at one, ended without our asking for it. */
  linkDown(peer: NodeId, now: number): void {
    if (!this.#links.has(peer)) return;
    this.#forgetLink(peer);
    this.#backoff.failed(peer, now);
    this.#plan(now);
  }

  neighbourWants(peer: NodeId, interest: EdgeKind | undefined, now: number): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    link.theirs = interest;
    this.#plan(now);
  }

  /** To be called every 100 ms or so. */
  tick(now: number): void {
    for (const link of this.links) {
      if (link.state === 'up' || now - link.since < dialTimeoutMs) continue;
      this.#dropLink(link.peer, 'no answer in time');
      this.#backoff.failed(link.peer, now);
    }
    for (const [id, member] of this.#members) {
      const missing = member.missingSince !== undefined && now - member.missingSince >= missingMemberMs;
      if (missing && this.#links.get(id)?.state !== 'up') this.#removeMember(id);
    }
    this.#plan(now);
  }

  #plan(now: number): void {
    const members = this.members.filter((id) => this.#links.has(id) || this.#backoff.mayDial(id, now));
    const wanted = this.#policy({
      self: this.self,
      members,
      links: new Map(this.links.map((link) => [link.peer, link.mine])),
      seed: Math.floor(this.#random() * 2 ** 32),
    });
    for (const { peer, kind } of wanted) this.#want(peer, kind, now);
    if (wanted.every(({ peer }) => this.#links.get(peer)?.state === 'up')) {
      this.#letGo(new Set(wanted.map(({ peer }) => peer)), now);
    }
    this.#flush();
  }

  #want(peer: NodeId, kind: EdgeKind, now: number): void {
    const link = this.#links.get(peer);
    if (link !== undefined) {
      this.#setInterest(link, kind);
      return;
    }
    const dials = this.links.filter(({ state }) => state === 'dialling').length;
    if (dials >= maxDials || this.#links.size >= maxLinks) return;
    this.#links.set(peer, this.#newLink(peer, 'dialling', kind, now));
    this.#sink.dial(peer);
  }

  /** Only once all wanted links are up: the old way is not broken before the new one is made. */
  #letGo(wanted: ReadonlySet<NodeId>, now: number): void {
    for (const link of this.#links.values()) {
      if (!wanted.has(link.peer)) this.#setInterest(link, undefined);
      const idle = link.state === 'up' && link.mine === undefined && link.theirs === undefined;
      if (!idle) link.idleSince = undefined;
      else if (link.idleSince === undefined) link.idleSince = now;
      else if (now - link.idleSince >= idleLinkMs) this.#dropLink(link.peer, 'neither end wants it');
    }
  }

  #setInterest(link: MutableLink, interest: EdgeKind | undefined): void {
    if (link.mine === interest) return;
    link.mine = interest;
    this.#dirty = true;
    if (link.state === 'up') this.#sink.announce(link.peer, interest);
  }

  #newLink(peer: NodeId, state: Link['state'], mine: EdgeKind | undefined, now: number): MutableLink {
    return { peer, state, mine, theirs: 'unknown', since: now, idleSince: undefined };
  }

  #addMember(id: NodeId): void {
    if (id === this.self) return;
    const known = this.#members.get(id);
    if (known !== undefined) {
      known.missingSince = undefined;
      return;
    }
    if (this.#members.size >= maxMembers) return;
    this.#members.set(id, { missingSince: undefined });
    this.#dirty = true;
  }

  #removeMember(id: NodeId): void {
    if (this.#members.delete(id)) this.#dirty = true;
  }

  #dropLink(peer: NodeId, reason: string): void {
    if (this.#links.has(peer)) this.#sink.close(peer, reason);
    this.#forgetLink(peer);
  }

  #forgetLink(peer: NodeId): void {
    if (this.#links.get(peer)?.state === 'up') this.#dirty = true;
    this.#links.delete(peer);
    if (this.isDoubted(peer)) this.#removeMember(peer);
  }

  #flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#sink.changed();
  }
}
