import type { Links } from '../links/links.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { StagedRules } from './staged.ts';

/** Switches are given so long to come back after the first one, ms, and so long after the last one for their links to be found. */
const patienceMs = 10_000;
const quietMs = 700;

/**
 * Switches that hold rules of a controller that was there before go on with them until all that the rules tell of is there: till then it
 * cannot be known which of them are right.
 */
export class Takeover {
  #held: Map<ManagedSwitch, readonly Rule[]> | undefined = new Map();
  #startedAt: number | undefined;
  #lastAt = 0;

  get isUnderWay(): boolean {
    return this.#held !== undefined && this.#held.size > 0;
  }

  heldBy(sw: ManagedSwitch): readonly Rule[] | undefined {
    return this.#held?.get(sw);
  }

  /** True: it is to go on with what it holds. */
  connected(sw: ManagedSwitch, held: readonly Rule[], isNew: boolean, now: number): boolean {
    this.#startedAt ??= now;
    if (this.#held === undefined || held.length === 0 || (!isNew && !this.#held.has(sw))) return false;
    if (now - this.#startedAt > patienceMs) return false;
    this.#held.set(sw, held);
    this.#lastAt = now;
    return true;
  }

  isOver(staged: StagedRules, links: Links, now: number): boolean {
    if (this.#held === undefined || this.#startedAt === undefined) return false;
    if (now - this.#startedAt > patienceMs) return true;
    if (!this.isUnderWay || now - this.#lastAt < quietMs) return false;
    const known = new Set([...this.#held.keys()].map(({ datapathId }) => datapathId));
    for (const [sw, rules] of this.#held) {
      const { links: ports, roots } = staged.networkIn(rules);
      if (!roots.every((root) => known.has(root))) return false;
      if (!ports.every((no) => !sw.ports.get(no)?.isUp || links.portOf(sw, no)?.isLink)) return false;
    }
    return true;
  }

  /** What switches held. */
  end(): ReadonlyMap<ManagedSwitch, readonly Rule[]> {
    const held = this.#held ?? new Map();
    this.#held = undefined;
    return held;
  }
}
