import type { NodeId } from '../../topology/ring.ts';
import { type DigestEntry, type DigestType, decodeDigest, encodeDigest, type FloodName, packDigest } from './digest.ts';
import { encodeFrb, type FrameSource, type FrbFault } from './frb.ts';
import { Neighbour, tellAfterMs } from './neighbour.ts';
import type { HeldFlood } from './root-log.ts';
import type { FloodStore } from './store.ts';
import { Wants } from './wants.ts';

/** A frame to hand to the link of peer `to`. */
export interface FloodCopy {
  readonly to: NodeId;
  readonly frb: Uint8Array;
}

/** Neighbours hear of floods so often at most: those that come meanwhile are told together. */
const tellEveryMs = 50;
/** A neighbour that is new is told of floods that are not older than this. */
const recentMs = 2_000;
/** Copies sent for one IWANT frame at most: it asks for more than a link should carry at once only by mistake. */
const maxAnswers = 64;

export interface RepairCounters {
  /** Copies that a neighbour asked for. */
  copiesPulled: number;
  /** Floods named to neighbours, again to those that did not answer, and asked of them. */
  ihaveSent: number;
  iwantSent: number;
  /** Asked for by a neighbour, and not held any more. */
  wantsUnmet: number;
}

export interface RepairOptions {
  readonly self: NodeId;
  readonly store: FloodStore;
  readonly source: FrameSource;
  readonly firstNumber: number;
  /** Hears of floods of this switch that a neighbour knows. */
  readonly ownHeard: (flood: FloodName) => void;
}

/** Tells neighbours what is here, asks them for what is not, and gives them what they ask for. */
export class Repair {
  readonly counters: RepairCounters = { copiesPulled: 0, ihaveSent: 0, iwantSent: 0, wantsUnmet: 0 };
  readonly #store: FloodStore;
  readonly #source: FrameSource;
  readonly #self: NodeId;
  readonly #ownHeard: (flood: FloodName) => void;
  /** The number of the first IHAVE to each neighbour, unlike those before a restart. */
  readonly #firstNumber: number;
  readonly #neighbours = new Map<NodeId, Neighbour>();
  readonly #silent = new Set<NodeId>();
  readonly #wants = new Wants();
  #tellAt = Number.POSITIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** The latest time heard of. */
  #now = 0;
  /** Of neighbours that are none any more. */
  #retoldBefore = 0;

  constructor({ self, store, source, firstNumber, ownHeard }: RepairOptions) {
    this.#self = self;
    this.#store = store;
    this.#source = source;
    this.#firstNumber = firstNumber;
    this.#ownHeard = ownHeard;
  }

  get wants(): Pick<Wants, 'size' | 'lost' | 'refused'> {
    return this.#wants;
  }

