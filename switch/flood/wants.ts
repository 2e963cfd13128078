import type { NodeId } from '../../topology/ring.ts';
import type { FloodName } from './digest.ts';

/**
 * A flood on its way mostly comes by itself: asking at once would bring half of them twice. So many of the source's answer
 * times are waited for, and no less than this.
 */
const graceAnswers = 1.6;
const leastGraceMs = 150;
/** What an answer takes less when it is a flood that was asked for: it does not wait for the next telling. */
const answerWaitsMs = 15;
/** How long an asked neighbour has to answer, at least, before the next one is asked. */
const leastRetryMs = 60;
const longestRetryMs = 1_000;
const giveUpMs = 15_000;
/**
 * A flood that is late costs one more copy if it is asked for as a lost one, and a lost one costs time if it is not. So the
 * patience before asking grows with every flood that was asked for in vain, and fades so that such are this share of all.
 */
const vainShare = 0.03;
const patienceStepMs = 20;
const longestPatienceMs = 250;
const maxWants = 4_096;
const maxSources = 16;

/** A neighbour that can be asked. */
interface Source {
  readonly id: NodeId;
  /** How long it takes to answer a telling. */
  readonly answerMs: number;
}

interface Want extends FloodName {
  /** When a neighbour first told of it. */
  readonly since: number;
  readonly sources: NodeId[];
  /** The first source sent a copy, which was lost. */
  wasSent: boolean;
  dueAt: number;
  tries: number;
}

/** What was known of a flood before it came. */
export interface Awaited {
  /** Who said they have it. */
  readonly sources: readonly NodeId[];
  readonly wasAskedFor: boolean;
}

const unawaited: Awaited = { sources: [], wasAskedFor: false };

/** Floods that neighbours have and this switch lacks: whom to ask for them, and when. */
export class Wants {
  /** Wants that were given up. */
  lost = 0;
  /** Floods not noted since there were too many: who told of them is not answered, and tells again. */
  refused = 0;
  /** By root and sequence; of each root, those of its newest epoch. */
  readonly #roots = new Map<NodeId, Map<number, Want>>();
  #patienceMs = 0;
  #size = 0;
  #nextDue = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#size;
  }

  /** `source` has a flood that is not here; if it sent a copy, that was lost. False when there is no room for it. */
  add({ root, epoch, sequence }: FloodName, { id: source, answerMs }: Source, wasSent: boolean, now: number): boolean {
    let want = this.#roots.get(root)?.get(sequence);
    if (want === undefined || want.epoch < epoch) {
      if (want === undefined && this.#size >= maxWants) {
        this.refused += 1;
        return false;
      }
      const dueAt = now + Math.max(leastGraceMs, graceAnswers * answerMs) + this.#patienceMs;
      want = { root, epoch, sequence, since: now, sources: [source], wasSent, dueAt, tries: 0 };
      this.#put(want);
    } else if (want.epoch === epoch && want.sources.length < maxSources && !want.sources.includes(source)) {
      if (wasSent && want.tries === 0) want.sources.unshift(source);
      else want.sources.push(source);
    }
    if (wasSent && want.tries === 0) {
      want.wasSent = true;
      want.dueAt = now + this.#patienceMs;
    }
    this.#nextDue = Math.min(this.#nextDue, want.dueAt);
    return true;
  }

  /** It came. */
  satisfied({ root, epoch, sequence }: FloodName): Awaited {
    this.#patienceMs = Math.max(0, this.#patienceMs - vainShare * patienceStepMs);
    const want = this.#roots.get(root)?.get(sequence);
    if (want?.epoch !== epoch) return unawaited;
    this.#remove(want);
    return { sources: want.sources, wasAskedFor: want.tries > 0 };
  }

  /** One that was asked for came twice. */
  askedInVain(): void {
    this.#patienceMs = Math.min(longestPatienceMs, this.#patienceMs + patienceStepMs);
  }

  /** What to ask of whom now. Only peers can be asked: `peerOf` is undefined for others. */
  due(now: number, peerOf: (id: NodeId) => Source | undefined): Map<NodeId, FloodName[]> {
    const asks = new Map<NodeId, FloodName[]>();
    if (now < this.#nextDue) return asks;
    this.#nextDue = Number.POSITIVE_INFINITY;
    for (const wants of this.#roots.values()) {
      for (const want of wants.values()) {
        if (now >= want.dueAt) this.#ask(want, now, peerOf, asks);
        this.#nextDue = Math.min(this.#nextDue, want.dueAt);
      }
    }
    return asks;
  }

  /** When `due` has something next, at the earliest; Infinity: never. */
  nextDue(): number {
    return this.#nextDue;
  }

  #ask(want: Want, now: number, peerOf: (id: NodeId) => Source | undefined, asks: Map<NodeId, FloodName[]>): void {
    const sources = want.sources.flatMap((id) => peerOf(id) ?? []);
    if (sources.length === 0 || now - want.since >= giveUpMs) {
      this.#remove(want);
      this.lost += 1;
      want.dueAt = Number.POSITIVE_INFINITY;
      return;
    }
    // Who sent a copy is asked twice: its answer has an arc, so that the flood goes on from here.
    const isAgain = want.wasSent && want.tries === 1;
    const source = isAgain ? sources[0]! : sources[want.tries % sources.length]!;
    const asked = asks.get(source.id);
    if (asked === undefined) asks.set(source.id, [want]);
    else asked.push(want);
    want.tries += 1;
    // Each source is asked once before the pace slows down.
    const rounds = Math.floor(want.tries / sources.length);
    const retryMs = Math.max(leastRetryMs, source.answerMs - answerWaitsMs);
    want.dueAt = now + Math.min(longestRetryMs, retryMs * 2 ** Math.max(0, rounds - 1));
  }

  #put(want: Want): void {
    const wants = this.#roots.get(want.root) ?? new Map<number, Want>();
    this.#roots.set(want.root, wants);
    if (!wants.has(want.sequence)) this.#size += 1;
    wants.set(want.sequence, want);
  }

  #remove(want: Want): void {
    const wants = this.#roots.get(want.root);
    if (!wants?.delete(want.sequence)) return;
    this.#size -= 1;
    if (wants.size === 0) this.#roots.delete(want.root);
  }
}
