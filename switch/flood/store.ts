import type { NodeId } from '../../topology/ring.ts';
import type { FloodName } from './digest.ts';
import { type HeldFlood, RootLog } from './root-log.ts';
import type { WindowVerdict } from './window.ts';

/** Roots whose windows are kept; the one heard longest ago makes room. */
const maxRoots = 8192;
/** Floods held for neighbours that lack them: the newest, for this long, and so many bytes of them. */
export const holdMs = 8_000;
const maxHeld = 4_096;
const maxHeldBytes = 4 * 1024 * 1024;

/** Which floods were seen, and those that are held for neighbours that lack them. */
export class FloodStore {
  /** Roots forgotten because there were too many. */
  rootsEvicted = 0;
  /** The one heard longest ago first. */
  readonly #roots = new Map<NodeId, RootLog>();
  /** Oldest first. */
  readonly #held = new Set<HeldFlood>();
  readonly #letGo: (flood: HeldFlood) => void;
  #bytes = 0;

  /** `letGo` hears of floods that are not held any more. */
  constructor(letGo: (flood: HeldFlood) => void) {
    this.#letGo = letGo;
  }

  get roots(): number {
    return this.#roots.size;
  }

  /** Oldest first. */
  get all(): ReadonlySet<HeldFlood> {
    return this.#held;
  }

  /** Marks a flood as seen. */
  accept({ root, epoch, sequence }: FloodName, now: number): WindowVerdict {
    return this.#logOf(root).accept(epoch, sequence, now);
  }

  /** What `accept` would say, without marking. */
  peek({ root, epoch, sequence }: FloodName, now: number): WindowVerdict {
    return this.#roots.get(root)?.peek(epoch, sequence, now) ?? 'new';
  }

  /** The newest flood seen of a root. */
  newest(root: NodeId, now: number): FloodName | undefined {
    const newest = this.#roots.get(root)?.newest(now);
    return newest && { root, ...newest };
  }

  get({ root, epoch, sequence }: FloodName): HeldFlood | undefined {
    return this.#roots.get(root)?.held(epoch, sequence);
  }

  /** Of a flood that was accepted just now. */
  hold(flood: HeldFlood, now: number): void {
    this.#roots.get(flood.root)?.hold(flood);
    this.#held.add(flood);
    this.#bytes += flood.inner.length;
    this.expire(now);
  }

  /** Lets go of what is too old or too much. */
  expire(now: number): void {
    for (const flood of this.#held) {
      const isFull = this.#held.size > maxHeld || this.#bytes > maxHeldBytes;
      if (!isFull && now - flood.since < holdMs) return;
      this.#held.delete(flood);
      this.#bytes -= flood.inner.length;
      flood.isGone = true;
      this.#roots.get(flood.root)?.letGo(flood);
      this.#letGo(flood);
    }
  }

  #logOf(root: NodeId): RootLog {
    const known = this.#roots.get(root);
    // Taken out and put back at the end: a Map keeps its order, so that its first key is the one heard longest ago.
    if (known !== undefined) this.#roots.delete(root);
    const log = known ?? new RootLog();
    this.#roots.set(root, log);
    if (this.#roots.size > maxRoots) {
      this.#roots.delete(this.#roots.keys().next().value!);
      this.rootsEvicted += 1;
    }
    return log;
  }
}