  /** Floods named again. */
  get retold(): number {
    return [...this.#neighbours.values()].reduce((sum, { retold }) => sum + retold, this.#retoldBefore);
  }

  setPeers(ids: ReadonlySet<NodeId>): void {
    for (const [id, { retold }] of this.#neighbours) {
      if (ids.has(id)) continue;
      this.#neighbours.delete(id);
      this.#silent.delete(id);
      this.#retoldBefore += retold;
    }
    for (const id of ids) {
      if (this.#neighbours.has(id)) continue;
      const recent = [...this.#store.all].filter(({ since }) => this.#now - since <= recentMs);
      this.#neighbours.set(id, new Neighbour(id, recent, this.#firstNumber));
      if (recent.length > 0) this.#tellBy(this.#now);
      this.remind(id, this.#now);
    }
  }

  /** A frame came from a peer. False: it is none. */
  spoke(from: NodeId, now: number): boolean {
    this.#now = now;
    const neighbour = this.#neighbours.get(from);
    if (neighbour === undefined) return false;
    if (neighbour.spoke(now)) {
      this.#silent.delete(from);
      this.#tellBy(now);
    }
    return true;
  }

  /** A flood came, from `from` unless it begins here: everybody is told who is not known to have it. */
  arrived(flood: HeldFlood, from: NodeId | undefined): void {
    this.#now = flood.since;
    const { sources, wasAskedFor } = this.#wants.satisfied(flood);
    flood.wasAskedFor = wasAskedFor;
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.id !== from && !sources.includes(neighbour.id)) neighbour.add(flood);
    }
    this.#tellBy(flood.since + tellAfterMs);
  }

  /** Peers that do not answer: what is sent to them is probably lost. */
  get silent(): ReadonlySet<NodeId> {
    return this.#silent;
  }

  /** A peer sent a flood that is here already. */
  cameAgain(flood: FloodName, peer: NodeId): void {
    const held = this.#store.get(flood);
    if (held === undefined) return;
    this.#neighbours.get(peer)?.drop(held);
    if (held.wasAskedFor) this.#wants.askedInVain();
    held.wasAskedFor = false;
  }

  /** Tells a peer which of its own floods is the newest known here: one that started anew with its clock set back goes on after that. */
  remind(peer: NodeId, now: number): void {
    if (this.#store.newest(peer, now) === undefined) return;
    this.#neighbours.get(peer)!.remind();
    this.#tellBy(now);
  }

  letGo(flood: HeldFlood): void {
    for (const neighbour of this.#neighbours.values()) neighbour.drop(flood);
  }

  /** A digest of a peer. Returns the copies that it asks for, or what is wrong with it. */
  receive(type: DigestType, from: NodeId, frame: Uint8Array, now: number): FloodCopy[] | FrbFault {
    const digest = decodeDigest(type, frame);
    if (typeof digest === 'string') return digest;
    const neighbour = this.#neighbours.get(from)!;
    neighbour.answered(digest.heard, now);
    if (type === 'iwant') return this.#give(digest.floods, from);
    const wasSent = type === 'isent';
    let areNoted = true;
    for (const flood of digest.floods) if (!this.#hear(flood, neighbour, wasSent, now)) areNoted = false;
    if (areNoted && digest.number !== 0) {
      neighbour.hear(digest.number);
      this.#tellBy(now + tellAfterMs);
    }
    return wasSent ? this.#ask(now) : [];
  }

  tick(now: number): FloodCopy[] {
    this.#now = now;
    const told = now < this.#tellAt ? [] : this.#tell(now);
    return [...told, ...this.#ask(now)];
  }

  nextTick(): number {
    return Math.min(this.#tellAt, this.#wants.nextDue());
  }

  #tellBy(at: number): void {
    this.#tellAt = Math.min(this.#tellAt, Math.max(at, this.#toldAt + tellEveryMs));
  }

  #ask(now: number): FloodCopy[] {
    const copies: FloodCopy[] = [];
    for (const [to, floods] of this.#wants.due(now, (id) => this.#neighbours.get(id))) {
      this.counters.iwantSent += floods.length;
      for (const { entries } of packDigest(floods)) copies.push(this.#digest('iwant', to, entries, 0));
    }
    return copies;
  }

  #tell(now: number): FloodCopy[] {
    const copies: FloodCopy[] = [];
    this.#toldAt = now;
    this.#tellAt = Number.POSITIVE_INFINITY;
    for (const neighbour of this.#neighbours.values()) {
      const { id } = neighbour;
      for (const { type, number, entries, floods } of neighbour.speak(now)) {
        this.counters.ihaveSent += floods.length;
        copies.push(this.#digest(type, id, entries, number));
      }
      if (neighbour.isSilent) this.#silent.add(id);
      const own = neighbour.takeReminder() ? this.#store.newest(id, now) : undefined;
      if (own !== undefined) copies.push(this.#digest('ihave', id, [{ ...own, bits: 0 }], 0));
      if (neighbour.owesAnswer) copies.push(this.#digest('ihave', id, [], 0));
      this.#tellBy(neighbour.nextDue(now));
    }
    return copies;
  }

  #digest(type: DigestType, to: NodeId, entries: readonly DigestEntry[], number: number): FloodCopy {
    const heard = this.#neighbours.get(to)!.answer();
    return { to, frb: encodeDigest({ type, number, heard }, entries, this.#source) };
  }

  /** A neighbour has a flood. False: there is no room to note that it is lacking here. */
  #hear(flood: FloodName, from: Neighbour, wasSent: boolean, now: number): boolean {
    const held = this.#store.get(flood);
    if (held !== undefined) from.drop(held);
    else if (flood.root === this.#self) this.#ownHeard(flood);
    else if (this.#store.peek(flood, now) === 'new') return this.#wants.add(flood, from, wasSent, now);
    return true;
  }

  #give(floods: readonly FloodName[], to: NodeId): FloodCopy[] {
    const copies: FloodCopy[] = [];
    for (const flood of floods.slice(0, maxAnswers)) {
      const held = this.#store.get(flood);
      if (held === undefined || held.hopLimit === 0) this.counters.wantsUnmet += 1;
      else {
        // Whose copy was lost still has its arc to cover.
        const arc = held.shares.find(({ peer }) => peer === to)?.arc ?? { start: to, end: to };
        copies.push({ to, frb: encodeFrb({ ...held, arc }, this.#source) });
      }
    }
    this.counters.copiesPulled += copies.length;
    return copies;
  }
}
