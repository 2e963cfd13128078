import { Gone } from './gone.ts';
import type { Random } from './random.ts';
import { isNewer, type MemberRecord } from './record.ts';
import { clockwise, type NodeId } from './ring.ts';

export interface MembershipOptions {
  readonly self: NodeId;
  /** Members held at most; those near on the ring are kept, the others are a random sample. */
  readonly capacity: number;
  readonly random: Random;
}

interface Member {
  readonly id: NodeId;
  /** Clockwise from this node. */
  readonly steps: bigint;
  /** Undefined while it is only hearsay. */
  record: MemberRecord | undefined;
  /** When hearsay is forgotten that no record followed; a courier stands by what it says until it says otherwise. */
  until: number;
  /** When somebody first said that it is dead. */
  suspectedAt: number | undefined;
}

/** What became of a record: it said something new, nothing, or less than what is known (which is `newer`). */
export type Verdict = 'news' | 'known' | { readonly newer: MemberRecord };

/** Members next to this node on either side that a full view never gives up. */
const nearby = 16;
/** How long a member that somebody called dead may object before it is forgotten. */
const suspicionMs = 1_000;
/** How long hearsay of a neighbour counts. */
const hearsayMs = 5_000;
/** Records beyond the view that were passed on lately: none of them circles. */
const maxPassed = 4_096;
const ringSize = 2 ** 128;

/** Who is in the overlay, as far as this node knows: a bounded view in ring order, and who was in it. */
export class Membership {
  readonly #self: NodeId;
  readonly #capacity: number;
  readonly #random: Random;
  /** In clockwise order from this node. */
  readonly #ring: Member[] = [];
  readonly #byId = new Map<NodeId, Member>();
  /** Suspects, and those that are mere hearsay. */
  readonly #doubtful = new Set<NodeId>();
  readonly #gone = new Gone();
  readonly #passed = new Map<NodeId, number>();

  constructor({ self, capacity, random }: MembershipOptions) {
    this.#self = self;
    this.#capacity = capacity;
    this.#random = random;
  }

  get size(): number {
    return this.#ring.length;
  }

  /** In clockwise order from this node; suspects are among them. */
  get ids(): NodeId[] {
    return this.#ring.map(({ id }) => id);
  }

  /** In clockwise order from this node, without suspects and those `excluded`. */
  idsWithout(excluded: ReadonlySet<NodeId>): NodeId[] {
    const ids: NodeId[] = [];
    for (const { id, suspectedAt } of this.#ring) {
      if (suspectedAt === undefined && !(excluded.size > 0 && excluded.has(id))) ids.push(id);
    }
    return ids;
  }

  /** Members next to this node, up to `count` on either side. */
  beside(count: number): NodeId[] {
    return [...this.near(count, 'clockwise'), ...this.near(count, 'anticlockwise')];
  }

  /** Up to `count` members next to this node, nearest first; those that somebody called dead are left out. */
  near(count: number, side: 'clockwise' | 'anticlockwise'): NodeId[] {
    const found: NodeId[] = [];
    for (let i = 0; i < this.#ring.length && found.length < count; i++) {
      const { id, suspectedAt } = this.#ring.at(side === 'clockwise' ? i : -1 - i)!;
      if (suspectedAt === undefined) found.push(id);
    }
    return found;
  }

  has(id: NodeId): boolean {
    return this.#byId.has(id);
  }

  /** What is known of a member, here or gone. */
  recordOf(id: NodeId): MemberRecord | undefined {
    return this.#byId.get(id)?.record ?? this.#gone.recordOf(id);
  }

  /** Those that died, as others say, and may be behind a partition. */
  get lost(): NodeId[] {
    return this.#gone.lost;
  }

