import type { NodeId } from '../../topology/ring.ts';
import type { FloodName } from './digest.ts';
import { rootIdleMs } from './root-log.ts';

/** As many as there are windows of roots. */
const maxRoots = 8192;

interface Path {
  readonly epoch: number;
  readonly sequence: number;
  /** When that flood came. */
  readonly at: number;
  /** Undefined since that neighbour is gone. */
  via: NodeId | undefined;
}

/**
 * The way back to each root: by the neighbour that brought its newest flood. That one accepted the flood before, and follows newer ones
 * likewise. So from switch to switch floods get newer, or the same one was accepted earlier: there is no loop (as with the sequence
 * numbers of RFC 3561). A neighbour that went away may be another one when it comes back, so that its paths are not taken
 * up again.
 */
export class ReversePaths {
  /** Raised with each change. */
  version = 0;
  /** The one heard longest ago first. */
  readonly #paths = new Map<NodeId, Path>();

  /** A flood came for the first time, by a neighbour. */
  accepted({ root, epoch, sequence }: FloodName, via: NodeId, now: number): void {
    const known = this.#paths.get(root);
    // A root that was silent for so long may begin anew.
    if (known !== undefined && now - known.at < rootIdleMs && !isNewer(epoch, sequence, known)) return;
    if (known?.via !== via) this.version += 1;
    this.#paths.delete(root);
    this.#paths.set(root, { epoch, sequence, at: now, via });
    if (this.#paths.size > maxRoots) this.#paths.delete(this.#paths.keys().next().value!);
  }

  /** A neighbour is gone, or began anew. */
  lost(peer: NodeId): void {
    for (const path of this.#paths.values()) {
      if (path.via !== peer) continue;
      path.via = undefined;
      this.version += 1;
    }
  }

  via(root: NodeId): NodeId | undefined {
    return this.#paths.get(root)?.via;
  }

  /** By root. */
  get all(): Map<NodeId, NodeId> {
    return new Map([...this.#paths].flatMap(([root, { via }]) => (via === undefined ? [] : [[root, via] as const])));
  }
}

function isNewer(epoch: number, sequence: number, than: Path): boolean {
  return epoch > than.epoch || (epoch === than.epoch && sequence > than.sequence);
}
