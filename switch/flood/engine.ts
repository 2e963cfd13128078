import { type Arc, arcContains, type NodeId, ringWithout, splitArc } from '../../topology/ring.ts';
import { Announcer } from './announcer.ts';
import { type DigestType, decodeDigest, digestTypes, encodeDigests, type FloodName } from './digest.ts';
import { decodeFrb, encodeFrb, type Frb, type FrbFault, floodTypeData, floodTypeOf, initialHopLimit } from './frb.ts';
import { type HeldFlood, RootLog } from './root-log.ts';
import { Wants } from './wants.ts';
import type { WindowVerdict } from './window.ts';

/** A frame to hand to the link of peer `to`. */
export interface FloodCopy {
  readonly to: NodeId;
  readonly frb: Uint8Array;
}

export interface FloodReceipt {
  readonly copies: readonly FloodCopy[];
  /** Set when this switch sees the flood for the first time: to be delivered to its leaf ports, once. */
  readonly inner?: { readonly root: NodeId; readonly frame: Uint8Array };
}

export type FloodDrop = FrbFault | WindowVerdict | 'own' | 'outside-arc' | 'hop-limit' | 'not-a-peer';

/** What this switch did with one flood; the traces of all switches together are the flood's tree. */
export interface FloodTrace extends FloodName {
  /** Undefined at the root. */
  readonly from: NodeId | undefined;
  readonly hops: number;
  readonly to: readonly NodeId[];
}

export interface FloodCounters {
  originated: number;
  accepted: number;
  /** Copies that cover an arc. */
  copiesSent: number;
  /** Copies that a neighbour asked for. */
  copiesPulled: number;
  /** Floods named to neighbours, and asked of them. */
  ihaveSent: number;
  iwantSent: number;
  /** Asked for by a neighbour, and not held any more. */
  wantsUnmet: number;
  /** Roots forgotten because the table of roots was full. */
  rootsEvicted: number;
  readonly dropped: Partial<Record<FloodDrop, number>>;
}

export interface FloodOptions {
  readonly self: NodeId;
  /** Must be higher than that of any earlier start of this node: milliseconds since 1970. */
  readonly epoch: number;
}

/** Roots whose windows are kept; the one heard longest ago makes room. */
const maxRoots = 8192;
const maxTraces = 64;
/** Floods held for neighbours that lack them: the newest, for this long, and so many bytes of them. */
const holdMs = 8_000;
const maxHeld = 4_096;
const maxHeldBytes = 4 * 1024 * 1024;
/** Copies sent for one IWANT frame at most: it asks for more than a link should carry at once only by mistake. */
const maxAnswers = 64;

/**
 * Bounded flooding on one switch (design section 6). Pure: frames come in, frames for peers go out. Each flood is accepted
 * once. Eager copies tell their receiver which arc of the ring it has to cover; what gets lost on the way is noticed, since
 * neighbours tell each other what they hold, and asked for.
 */
export class FloodEngine {
  readonly counters: FloodCounters = {
    originated: 0,
    accepted: 0,
    copiesSent: 0,
    copiesPulled: 0,
    ihaveSent: 0,
    iwantSent: 0,
    wantsUnmet: 0,
    rootsEvicted: 0,
    dropped: {},
  };
  readonly #self: NodeId;
  readonly #epoch: number;
  readonly #mac: Uint8Array;
  readonly #roots = new Map<NodeId, RootLog>();
  /** Oldest first. */
  readonly #held = new Set<HeldFlood>();
  #heldBytes = 0;
  readonly #announcer = new Announcer();
  readonly #wants = new Wants();
  readonly #traces: FloodTrace[] = [];
  readonly #handlers: ReadonlyMap<number, (from: NodeId, frame: Uint8Array, now: number) => FloodReceipt>;
  #peers: ReadonlySet<NodeId> = new Set();
  #sequence = 0;

