import { Gossip } from './gossip.ts';
import { Membership } from './membership.ts';
import { nowhere, type Place } from './place.ts';
import type { Random } from './random.ts';
import type { MemberRecord } from './record.ts';
import type { NodeId } from './ring.ts';
import { Slab } from './slab.ts';

export interface NewsOptions {
  readonly self: NodeId;
  readonly random: Random;
  /** Members held at most. */
  readonly capacity: number;
  /** Of this node's first record: larger than in any run before, such as the wall time in ms. */
  readonly sequence: number;
  /** This node's proof for a record of itself. */
  readonly sign: (record: Omit<MemberRecord, 'proof'>) => Uint8Array;
  /** Whether a record that is not `dead` is its member's own. */
  readonly verify: (record: MemberRecord) => boolean;
  readonly neighbours: () => readonly NodeId[];
  /** Neighbours next to this node on the ring. */
  readonly isRingLink: (peer: NodeId) => boolean;
  /** Whether there is a link, or the attempt at one, and whether frames go over it. */
  readonly isLinked: (peer: NodeId) => boolean;
  readonly isUp: (peer: NodeId) => boolean;
  /** Somebody calls a neighbour dead whose link is up. */
  readonly doubt: (peer: NodeId) => void;
}

/** Records that a new neighbour is told of at once, and one neighbour now and then: those about it on the ring, and others. */
const introduction = { around: 16, others: 32 } as const;
const reminder = { around: 8, others: 32 } as const;
/** How often a neighbour is told of some members again. */
const reminderMs = 1_000;
const recordsPerMessage = 128;
/** However often somebody calls this node dead. */
const leastObjectionMs = 100;
/** Neighbours that are all told of one that is there; of more, those next on the ring and this many others. */
const wholeAudience = 8;
const randomAudience = 4;

