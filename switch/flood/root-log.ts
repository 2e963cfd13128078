import type { ArcShare, NodeId } from '../../topology/ring.ts';
import { FloodWindow, type WindowVerdict } from './window.ts';

/** A flood that this switch holds for a while, for neighbours that lack it. */
export interface HeldFlood {
  readonly root: NodeId;
  readonly epoch: number;
  readonly sequence: number;
  readonly hopLimit: number;
  readonly inner: Uint8Array;
  readonly part: number;
  readonly lastPart: number;
  readonly since: number;
  /** Neighbours that copies were sent to, with the arcs they are to cover. */
  readonly shares: readonly ArcShare[];
  /** It came after it was asked for, and not again since. */
  wasAskedFor: boolean;
  isGone: boolean;
}

/** A root is forgotten when it was silent for so long. No copy of a flood is under way or held for as long as that. */
export const rootIdleMs = 60_000;

/** What is known of the floods of one root: which were seen, and those still held. */
export class RootLog {
  #window: FloodWindow | undefined;
  #acceptedAt = 0;
  #held: Map<number, HeldFlood> | undefined;

  /** Marks a flood as seen. A root that started anew has a higher epoch; what was held of the older one is let go. */
  accept(epoch: number, sequence: number, now: number): WindowVerdict {
    this.#forgetIfIdle(now);
    if (this.#window !== undefined && epoch > this.#window.epoch) this.#held = undefined;
    const verdict = this.#window?.accept(epoch, sequence) ?? 'new';
    this.#window ??= new FloodWindow(epoch, sequence);
    if (verdict === 'new') this.#acceptedAt = now;
    return verdict;
  }

  /** What `accept` would say, without marking. */
  peek(epoch: number, sequence: number, now: number): WindowVerdict {
    this.#forgetIfIdle(now);
    return this.#window?.peek(epoch, sequence) ?? 'new';
  }

  /** The newest flood seen, as (epoch, sequence). */
  newest(now: number): Pick<HeldFlood, 'epoch' | 'sequence'> | undefined {
    this.#forgetIfIdle(now);
    return this.#window && { epoch: this.#window.epoch, sequence: this.#window.highest };
  }

  hold(flood: HeldFlood): void {
    this.#held ??= new Map();
    this.#held.set(flood.sequence, flood);
  }

  held(epoch: number, sequence: number): HeldFlood | undefined {
    return this.#window?.epoch === epoch ? this.#held?.get(sequence) : undefined;
  }

  letGo(flood: HeldFlood): void {
    if (this.#held?.get(flood.sequence) === flood) this.#held.delete(flood.sequence);
    if (this.#held?.size === 0) this.#held = undefined;
  }

  #forgetIfIdle(now: number): void {
    if (this.#window !== undefined && now - this.#acceptedAt >= rootIdleMs) this.#window = undefined;
  }
}
