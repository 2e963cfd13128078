import {
  type Arc,
  arcContains,
  type NodeId,
  type PeerAhead,
  peersAhead,
  ringWithout,
  splitArcAhead,
} from '../../topology/ring.ts';
import { type DigestType, digestTypes, type FloodName } from './digest.ts';
import {
  decodeFrb,
  encodeFrb,
  type FrameSource,
  type Frb,
  type FrbFault,
  floodEtherType,
  floodTypeData,
  floodTypeOf,
  initialHopLimit,
} from './frb.ts';
import { cutIntoParts, Joiner, maxFloodedFrame, maxPartLength } from './parts.ts';
import { type FloodCopy, Repair, type RepairCounters } from './repair.ts';
import type { ReversePaths } from './reverse-paths.ts';
import { FloodStore } from './store.ts';
import type { WindowVerdict } from './window.ts';

export interface FloodReceipt {
  readonly copies: readonly FloodCopy[];
  /** Set when this switch has the frame for the first time, and whole: to be delivered to its leaf ports, once. */
  readonly inner?: { readonly root: NodeId; readonly frame: Uint8Array };
}

/** `own`: it began here; `in-our-name`: so it says, and it did not, at least not since the start. */
export type FloodDrop =
  | FrbFault
  | WindowVerdict
  | 'own'
  | 'in-our-name'
  | 'outside-arc'
  | 'hop-limit'
  | 'not-a-peer'
  | 'too-long';

/** What this switch did with one flood; the traces of all switches together are the flood's tree. */
export interface FloodTrace extends FloodName {
  /** Undefined at the root. */
  readonly from: NodeId | undefined;
  readonly hops: number;
  readonly to: readonly NodeId[];
}

export interface FloodCounters extends RepairCounters {
  originated: number;
  accepted: number;
  /** Copies that cover an arc. */
  copiesSent: number;
  /** Roots forgotten because the table of roots was full. */
  readonly rootsEvicted: number;
  /** Floods that neighbours told of and that never came. */
  readonly lost: number;
  /** Floods not noted as lacking since there were too many: who told of them does so again. */
  readonly wantsRefused: number;
  /** Floods named again to neighbours that did not answer. */
  readonly retold: number;
  /** Frames of which some parts came, and others not in time. */
  readonly incomplete: number;
  readonly dropped: Partial<Record<FloodDrop, number>>;
}

export interface FloodOptions {
  readonly self: NodeId;
  /**
   * Milliseconds since 1970 at the start, below 2^53. If that is less than at an earlier start, others do not hear this node until
   * a neighbour that knows better said so, or `rootIdleMs` passed.
   */
  readonly epoch: number;
  /** Of the frames of floods, the same on every switch; 0x88b5 by default. */
  readonly etherType?: number;
  /** Learns the ways back to roots. */
  readonly paths?: ReversePaths | undefined;
}

const maxTraces = 64;
const nothing: FloodReceipt = { copies: [] };

/**
 * Bounded flooding on one switch (design section 6). Pure: frames come in, frames for peers go out. Each flood is accepted
 * once. Eager copies tell their receiver which arc of the ring it has to cover; what gets lost on the way is noticed, since
 * neighbours tell each other what they hold, and asked for.
 */
export class FloodEngine {
  readonly etherType: number;
  readonly #self: NodeId;
  readonly #firstEpoch: number;
  #epoch: number;
  readonly #source: FrameSource;
  readonly #store = new FloodStore((flood) => this.#repair.letGo(flood));
  readonly #repair: Repair;
  readonly #paths: ReversePaths | undefined;
  readonly #joiner = new Joiner();
  readonly #count = { originated: 0, accepted: 0, copiesSent: 0 };
  readonly #dropped: Partial<Record<FloodDrop, number>> = {};
  readonly #traces: FloodTrace[] = [];
  readonly #handlers: ReadonlyMap<number, (from: NodeId, frame: Uint8Array, now: number) => FloodReceipt>;
  #peers: readonly PeerAhead[] = [];
  #sequence = 0;

