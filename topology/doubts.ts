import type { NodeId } from './ring.ts';

const doubtMs = 1_000;

/** Neighbours that somebody called dead though their links look up, and until when they are doubted: from the next tick on. */
export class Doubts {
  readonly #until = new Map<NodeId, number | undefined>();

  has(peer: NodeId): boolean {
    return this.#until.has(peer);
  }

  add(peer: NodeId): void {
    this.#until.set(peer, undefined);
  }

  delete(peer: NodeId): void {
    this.#until.delete(peer);
  }

  tick(now: number): void {
    for (const [peer, until] of this.#until) {
      if (until === undefined) this.#until.set(peer, now + doubtMs);
      else if (now >= until) this.#until.delete(peer);
    }
  }
}
