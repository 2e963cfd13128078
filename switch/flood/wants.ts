import type { NodeId } from '../../topology/ring.ts';
import type { FloodName } from './digest.ts';

/** A flood on its way mostly comes by itself: asking at once would bring half of them twice. */
export const graceMs = 120;
/** How long an asked neighbour has to answer before the next one is asked. */
const retryMs = 90;
const longestRetryMs = 1_000;
const giveUpMs = 15_000;
const maxWants = 4_096;
const maxSources = 16;

interface Want extends FloodName {
  readonly since: number;
  readonly sources: NodeId[];
  dueAt: number;
  tries: number;
}

/** Floods that neighbours have and this switch lacks: whom to ask for them, and when. */
export class Wants {
  /** Wants that were given up, or not taken since there were too many. */
  lost = 0;
  readonly #wants = new Map<string, Want>();

  get size(): number {
    return this.#wants.size;
  }

  /** `source` has a flood that is not here. */
  add({ root, epoch, sequence }: FloodName, source: NodeId, now: number): void {
    const key = keyOf(root, epoch, sequence);
    const want = this.#wants.get(key);
    if (want !== undefined) {
      if (want.sources.length < maxSources && !want.sources.includes(source)) want.sources.push(source);
    } else if (this.#wants.size >= maxWants) this.lost += 1;
    else {
      this.#wants.set(key, { root, epoch, sequence, since: now, sources: [source], dueAt: now + graceMs, tries: 0 });
    }
  }

  /** It came. Returns the neighbours that said they have it. */
  satisfied({ root, epoch, sequence }: FloodName): readonly NodeId[] {
    const key = keyOf(root, epoch, sequence);
    const sources = this.#wants.get(key)?.sources ?? [];
    this.#wants.delete(key);
    return sources;
  }

  /** What to ask of whom now. Only `peers` can be asked. */
  due(now: number, peers: ReadonlySet<NodeId>): Map<NodeId, FloodName[]> {
    const asks = new Map<NodeId, FloodName[]>();
    for (const [key, want] of this.#wants) {
      if (now < want.dueAt) continue;
      const sources = want.sources.filter((source) => peers.has(source));
      if (sources.length === 0 || now - want.since >= giveUpMs) {
        this.#wants.delete(key);
        this.lost += 1;
        continue;
      }
      const source = sources[want.tries % sources.length]!;
      const asked = asks.get(source);
      if (asked === undefined) asks.set(source, [want]);
      else asked.push(want);
      want.tries += 1;
      // Each source is asked once before the pace slows down.
      const rounds = Math.floor(want.tries / sources.length);
      want.dueAt = now + Math.min(longestRetryMs, retryMs * 2 ** Math.max(0, rounds - 1));
    }
    return asks;
  }

  /** When `due` has something next; Infinity: never. */
  nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#wants.values()) next = Math.min(next, dueAt);
    return next;
  }
}

function keyOf(root: NodeId, epoch: number, sequence: number): string {
  return `${root}/${epoch}/${sequence}`;
}