  constructor({ self, epoch, etherType = floodEtherType, paths }: FloodOptions) {
    this.etherType = etherType;
    this.#self = self;
    this.#firstEpoch = epoch;
    this.#epoch = epoch;
    this.#paths = paths;
    this.#source = { mac: sourceMacOf(self), etherType };
    this.#repair = new Repair({
      self,
      store: this.#store,
      source: this.#source,
      firstNumber: epoch,
      ownHeard: (flood) => {
        this.#ownHeard(flood);
      },
    });
    this.#handlers = new Map([
      [floodTypeData, (from, frame, now) => this.#data(from, frame, now)],
      [digestTypes.ihave, (from, frame, now) => this.#digest('ihave', from, frame, now)],
      [digestTypes.iwant, (from, frame, now) => this.#digest('iwant', from, frame, now)],
      [digestTypes.isent, (from, frame, now) => this.#digest('isent', from, frame, now)],
    ]);
  }

  /** Ids of the peers whose links are up now. */
  setPeers(ids: Iterable<NodeId>): void {
    const before = this.#peers;
    this.#peers = peersAhead(this.#self, ids);
    const now = new Set(this.#peers.map(({ peer }) => peer));
    for (const { peer } of before) if (!now.has(peer)) this.#paths?.lost(peer);
    this.#repair.setPeers(now);
  }

  /** Of its floods: that of its start, or a later one where neighbours knew of a later start. */
  get epoch(): number {
    return this.#epoch;
  }

  get counters(): FloodCounters {
    const { lost, refused } = this.#repair.wants;
    return {
      ...this.#count,
      ...this.#repair.counters,
      rootsEvicted: this.#store.rootsEvicted,
      lost,
      wantsRefused: refused,
      retold: this.#repair.retold,
      incomplete: this.#joiner.incomplete,
      dropped: this.#dropped,
    };
  }

  /** Entries of its tables now. */
  get sizes(): Readonly<Record<'roots' | 'held' | 'wanted' | 'parts', number>> {
    const { size: wanted } = this.#repair.wants;
    return { roots: this.#store.roots, held: this.#store.all.size, wanted, parts: this.#joiner.size };
  }

  /** Newest last. */
  get traces(): readonly FloodTrace[] {
    return this.#traces;
  }

  /** Starts a flood of a frame that came from a leaf port, or one for each part of a long one; the frame is copied. */
  originate(frame: Uint8Array, now: number): FloodCopy[] {
    if (frame.length > maxFloodedFrame) {
      this.#drop('too-long');
      return [];
    }
    this.#count.originated += 1;
    const parts = cutIntoParts(frame);
    return parts.flatMap((inner, part) => {
      this.#sequence += 1;
      const frb: Frb = {
        hopLimit: initialHopLimit,
        root: this.#self,
        epoch: this.#epoch,
        sequence: this.#sequence,
        arc: ringWithout(this.#self),
        inner,
        part,
        lastPart: parts.length - 1,
      };
      this.#store.accept(frb, now);
      return this.#spread(frb, frb.hopLimit, undefined, now);
    });
  }

  /** `from`: the peer whose link brought it. What is wrong with the frame is counted and nothing else. */
  receive(from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const type = floodTypeOf(frame);
    if (typeof type === 'string') return this.#drop(type);
    if (!this.#repair.spoke(from, now)) return this.#drop('not-a-peer');
    return this.#handlers.get(type)?.(from, frame, now) ?? this.#drop('unknown-type');
  }

  /** Tells and asks what is due. */
  tick(now: number): FloodCopy[] {
    this.#store.expire(now);
    this.#joiner.expire(now);
    return this.#repair.tick(now);
  }

  /** When `tick` is wanted next; Infinity: it has nothing to do. */
  nextTick(): number {
    return this.#repair.nextTick();
  }

  #data(from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const frb = decodeFrb(frame);
    if (typeof frb === 'string') return this.#drop(frb);
    if (frb.lastPart > 0 && frb.inner.length > maxPartLength) return this.#drop('bad-part');
    if (frb.root === this.#self) return this.#drop(this.#ownHeard(frb) ? 'own' : 'in-our-name');
    if (frb.hopLimit === 0) return this.#drop('hop-limit');
    const wasAskedFor = frb.arc.start === frb.arc.end;
    if (!wasAskedFor && !arcContains(frb.arc, this.#self)) return this.#drop('outside-arc');
    const verdict = this.#store.accept(frb, now);
    if (verdict !== 'new') {
      this.#repair.cameAgain(frb, from);
      if (verdict === 'stale' && frb.root === from) this.#repair.remind(from, now);
      return this.#drop(verdict);
    }
    this.#count.accepted += 1;
    this.#paths?.accepted(frb, from, now);
    const copies = this.#spread(frb, frb.hopLimit - 1, from, now);
    const whole = this.#joiner.add(frb, now);
    return whole === undefined ? { copies } : { copies, inner: { root: frb.root, frame: whole } };
  }

  #digest(type: DigestType, from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const copies = this.#repair.receive(type, from, frame, now);
    return typeof copies === 'string' ? this.#drop(copies) : { copies };
  }

  /**
   * A flood of this switch is under way, as somebody says: whether it began here since the start. If not, and it is newer, this
   * switch started anew and its clock was set back meanwhile.
   */
  #ownHeard({ epoch, sequence }: FloodName): boolean {
    const isAhead = epoch > this.#epoch || (epoch === this.#epoch && sequence > this.#sequence);
    if (isAhead && epoch < Number.MAX_SAFE_INTEGER) this.#epoch = epoch + 1;
    return !isAhead && epoch >= this.#firstEpoch;
  }

  #spread(frb: Frb, hopLimit: number, from: NodeId | undefined, now: number): FloodCopy[] {
    const { root, epoch, sequence, arc, inner, part, lastPart } = frb;
    const targets = this.#targets(arc, from);
    const shares = hopLimit === 0 ? [] : splitArcAhead(this.#self, arc, targets).shares;
    const copies = shares.map((share) => ({
      to: share.peer,
      frb: encodeFrb({ root, epoch, sequence, hopLimit, arc: share.arc, inner, part, lastPart }, this.#source),
    }));
    this.#count.copiesSent += copies.length;
    const to = copies.map((copy) => copy.to);
    this.#traces.push({ root, epoch, sequence, from, hops: initialHopLimit - hopLimit, to });
    if (this.#traces.length > maxTraces) this.#traces.shift();
    const held = {
      root,
      epoch,
      sequence,
      hopLimit,
      inner: inner.slice(),
      part,
      lastPart,
      since: now,
      shares,
      wasAskedFor: false,
      isGone: false,
    };
    this.#store.hold(held, now);
    this.#repair.arrived(held, from);
    return copies;
  }

  #targets(arc: Arc, from: NodeId | undefined): readonly PeerAhead[] {
    const { silent } = this.#repair;
    // Where everybody is silent, it is this switch that was away.
    const areSome = silent.size > 0 && silent.size < this.#peers.length;
    // Nobody hands out an arc with itself inside; a copy would go straight back.
    const isOdd = from !== undefined && arcContains(arc, from);
    if (!areSome && !isOdd) return this.#peers;
    return this.#peers.filter(({ peer }) => peer !== from && !(areSome && silent.has(peer)));
  }

  #drop(reason: FloodDrop): FloodReceipt {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
    return nothing;
  }
}

/** Locally administered, individual, from the upper 40 bits of the node id. */
function sourceMacOf(id: NodeId): Uint8Array {
  const mac = new Uint8Array(6);
  mac[0] = 0x02;
  for (let i = 1; i < 6; i++) mac[i] = Number((id >> BigInt(128 - 8 * i)) & 0xffn);
  return mac;
}
