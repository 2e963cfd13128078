import { Reader, Writer } from './bytes.ts';
import type { LinkMessage } from './messages.ts';
import { clockwise, type NodeId } from './ring.ts';

/** What is kept under a key: of two records the one with the higher version counts. */
export interface DirectoryRecord {
  /** Anywhere on the ring, as node ids are. */
  readonly key: NodeId;
  /** Raised with each change; below 2^53. */
  readonly version: number;
  /** Up to `maxValue` bytes. Empty: the key is free again. */
  readonly value: Uint8Array;
}

/** What the directory needs to know of the ring, and whom it can reach. */
export interface DirectoryRing {
  readonly self: NodeId;
  /** Next nodes clockwise, as far as they are known; the others are `predecessors`, nearest first. */
  successors(count: number): readonly NodeId[];
  predecessors(count: number): readonly NodeId[];
  isLinked(peer: NodeId): boolean;
  /** A neighbour strictly nearer to the key than this node. */
  next(key: NodeId): NodeId | undefined;
  send(peer: NodeId, message: LinkMessage): void;
}

export interface DirectoryCounters {
  asked: number;
  /** Questions that got no answer in time. */
  unanswered: number;
  /** Questions of others passed on. */
  forwarded: number;
  malformed: number;
  /** Records that found no room, and questions of others that were too many at once. */
  dropped: number;
}

export type DirectoryAnswer = (record: DirectoryRecord | undefined, isAnswered: boolean) => void;

export const maxValue = 1_024;
export const maxRecordsKept = 4_096;
/** A record that nobody put again for so long is forgotten. */
export const recordMs = 600_000;
/** Besides the responsible node, so many of its successors keep a record. */
const replicas = 2;
const expireEveryMs = 10_000;
const maxUnderWay = 1_024;
/** Of these, those that one neighbour may ask at a time. */
const maxOfNeighbour = 256;
const answerMs = 1_000;
const tries = 3;
const maxHops = 64;

const Op = { get: 0, put: 1, copy: 2 } as const;

interface Kept {
  readonly record: DirectoryRecord;
  readonly until: number;
}

/** A question of a neighbour that was passed on. */
interface Forward {
  readonly from: NodeId;
  readonly number: number;
  readonly to: NodeId;
  readonly until: number;
}

interface Question {
  readonly key: NodeId;
  readonly body: Uint8Array;
  readonly done: DirectoryAnswer;
  triesLeft: number;
}

/**
 * Key -> record, kept at the first node at or after the key and its two successors (consistent hashing: Karger et al. 1997).
 * Questions are passed from neighbour to neighbour and answers take the same way back, so that who asks need not be found by
 * others. Pure, as the topology manager is.
 */
export class Directory {
  readonly counters: DirectoryCounters = { asked: 0, unanswered: 0, forwarded: 0, malformed: 0, dropped: 0 };
  readonly #ring: DirectoryRing;
  readonly #records = new Map<NodeId, Kept>();
  readonly #questions = new Map<number, Question & { readonly to: NodeId; readonly until: number }>();
  readonly #forwards = new Map<number, Forward>();
  #number = 0;
  #expireAt = 0;

  constructor(ring: DirectoryRing) {
    this.#ring = ring;
  }

  /** Records kept here, for others and as copies. */
  get size(): number {
    return this.#records.size;
  }

  /** `done` hears of the record that counts from now on, which is another one if that is newer. */
  put(record: DirectoryRecord, now: number, done: DirectoryAnswer = () => {}): void {
    this.#ask({ key: record.key, body: encode(Op.put, record), done, triesLeft: tries }, now);
  }

  get(key: NodeId, now: number, done: DirectoryAnswer): void {
    this.#ask({ key, body: encode(Op.get, { key, version: 0, value: new Uint8Array() }), done, triesLeft: tries }, now);
  }