  constructor(options: FloodOptions) {
    this.#self = options.self;
    this.#epoch = options.epoch;
    this.#mac = sourceMacOf(options.self);
    this.#handlers = new Map([
      [floodTypeData, (from, frame, now) => this.#data(from, frame, now)],
      [digestTypes.ihave, (from, frame, now) => this.#digest('ihave', from, frame, now)],
      [digestTypes.iwant, (from, frame, now) => this.#digest('iwant', from, frame, now)],
    ]);
  }

  /** Ids of the peers whose links are up now. */
  setPeers(ids: Iterable<NodeId>): void {
    this.#peers = new Set(ids);
  }

  /** Newest last. */
  get traces(): readonly FloodTrace[] {
    return this.#traces;
  }

  /** Floods that this switch knows of and still lacks. */
  get wanted(): number {
    return this.#wants.size;
  }

  /** Floods that were given up. */
  get lost(): number {
    return this.#wants.lost;
  }

  /** Tellings that had to be repeated. */
  get retold(): number {
    return this.#announcer.retold;
  }

  /** Starts a flood of a frame that came from a leaf port; the frame is copied. */
  originate(frame: Uint8Array, now: number): FloodCopy[] {
    this.#sequence += 1;
    this.counters.originated += 1;
    const frb: Frb = {
      hopLimit: initialHopLimit,
      root: this.#self,
      epoch: this.#epoch,
      sequence: this.#sequence,
      arc: ringWithout(this.#self),
      inner: frame,
    };
    this.#logOf(this.#self).accept(frb.epoch, frb.sequence);
    return this.#spread(frb, frb.hopLimit, undefined, [], now);
  }

  /** `from`: the peer whose link brought it. What is wrong with the frame is counted and nothing else. */
  receive(from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const type = floodTypeOf(frame);
    if (typeof type === 'string') return this.#drop(type);
    if (!this.#peers.has(from)) return this.#drop('not-a-peer');
    return this.#handlers.get(type)?.(from, frame, now) ?? this.#drop('unknown-type');
  }

  /** Tells and asks what is due. */
  tick(now: number): FloodCopy[] {
    this.#expire(now);
    return [
      ...this.#digests('ihave', this.#announcer.due(now, this.#peers)),
      ...this.#digests('iwant', this.#wants.due(now, this.#peers)),
    ];
  }

  /** When `tick` is wanted next; Infinity: it has nothing to do. */
  nextTick(): number {
    return Math.min(this.#announcer.nextDue(), this.#wants.nextDue());
  }

  #data(from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const frb = decodeFrb(frame);
    if (typeof frb === 'string') return this.#drop(frb);
    if (frb.root === this.#self) return this.#drop('own');
    if (frb.hopLimit === 0) return this.#drop('hop-limit');
    const pulled = frb.arc.start === frb.arc.end;
    if (!pulled && !arcContains(frb.arc, this.#self)) return this.#drop('outside-arc');
    const log = this.#logOf(frb.root);
    const verdict = log.accept(frb.epoch, frb.sequence);
    if (verdict !== 'new') {
      if (frb.epoch === log.epoch) log.held.get(frb.sequence)?.holders.add(from);
      return this.#drop(verdict);
    }
    this.counters.accepted += 1;
    const copies = this.#spread(frb, frb.hopLimit - 1, from, [from, ...this.#wants.satisfied(frb)], now);
    return { copies, inner: { root: frb.root, frame: frb.inner } };
  }

  #digest(type: DigestType, from: NodeId, frame: Uint8Array, now: number): FloodReceipt {
    const digest = decodeDigest(type, frame);
    if (typeof digest === 'string') return this.#drop(digest);
    const copies: FloodCopy[] = [];
    for (const flood of digest.floods) {
      if (type === 'ihave') this.#heard(flood, from, now);
      else if (copies.length < maxAnswers) copies.push(...this.#answer(flood, from));
    }
    return { copies };
  }

  /** A neighbour has a flood. */
  #heard(flood: FloodName, from: NodeId, now: number): void {
    const held = this.#heldOf(flood);
    if (held !== undefined) this.#announcer.heard(held, from, now);
    else if (this.#lacks(flood)) this.#wants.add(flood, from, now);
  }

  #lacks({ root, epoch, sequence }: FloodName): boolean {
    return root !== this.#self && (this.#roots.get(root)?.peek(epoch, sequence) ?? 'new') === 'new';
  }

  #answer(flood: FloodName, to: NodeId): FloodCopy[] {
    const held = this.#heldOf(flood);
    if (held === undefined || held.hopLimit === 0) {
      this.counters.wantsUnmet += 1;
      return [];
    }
    this.counters.copiesPulled += 1;
    const nothing: Arc = { start: to, end: to };
    return [{ to, frb: this.#copy(held, held.hopLimit, nothing) }];
  }

  #spread(frb: Frb, hopLimit: number, from: NodeId | undefined, holders: NodeId[], now: number): FloodCopy[] {
    const shares = hopLimit === 0 ? [] : splitArc(this.#self, frb.arc, this.#targets(from)).shares;
    const copies = shares.map(({ peer, arc }) => ({ to: peer, frb: this.#copy(frb, hopLimit, arc) }));
    this.counters.copiesSent += copies.length;
    const to = copies.map((copy) => copy.to);
    const { root, epoch, sequence } = frb;
    this.#traces.push({ root, epoch, sequence, from, hops: initialHopLimit - hopLimit, to });
    if (this.#traces.length > maxTraces) this.#traces.shift();
    this.#hold(frb, hopLimit, holders, to, now);
    return copies;
  }

  #hold(frb: Frb, hopLimit: number, holders: NodeId[], children: NodeId[], now: number): void {
    const { root, epoch, sequence } = frb;
    const held: HeldFlood = {
      root,
      epoch,
      sequence,
      hopLimit,
      inner: frb.inner.slice(),
      since: now,
      children: new Set(children),
      holders: new Set(holders),
      told: new Map(),
    };
    this.#logOf(root).held.set(sequence, held);
    this.#held.add(held);
    this.#heldBytes += held.inner.length;
    this.#announcer.add(held, now);
    this.#expire(now);
  }

  /** Lets go of what is too old or too much. */
  #expire(now: number): void {
    for (const held of this.#held) {
      const full = this.#held.size > maxHeld || this.#heldBytes > maxHeldBytes;
      if (!full && now - held.since < holdMs) return;
      this.#held.delete(held);
      this.#heldBytes -= held.inner.length;
      this.#announcer.remove(held);
      const log = this.#roots.get(held.root);
      if (log?.held.get(held.sequence) === held) log.held.delete(held.sequence);
    }
  }

  #digests(type: DigestType, lists: ReadonlyMap<NodeId, readonly FloodName[]>): FloodCopy[] {
    const counter = type === 'ihave' ? 'ihaveSent' : 'iwantSent';
    return [...lists].flatMap(([to, floods]) => {
      this.counters[counter] += floods.length;
      return encodeDigests(type, floods, this.#mac).map((frb) => ({ to, frb }));
    });
  }

  #targets(from: NodeId | undefined): NodeId[] {
    return [...this.#peers].filter((peer) => peer !== from);
  }

  #copy(frb: Omit<Frb, 'hopLimit' | 'arc'>, hopLimit: number, arc: Arc): Uint8Array {
    const { root, epoch, sequence, inner } = frb;
    return encodeFrb({ hopLimit, root, epoch, sequence, arc, inner }, this.#mac);
  }

  #heldOf({ root, epoch, sequence }: FloodName): HeldFlood | undefined {
    const log = this.#roots.get(root);
    return log?.epoch === epoch ? log.held.get(sequence) : undefined;
  }

  #logOf(root: NodeId): RootLog {
    const known = this.#roots.get(root);
    // Taken out and put back at the end: a Map keeps its order, so that its first key is the one heard longest ago.
    this.#roots.delete(root);
    const log = known ?? new RootLog();
    this.#roots.set(root, log);
    if (this.#roots.size > maxRoots) {
      this.#roots.delete(this.#roots.keys().next().value!);
      this.counters.rootsEvicted += 1;
    }
    return log;
  }

  #drop(reason: FloodDrop): FloodReceipt {
    this.counters.dropped[reason] = (this.counters.dropped[reason] ?? 0) + 1;
    return { copies: [] };
  }
}

/** Locally administered, individual, from the upper 40 bits of the node id. */
function sourceMacOf(id: NodeId): Uint8Array {
  const mac = new Uint8Array(6);
  mac[0] = 0x02;
  for (let i = 1; i < 6; i++) mac[i] = Number((id >> BigInt(128 - 8 * i)) & 0xffn);
  return mac;
}