/** What one node says and hears of members: its own record, those of others, and whom it tells of them. */
export class News {
  readonly membership: Membership;
  /** Records of members that were not their own, and those behind them. */
  refused = 0;
  readonly #options: NewsOptions;
  readonly #gossip = new Gossip();
  readonly #proofs = new Slab(4_096);
  #own: MemberRecord;
  #hasLeft = false;
  #reminderAt = 0;
  #isCalledDead = false;
  #objectedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NewsOptions) {
    const { self, random, capacity, sequence } = options;
    this.#options = options;
    this.#own = this.#signed({ id: self, sequence, state: 'alive', place: nowhere });
    this.membership = new Membership({ self, capacity, random });
  }

  /** A courier, or a neighbour, says that it is there. False when it was known to be. */
  introduce(id: NodeId, by: 'courier' | 'neighbour', now: number): boolean {
    return this.membership.introduce(id, by, now, this.#options.isLinked);
  }

  /** True when something was new. */
  hear(from: NodeId, records: readonly MemberRecord[], now: number): boolean {
    let isNew = false;
    for (const [i, record] of records.entries()) {
      const verdict = this.#hearOne(from, record, now);
      if (verdict === 'forged') {
        // No node passes such on: what else comes with it is not worth the time that checking it takes.
        this.refused += records.length - i;
        break;
      }
      isNew ||= verdict === 'news';
    }
    return isNew;
  }

  /** A new neighbour is told about its surroundings. */
  introduceTo(peer: NodeId): void {
    this.#tellSome(peer, introduction);
  }

  /** What got lost on its way is made up for. */
  tick(now: number): void {
    if (this.#isCalledDead) this.#object(now);
    if (now < this.#reminderAt) return;
    this.#reminderAt = now + reminderMs * (0.5 + this.#options.random());
    const neighbours = this.#options.neighbours();
    const peer = neighbours[Math.floor(this.#options.random() * neighbours.length)];
    if (peer !== undefined) this.#tellSome(peer, reminder);
  }

  /** A neighbour wants records of these. */
  answer(peer: NodeId, ids: readonly NodeId[]): void {
    const records = ids.slice(0, recordsPerMessage).map((id) => this.membership.recordOf(id));
    this.#gossip.tell(
      peer,
      records.filter((record) => record !== undefined),
    );
  }

  /** This node found that a member is dead. */
  died(id: NodeId, now: number): void {
    const known = this.membership.recordOf(id);
    if (known?.state !== 'alive') return;
    const { sequence } = known;
    const record: MemberRecord = { id, sequence, state: 'dead', place: nowhere, proof: new Uint8Array() };
    this.membership.apply(record, now, this.#options.isLinked);
    this.#gossip.spread(record, this.#options.neighbours());
  }

  /** This node found that it is there. */
  moved(place: Place): void {
    this.#sayAnew({ sequence: this.#own.sequence + 1, place });
  }

  /** That this node leaves, and who is next to it. From now on it does not object when others say that it is gone. */
  farewell(): MemberRecord[] {
    this.#hasLeft = true;
    const own = this.#signed({ ...this.#own, sequence: this.#own.sequence + 1, state: 'left' });
    return [own, ...this.membership.around(this.#own.id, introduction.around)];
  }

  forgetPeer(peer: NodeId): void {
    this.#gossip.forget(peer);
  }

  /** What is to be sent now, a message for each neighbour at most. */
  take(): Iterable<readonly [NodeId, MemberRecord[]]> {
    return this.#gossip.take(recordsPerMessage);
  }

  #hearOne(from: NodeId, record: MemberRecord, now: number): 'news' | 'nothing' | 'forged' {
    const { doubt, isUp, isLinked, neighbours, verify } = this.#options;
    if (record.id === this.#own.id) return this.#hearOfSelf(record, now);
    if (record.state === 'dead' && isUp(record.id)) {
      // It is there, as far as this node can tell: it may say so itself.
      doubt(record.id);
      this.#gossip.tell(record.id, [record]);
      return 'nothing';
    }
    const known = this.membership.recordOf(record.id);
    // Nobody signs for a death: it counts for a life that is known, so that none can be ended in advance.
    if (record.state === 'dead' && (known === undefined || record.sequence > known.sequence)) return 'nothing';
    if (this.membership.ignores(record)) return 'nothing';
    const isOld = known !== undefined && known.sequence >= record.sequence && known.state === record.state;
    if (!isOld && record.state !== 'dead' && !verify(record)) return 'forged';
    // What is kept does not keep the message that brought it, which has many others.
    const own = isOld ? record : { ...record, proof: this.#proofs.copy(record.proof) };
    const verdict = this.membership.apply(own, now, isLinked);
    if (verdict === 'known') return 'nothing';
    if (verdict === 'news') this.#gossip.spread(own, own.state === 'alive' ? this.#audience() : neighbours(), from);
    else this.#gossip.tell(from, [verdict.newer]);
    // Where a member is makes no other plan.
    return verdict === 'news' && known?.state !== record.state ? 'news' : 'nothing';
  }

  /** Who hears that it is dead, or what it said in an earlier run, says anew that it is there. */
  #hearOfSelf(record: MemberRecord, now: number): 'nothing' | 'forged' {
    const own = this.#own.sequence;
    if (this.#hasLeft) return 'nothing';
    if (record.state === 'dead') {
      if (record.sequence === own) this.#object(now);
      return 'nothing';
    }
    const isOfEarlierRun = record.sequence > own || (record.sequence === own && record.state === 'left');
    if (!isOfEarlierRun) return 'nothing';
    if (!this.#options.verify(record)) return 'forged';
    this.#sayAnew({ sequence: record.sequence + 1 });
    return 'nothing';
  }

  /** Against being called dead. */
  #object(now: number): void {
    this.#isCalledDead = now - this.#objectedAt < leastObjectionMs;
    if (this.#isCalledDead) return;
    this.#objectedAt = now;
    this.#sayAnew({ sequence: this.#own.sequence + 1 });
  }

  #sayAnew(change: Pick<MemberRecord, 'sequence'> & Partial<Pick<MemberRecord, 'place'>>): void {
    this.#own = this.#signed({ ...this.#own, ...change });
    this.#gossip.spread(this.#own, this.#options.neighbours());
  }

  #signed({ id, sequence, state, place }: Omit<MemberRecord, 'proof'>): MemberRecord {
    const record = { id, sequence, state, place };
    return { ...record, proof: this.#options.sign(record) };
  }

  #tellSome(peer: NodeId, { around, others }: typeof introduction | typeof reminder): void {
    const { membership } = this;
    this.#gossip.tell(peer, [this.#own, ...membership.around(peer, around), ...membership.sample(others)]);
  }

  /** Who is told of one that is there: those next on the ring, and some others. Who misses it hears of it by reminders. */
  #audience(): NodeId[] {
    const { neighbours, isRingLink, random } = this.#options;
    const all = neighbours();
    if (all.length <= wholeAudience) return [...all];
    const others = Array.from({ length: randomAudience }, () => all[Math.floor(random() * all.length)]!);
    return [...all.filter(isRingLink), ...others];
  }
}
