import type { NodeId } from '../../topology/ring.ts';
import { type DigestPart, type DigestType, type Heard, nothingHeard, packDigest } from './digest.ts';
import type { HeldFlood } from './root-log.ts';

/** A flood is told of when it is this old: by then its eager copies have left most of their way behind them. */
export const tellAfterMs = 25;
/** An IHAVE was lost if there is no answer for twice as long as answers take, and at least for this long. */
const leastPatienceMs = 150;
const longestPatienceMs = 1_000;
/** Taken for the time of an answer before there is one: that of links of 20 ms. */
const firstAnswerMs = 90;
/** Weight of the newest answer's time in the average. */
const answerWeight = 1 / 8;
/** A neighbour that is silent is told of so many floods at a time, until it says something. */
const silentRation = 4;
/** Floods for one IHAVE or ISENT. */
export interface Telling extends DigestPart<HeldFlood> {
  readonly type: DigestType;
  readonly number: number;
}

interface Unanswered {
  readonly number: number;
  readonly at: number;
  readonly floods: readonly HeldFlood[];
}

/**
 * What one neighbour was told, and what it answered. It is told once of each flood that it does not have for all this switch
 * knows: not of those that it sent or told of itself. An IHAVE without an answer is told again; if the neighbour says nothing
 * at all, ever more seldom, and nothing else meanwhile.
 */
export class Neighbour {
  readonly id: NodeId;
  /** Floods told of again. */
  retold = 0;
  /** In the order in which they came. */
  readonly #untold: Set<HeldFlood>;
  /** Oldest first. */
  #unanswered: Unanswered[] = [];
  #number: number;
  #answerMs: number | undefined;
  #spokeAt = Number.NEGATIVE_INFINITY;
  /** How often in a row it did not say a word after it was told something. */
  #silences = 0;
  #heard = nothingHeard;
  #owesAnswer = false;
  #owesReminder = false;

  /** `held`: floods that are here, to be told. `firstNumber`: unlike that of a conversation before a restart. */
  constructor(id: NodeId, held: Iterable<HeldFlood>, firstNumber: number) {
    this.id = id;
    this.#untold = new Set(held);
    this.#number = firstNumber >>> 0;
  }

  /** How long it takes to answer, on average: the way there and back, and up to 75 ms at its end. */
  get answerMs(): number {
    return this.#answerMs ?? firstAnswerMs;
  }

  add(flood: HeldFlood): void {
    this.#untold.add(flood);
  }

  /** It need not be told, since it has it, or since it is not here any more. */
  drop(flood: HeldFlood): void {
    this.#untold.delete(flood);
  }

  /** It sent something, whatever it is. True if it had been silent and can be told the rest. */
  spoke(now: number): boolean {
    this.#spokeAt = now;
    const wasSilent = this.#silences > 0;
    this.#silences = 0;
    return wasSilent;
  }

  /** It says which IHAVEs it heard. */
  answered({ newest, before }: Heard, now: number): void {
    if (this.#unanswered.length === 0) return;
    this.#unanswered = this.#unanswered.filter(({ number, at }) => {
      const behind = (newest - number) | 0;
      if (behind !== 0 && (behind < 0 || behind > 32 || ((before >>> (behind - 1)) & 1) === 0)) return true;
      this.#tookToAnswer(now - at);
      return false;
    });
  }

  /** It sent an IHAVE, of which all was noted: it gets an answer. */
  hear(number: number): void {
    this.#owesAnswer = true;
    const { newest, before } = this.#heard;
    const ahead = (number - newest) | 0;
    if (ahead === 0) return;
    // Far from those before: it started to count anew, or was away for long.
    if (newest === 0 || ahead > 32 || ahead < -32) this.#heard = { newest: number, before: 0 };
    else if (ahead < 0) this.#heard = { newest, before: (before | (1 << (-ahead - 1))) >>> 0 };
    else {
      const shifted = ahead === 32 ? 0 : before << ahead;
      this.#heard = { newest: number, before: (shifted | (1 << (ahead - 1))) >>> 0 };
    }
  }

  /** It does not say a word, although it was told something. */
  get isSilent(): boolean {
    return this.#silences > 0;
  }

  /** What it is to be told now, one digest each. */
  speak(now: number): Telling[] {
    this.#missAnswers(now);
    const ripe = this.#ripe(now);
    if (ripe.length === 0) return [];
    const wasSent = ripe.filter(({ shares }) => shares.some(({ peer }) => peer === this.id));
    const others = wasSent.length === 0 ? ripe : ripe.filter((flood) => !wasSent.includes(flood));
    return [...this.#tell('isent', wasSent, now), ...this.#tell('ihave', others, now)];
  }

  /** Whether it told something and waits for a frame with the answer. */
  get owesAnswer(): boolean {
    return this.#owesAnswer;
  }

  /** It is to hear of the newest of its own floods. */
  remind(): void {
    this.#owesReminder = true;
  }

  /** True once after each `remind`. */
  takeReminder(): boolean {
    const owes = this.#owesReminder;
    this.#owesReminder = false;
    return owes;
  }

  /** For a frame to it: which of its IHAVEs were heard. */
  answer(): Heard {
    this.#owesAnswer = false;
    return this.#heard;
  }

  /** When `speak` has something again, as far as is known now. */
  nextDue(now: number): number {
    const first = this.#unanswered[0];
    const again = first === undefined ? Number.POSITIVE_INFINITY : first.at + this.#patience;
    const isWaiting = this.#untold.size > 0 && (this.#silences === 0 || first === undefined);
    return isWaiting ? Math.min(again, now + tellAfterMs) : again;
  }

  #tell(type: DigestType, ripe: readonly HeldFlood[], now: number): Telling[] {
    const tellings = packDigest(ripe).map((part) => ({ type, number: this.#nextNumber(), ...part }));
    for (const { number, floods } of tellings) {
      for (const flood of floods) this.#untold.delete(flood);
      this.#unanswered.push({ number, at: now, floods });
    }
    return tellings;
  }

  get #patience(): number {
    return Math.min(longestPatienceMs, Math.max(leastPatienceMs, 2 * this.answerMs) * 2 ** Math.min(8, this.#silences));
  }

  #missAnswers(now: number): void {
    const missed = this.#unanswered.filter(({ at }) => now - at >= this.#patience);
    if (missed.length === 0) return;
    if (this.#spokeAt < missed[0]!.at) {
      this.#silences += 1;
      // Whatever else is unanswered is not worth waiting for.
      this.#again(this.#unanswered);
      this.#unanswered = [];
      return;
    }
    this.#tookToAnswer(this.#patience);
    this.#again(missed);
    this.#unanswered = this.#unanswered.slice(missed.length);
  }

  #tookToAnswer(ms: number): void {
    this.#answerMs = this.#answerMs === undefined ? ms : this.#answerMs + (ms - this.#answerMs) * answerWeight;
  }

  #again(missed: readonly Unanswered[]): void {
    for (const { floods } of missed) {
      this.retold += floods.length;
      for (const flood of floods) if (!flood.isGone) this.#untold.add(flood);
    }
  }

  #ripe(now: number): HeldFlood[] {
    if (this.#silences > 0 && this.#unanswered.length > 0) return [];
    const ripe: HeldFlood[] = [];
    for (const flood of this.#untold) {
      if (now - flood.since < tellAfterMs) continue;
      ripe.push(flood);
      if (this.#silences > 0 && ripe.length === silentRation) break;
    }
    return ripe;
  }

  #nextNumber(): number {
    const number = this.#number;
    this.#number = (number + 1) >>> 0 || 1;
    return number || this.#nextNumber();
  }
}
