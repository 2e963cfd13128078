import type { NodeId } from '../../topology/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { PausablePort } from '../tap/index.ts';

/** How long the host waits for one link. */
const longestMs = 10;
/** A link that takes longer so many times in a row is slow: once may be this machine's fault. */
const strikes = 3;
/** Nobody waits for a slow link for so long: its frames are dropped, as everywhere on the way, and others go on. */
const slowMs = 1_000;

/**
 * Has the host wait while a link is congested with its frames: its TCP then slows down by what its own queue tells it,
 * where it would otherwise by what gets lost.
 */
export class Backpressure {
  readonly #tap: PausablePort;
  readonly #clock: Clock;
  readonly #waitingFor = new Map<NodeId, Timer>();
  /** Links that were not drained in time when last waited for. */
  readonly #late = new Map<NodeId, { strikes: number; at: number }>();

  constructor(tap: PausablePort, clock: Clock) {
    this.#tap = tap;
    this.#clock = clock;
  }

  congested(peer: NodeId): void {
    if (this.#waitingFor.has(peer) || this.#isSlow(peer)) return;
    this.#waitingFor.set(
      peer,
      this.#clock.after(longestMs, () => this.#isLate(peer)),
    );
    if (this.#waitingFor.size === 1) this.#tap.pause(true);
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

  #isSlow(peer: NodeId): boolean {
    const late = this.#late.get(peer);
    return late !== undefined && late.strikes >= strikes && this.#clock.now() - late.at < slowMs;
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
    if (this.#waitingFor.size === 0) this.#tap.pause(false);
  }
}