  /** How many nodes the overlay has: counted while all fit the view, else from how near the nearest are. */
  get estimate(): number {
    const count = this.#ring.length;
    if (count < this.#capacity) return count + 1;
    const span = Number(this.#ring[nearby - 1]!.steps) + ringSize - Number(this.#ring[count - nearby]!.steps);
    return Math.max(count + 1, Math.round((2 * nearby * ringSize) / span));
  }

  /** A member beyond the view of which this was passed on before. */
  ignores({ id, sequence }: MemberRecord): boolean {
    return this.recordOf(id) === undefined && this.#wasPassed(id, sequence) && !this.#isNear(id);
  }

  /** A record that was found to be the member's own. `kept`: nothing moves the node out of the view (it has a link). */
  apply(record: MemberRecord, now: number, isKept: (id: NodeId) => boolean): Verdict {
    const held = this.recordOf(record.id);
    if (held !== undefined && isNewer(held, record)) return { newer: held };
    if (held !== undefined && !isNewer(record, held)) return 'known';
    if (held === undefined && this.#wasPassed(record.id, record.sequence)) {
      if (record.state === 'alive' && this.#isNear(record.id)) this.#hold(record.id, record, isKept);
      return 'known';
    }
    if (record.state === 'alive') {
      this.#gone.delete(record.id);
      this.#hold(record.id, record, isKept);
    } else if (record.state === 'dead' && this.#byId.has(record.id)) {
      const member = this.#byId.get(record.id)!;
      member.record = record;
      member.suspectedAt ??= now;
      this.#doubtful.add(record.id);
    } else {
      this.#remove(record.id);
      this.#gone.bury(record, now);
    }
    return 'news';
  }

  /** A courier, or a neighbour, says that it is there, without its record. False when it was known to be. */
  introduce(id: NodeId, by: 'courier' | 'neighbour', now: number, isKept: (id: NodeId) => boolean): boolean {
    if (id === this.#self || this.#byId.has(id)) return false;
    if (this.#ring.length >= this.#capacity && !isKept(id) && !this.#isNear(id)) return false;
    this.#hold(id, undefined, isKept, by === 'courier' ? Number.POSITIVE_INFINITY : now + hearsayMs);
    return true;
  }

  /** The courier says no more that it is there. */
  withdraw(id: NodeId, now: number): void {
    const member = this.#byId.get(id);
    if (member === undefined || member.record !== undefined) return;
    member.until = now + hearsayMs;
    this.#doubtful.add(id);
  }

  /** Without a word to anybody. */
  forget(id: NodeId): void {
    this.#remove(id);
  }

  /** Buries suspects that did not object, and forgets hearsay. True when the view changed. */
  tick(now: number): boolean {
    this.#gone.tick(now);
    let isChanged = false;
    for (const id of this.#doubtful) {
      const { record, until, suspectedAt } = this.#byId.get(id)!;
      if (suspectedAt === undefined ? now < until : now - suspectedAt < suspicionMs) continue;
      this.#remove(id);
      if (record !== undefined) this.#gone.bury(record, now);
      isChanged = true;
    }
    return isChanged;
  }

  /** Records of up to `count` members on each side of `point`, nearest first. */
  around(point: NodeId, count: number): MemberRecord[] {
    const at = this.#firstAt(clockwise(this.#self, point));
    const found = new Set<MemberRecord>();
    const length = this.#ring.length;
    for (let i = 0; i < Math.min(count, length); i++) {
      for (const index of [(at + i) % length, (at - 1 - i + 2 * length) % length]) {
        const { record } = this.#ring[index]!;
        if (record !== undefined) found.add(record);
      }
    }
    return [...found];
  }

  /** Records of about `count` members, at random. */
  sample(count: number): MemberRecord[] {
    const found = new Set<MemberRecord>();
    for (let tries = 2 * count; tries > 0 && found.size < count; tries--) {
      const record = this.#ring[Math.floor(this.#random() * this.#ring.length)]?.record;
      if (record !== undefined) found.add(record);
    }
    return [...found];
  }

  #hold(
    id: NodeId,
    record: MemberRecord | undefined,
    isKept: (id: NodeId) => boolean,
    until = Number.POSITIVE_INFINITY,
  ): void {
    const known = this.#byId.get(id);
    if (known !== undefined) {
      known.record = record;
      known.suspectedAt = undefined;
      this.#doubtful.delete(id);
      return;
    }
    const steps = clockwise(this.#self, id);
    const member: Member = { id, steps, record, until, suspectedAt: undefined };
    this.#byId.set(id, member);
    if (Number.isFinite(until)) this.#doubtful.add(id);
    this.#ring.splice(this.#firstAt(steps), 0, member);
    if (this.#ring.length > this.#capacity) this.#evict(isKept);
  }

  /** Gives up one member that is neither near nor in use. */
  #evict(isKept: (id: NodeId) => boolean): void {
    const far = this.#ring.length - 2 * nearby;
    for (let tries = 0; tries < 32 || this.#ring.length > 2 * this.#capacity; tries++) {
      const { id, record } = this.#ring[nearby + Math.floor(this.#random() * far)]!;
      if (isKept(id)) continue;
      if (record !== undefined) this.#pass(record);
      this.#remove(id);
      return;
    }
  }

  #isNear(id: NodeId): boolean {
    const at = this.#firstAt(clockwise(this.#self, id));
    return at < nearby || at > this.#ring.length - nearby;
  }

  #wasPassed(id: NodeId, sequence: number): boolean {
    return sequence <= (this.#passed.get(id) ?? -1);
  }

  #pass({ id, sequence }: MemberRecord): void {
    this.#passed.delete(id);
    this.#passed.set(id, sequence);
    if (this.#passed.size > maxPassed) this.#passed.delete(this.#passed.keys().next().value!);
  }

  #remove(id: NodeId): void {
    const member = this.#byId.get(id);
    if (member === undefined) return;
    this.#byId.delete(id);
    this.#doubtful.delete(id);
    this.#ring.splice(this.#firstAt(member.steps), 1);
  }

  /** Index of the first member at least `steps` from this node. */
  #firstAt(steps: bigint): number {
    let [low, high] = [0, this.#ring.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ring[middle]!.steps < steps) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
