import type { NodeId } from '../../topology/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { PausablePort } from '../tap/index.ts';

/** How long the host waits at a time. */
const longestMs = 10;
/** Between two waits its frames to others go on so many times as long as the first one took. */
const goOnTimes = 3;
/** How long ago the last frames to another neighbour may have been sent for some of them to be waiting, too. */
const othersMs = 250;
/** A link that takes longer so many times in a row is slow: once may be this machine's fault. */
const strikes = 3;
/** Nobody waits for a slow link for so long: its frames are dropped, as everywhere on the way, and others go on. */
const slowMs = 1_000;

/**
 * Has the host wait while a link is congested with its frames: its TCP then slows down by what its own queue tells it,
 * where it would otherwise by what gets lost. All its frames wait, for whomever they are: while it sends to several neighbours, for a
 * quarter of the time at most.
 */
export class Backpressure {
  readonly #tap: PausablePort;
  readonly #clock: Clock;
  readonly #waitingFor = new Map<NodeId, Timer>();
  /** Links that were not drained in time when last waited for. */
  readonly #late = new Map<NodeId, { strikes: number; at: number }>();
  #lastPeer: NodeId | undefined;
  /** When the host last sent to somebody else than just before. */
  #turnedAt = Number.NEGATIVE_INFINITY;
  #waitsSince = 0;
  /** Until when frames to others go on. */
  #goesOnUntil = Number.NEGATIVE_INFINITY;

  constructor(tap: PausablePort, clock: Clock) {
    this.#tap = tap;
    this.#clock = clock;
  }

  /** The host sent to a neighbour, whose link may be congested with it. */
  sent(peer: NodeId, isCongested: boolean): void {
    const now = this.#clock.now();
    if (peer !== (this.#lastPeer ?? peer)) this.#turnedAt = now;
    this.#lastPeer = peer;
    if (!isCongested || this.#waitingFor.has(peer) || this.#isSlow(peer, now) || this.#owesOthers(now)) return;
    this.#waitingFor.set(
      peer,
      this.#clock.after(longestMs, () => this.#isLate(peer)),
    );
    if (this.#waitingFor.size > 1) return;
    this.#waitsSince = now;
    this.#tap.pause(true);
  }

  drained(peer: NodeId): void {
    if (this.#waitingFor.has(peer)) this.#late.delete(peer);
    this.#goOn(peer);
  }

  /** The link is gone. */
  forget(peer: NodeId): void {
    this.#late.delete(peer);
    this.#goOn(peer);
  }

  #owesOthers(now: number): boolean {
    return now < this.#goesOnUntil && now - this.#turnedAt < othersMs;
  }

  #isSlow(peer: NodeId, now: number): boolean {
    const late = this.#late.get(peer);
    return late !== undefined && late.strikes >= strikes && now - late.at < slowMs;
  }

  #isLate(peer: NodeId): void {
    this.#late.set(peer, { strikes: (this.#late.get(peer)?.strikes ?? 0) + 1, at: this.#clock.now() });
    this.#goOn(peer);
  }

  #goOn(peer: NodeId): void {
    const timer = this.#waitingFor.get(peer);
    if (timer === undefined) return;
    timer.cancel();
    this.#waitingFor.delete(peer);
    if (this.#waitingFor.size > 0) return;
    const now = this.#clock.now();
    this.#goesOnUntil = now + goOnTimes * (now - this.#waitsSince);
    this.#tap.pause(false);
  }
}
