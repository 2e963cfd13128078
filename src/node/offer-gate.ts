import type { NodeId } from '../../topology/index.ts';
import { TokenBucket } from '../lib/token-bucket.ts';

interface Heard {
  /** Highest of what was taken of the peer. */
  readonly sequence: number;
  readonly offeredAt: number;
}

const unheard: Heard = { sequence: -1, offeredAt: Number.NEGATIVE_INFINITY };
const maxPeers = 16_384;
/** An offer makes a connection, and ends the one before it. */
const leastOfferMs = 200;
const offersAtOnce = 128;
const offersPerSecond = 64;

/** Which offers of links are worth a look: none that is old, and not too many. Who means it insists. */
export class OfferGate {
  readonly #heard = new Map<NodeId, Heard>();
  readonly #bucket: TokenBucket;

  constructor(now: number) {
    this.#bucket = new TokenBucket(offersAtOnce, offersPerSecond, now);
  }

  /** Written before something that was taken: a courier cannot play an old offer again, nor bring one too late. */
  isOld(peer: NodeId, sequence: number): boolean {
    return sequence <= this.#of(peer).sequence;
  }

  /** Whether an offer of the peer may be looked at now, which counts as one. */
  admits(peer: NodeId, now: number): boolean {
    const { sequence, offeredAt } = this.#of(peer);
    if (now - offeredAt < leastOfferMs || !this.#bucket.take(now)) return false;
    this.#keep(peer, { sequence, offeredAt: now });
    return true;
  }

  /** Something of the peer was taken. */
  took(peer: NodeId, sequence: number): void {
    const heard = this.#of(peer);
    this.#keep(peer, { ...heard, sequence: Math.max(sequence, heard.sequence) });
  }

  #of(peer: NodeId): Heard {
    return this.#heard.get(peer) ?? unheard;
  }

  #keep(peer: NodeId, heard: Heard): void {
    this.#heard.delete(peer);
    this.#heard.set(peer, heard);
    if (this.#heard.size > maxPeers) this.#heard.delete(this.#heard.keys().next().value!);
  }
}