  query(from: NodeId, message: Extract<LinkMessage, { type: 'query' }>, now: number): void {
    const { key, number, isFinal, hopLimit, body } = message;
    const question = decode(key, body);
    if (question === undefined) {
      this.counters.malformed += 1;
      return;
    }
    const hop = isFinal ? undefined : this.#hopTo(key);
    if (hop === undefined) {
      const record = this.#serve(question.op, question.record, now);
      // Nobody waits for the answer to a copy.
      if (question.op !== Op.copy) this.#ring.send(from, { type: 'answer', number, body: encode(question.op, record) });
    } else if (hopLimit <= 1 || (question.op !== Op.copy && this.#hasEnoughOf(from))) {
      this.counters.dropped += 1;
    } else {
      this.counters.forwarded += 1;
      const own = this.#nextNumber();
      if (question.op !== Op.copy) this.#forwards.set(own, { from, number, to: hop.peer, until: now + answerMs });
      const left = Math.min(hopLimit, maxHops) - 1;
      this.#ring.send(hop.peer, { ...message, number: own, hopLimit: left, isFinal: hop.isFinal });
    }
  }

  /** Of whoever was asked; what others say is no answer. */
  answer(from: NodeId, message: Extract<LinkMessage, { type: 'answer' }>): void {
    const { number, body } = message;
    const forward = this.#forwards.get(number);
    if (forward?.to === from) {
      this.#forwards.delete(number);
      this.#ring.send(forward.from, { type: 'answer', number: forward.number, body });
      return;
    }
    const question = this.#questions.get(number);
    const answer = question?.to === from ? decode(question.key, body) : undefined;
    if (question === undefined || answer === undefined) {
      this.counters.malformed += question === undefined ? 0 : 1;
      return;
    }
    this.#questions.delete(number);
    question.done(known(answer.record), true);
  }

  /** Other nodes are next to this one now: records go where they belong. */
  ringChanged(): void {
    const first = this.#ring.predecessors(replicas + 1).at(-1);
    for (const { record } of [...this.#records.values()]) {
      if (this.#isResponsible(record.key)) this.#copy(record);
      else {
        const hop = this.#hopTo(record.key);
        if (hop !== undefined) this.#sendCopy(hop.peer, record, hop.isFinal);
        if (first !== undefined && !isBetween(first, record.key, this.#ring.self)) this.#records.delete(record.key);
      }
    }
  }

  /** To be called every 50 ms or so. */
  tick(now: number): void {
    if (now >= this.#expireAt) this.#expire(now);
    for (const [number, { until }] of this.#forwards) if (now >= until) this.#forwards.delete(number);
    for (const [number, question] of this.#questions) {
      if (now < question.until) continue;
      this.#questions.delete(number);
      if (question.triesLeft > 0) this.#ask(question, now);
      else {
        this.counters.unanswered += 1;
        question.done(undefined, false);
      }
    }
  }

  #hasEnoughOf(neighbour: NodeId): boolean {
    if (this.#forwards.size < maxOfNeighbour) return false;
    let count = 0;
    for (const { from } of this.#forwards.values()) if (from === neighbour) count += 1;
    return count >= maxOfNeighbour || this.#forwards.size >= maxUnderWay;
  }

  #ask(question: Question, now: number): void {
    const { key, body, done } = question;
    const { op, record } = decode(key, body)!;
    this.counters.asked += 1;
    const hop = this.#hopTo(key);
    if (hop === undefined) {
      done(known(this.#serve(op, record, now)), true);
      return;
    }
    const number = this.#nextNumber();
    const triesLeft = question.triesLeft - 1;
    this.#questions.set(number, { key, body, done, triesLeft, to: hop.peer, until: now + answerMs });
    this.#ring.send(hop.peer, { type: 'query', number, hopLimit: maxHops, isFinal: hop.isFinal, key, body });
  }

  #serve(op: number, record: DirectoryRecord, now: number): DirectoryRecord {
    const { key } = record;
    if (op !== Op.get && this.#keep(record, now) && op === Op.put) this.#copy(record);
    return this.#records.get(key)?.record ?? { key, version: 0, value: new Uint8Array() };
  }

  /** Of records with the same version the one that came first counts; that one again is kept for longer. */
  #keep(record: DirectoryRecord, now: number): boolean {
    const held = this.#records.get(record.key)?.record;
    if (held !== undefined && held.version >= record.version && !isSame(held, record)) return false;
    if (held === undefined && this.#records.size >= maxRecordsKept) {
      this.counters.dropped += 1;
      return false;
    }
    this.#records.set(record.key, { record, until: now + recordMs });
    return true;
  }

  /** To the successors, who take over when this node is gone. */
  #copy(record: DirectoryRecord): void {
    for (const peer of this.#ring.successors(replicas))
      if (this.#ring.isLinked(peer)) this.#sendCopy(peer, record, true);
  }

  #sendCopy(peer: NodeId, record: DirectoryRecord, isFinal: boolean): void {
    const query = { number: this.#nextNumber(), hopLimit: maxHops, isFinal, key: record.key };
    this.#ring.send(peer, { type: 'query', ...query, body: encode(Op.copy, record) });
  }

  #isResponsible(key: NodeId): boolean {
    const [before] = this.#ring.predecessors(1);
    return before === undefined || isBetween(before, key, this.#ring.self);
  }

  /** Undefined: it is for this node to answer. */
  #hopTo(key: NodeId): { readonly peer: NodeId; readonly isFinal: boolean } | undefined {
    if (this.#isResponsible(key)) return undefined;
    const [after] = this.#ring.successors(1);
    if (after !== undefined && isBetween(this.#ring.self, key, after) && this.#ring.isLinked(after)) {
      return { peer: after, isFinal: true };
    }
    const peer = this.#ring.next(key);
    return peer === undefined ? undefined : { peer, isFinal: false };
  }

  #expire(now: number): void {
    this.#expireAt = now + expireEveryMs;
    for (const [key, { until }] of this.#records) if (now >= until) this.#records.delete(key);
  }

  #nextNumber(): number {
    this.#number = (this.#number + 1) >>> 0;
    return this.#number;
  }
}

/** Beyond `from`, up to and with `to`, going clockwise. */
function isBetween(from: NodeId, key: NodeId, to: NodeId): boolean {
  return key !== from && clockwise(from, key) <= clockwise(from, to);
}

function isSame(a: DirectoryRecord, b: DirectoryRecord): boolean {
  return (
    a.version === b.version && a.value.length === b.value.length && a.value.every((byte, i) => byte === b.value[i])
  );
}

function known(record: DirectoryRecord): DirectoryRecord | undefined {
  return record.value.length > 0 ? record : undefined;
}

/**
 * Body of a question about a key, and of its answer:
 *
 * +---------------+-----------------------------------------------+
 * |    op (8)     |   version (64), length of the value (16), value
 * +---------------+-----------------------------------------------+
 *
 * op: 0 get, 1 put, 2 copy (a put that is not answered and not copied on).
 */
function encode(op: number, { version, value }: DirectoryRecord): Uint8Array {
  return new Writer().u8(op).u64(version).blob(value).done();
}

function decode(key: NodeId, body: Uint8Array): { readonly op: number; readonly record: DirectoryRecord } | undefined {
  const from = new Reader(body);
  const [op, version, value] = [from.u8(), from.u64(), from.blob(maxValue)];
  return from.whole && op <= Op.copy ? { op, record: { key, version, value } } : undefined;
}
