import type { NodeId } from '../../topology/ring.ts';
import { FloodWindow, type WindowVerdict } from './window.ts';

/** A flood that this switch holds for a while, for neighbours that lack it. */
export interface HeldFlood {
  readonly root: NodeId;
  readonly epoch: number;
  readonly sequence: number;
  readonly hopLimit: number;
  readonly inner: Uint8Array;
  readonly since: number;
  /** Neighbours that eager copies went to: they are told last, since they mostly have it. */
  readonly children: ReadonlySet<NodeId>;
  /** Neighbours known to have it. */
  readonly holders: Set<NodeId>;
  /** When each neighbour was told, how often, and whether it waits for an answer to its own telling. */
  readonly told: Map<NodeId, { at: number; times: number; owed: boolean }>;
}

/** What is known of the floods of one root: which were seen, and those still held. */
export class RootLog {
  readonly held = new Map<number, HeldFlood>();
  #window: FloodWindow | undefined;
  #epoch = -1;

  get epoch(): number {
    return this.#epoch;
  }

  /** Marks a flood as seen. A root that started anew has a higher epoch; what was held of the older one is let go. */
  accept(epoch: number, sequence: number): WindowVerdict {
    const verdict = this.#window?.accept(epoch, sequence) ?? 'new';
    this.#window ??= new FloodWindow(epoch, sequence);
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
      this.held.clear();
    }
    return verdict;
  }

  /** What `accept` would say, without marking. */
  peek(epoch: number, sequence: number): WindowVerdict {
    return this.#window?.peek(epoch, sequence) ?? 'new';
  }
}
