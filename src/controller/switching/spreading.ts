import { sameTree, type Tree } from '../links/paths.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Barriers } from './barriers.ts';

export interface SpreadingCounters {
  /** Trees that were exchanged for others. */
  treesChanged: number;
}

/**
 * What was sent by a tree last is under way for so long, ms. It would come a second time by the tree that takes its place.
 */
const drainMs = 200;

/**
 * The trees by which floods go, one for each switch where they may enter, and how one is exchanged for another without a frame lost
 * or heard twice: the floods of that switch pass the controller, who sends them to all ports of hosts; the old tree runs dry; all
 * switches are told of the new one; then floods go by it.
 */
export class Spreading {
  readonly #barriers: Barriers;
  readonly #counters: SpreadingCounters;
  readonly #tell: (sw: ManagedSwitch) => void;
  /** By the switch where floods enter. */
  #trees: ReadonlyMap<ManagedSwitch, Tree> = new Map();
  #wanted: ReadonlyMap<ManagedSwitch, Tree> = new Map();
  readonly #diverted = new Set<ManagedSwitch>();
  /** Of the exchange that is under way; an earlier one is given up. */
  #round = 0;

  /** `tell`: brings the rules of a switch in line with what is said here. */
  constructor(barriers: Barriers, tell: (sw: ManagedSwitch) => void, counters: SpreadingCounters) {
    this.#counters = counters;
    this.#barriers = barriers;
    this.#tell = tell;
  }

  /** By which the floods of a switch go now; undefined: by none. */
  treeOf(root: ManagedSwitch): Tree | undefined {
    return this.#trees.get(root);
  }

  /** Floods that enter here pass the controller. */
  isDiverted(root: ManagedSwitch): boolean {
    return this.#diverted.has(root) || !this.#trees.has(root);
  }

  /** These are the trees, and switches know it. */
  begin(trees: ReadonlyMap<ManagedSwitch, Tree>): void {
    this.#trees = trees;
    this.#wanted = trees;
  }

  change(wanted: ReadonlyMap<ManagedSwitch, Tree>, now: number): void {
    const isSame = (root: ManagedSwitch, trees: ReadonlyMap<ManagedSwitch, Tree>) =>
      sameTree(trees.get(root), wanted.get(root));
    const roots = new Set([...this.#wanted.keys(), ...wanted.keys()]);
    const isNews = [...roots].some((root) => !isSame(root, this.#wanted));
    this.#wanted = wanted;
    if (!isNews) return;
    const round = ++this.#round;
    const changed = [...roots].filter((root) => !this.#diverted.has(root) && !isSame(root, this.#trees));
    for (const root of changed) {
      this.#diverted.add(root);
      this.#tell(root);
    }
    if (this.#diverted.size === 0) return;
    const exchange = (at: number) => round === this.#round && this.#exchange(round, at);
    this.#barriers.after(changed, now, (at) => this.#barriers.after([], at, exchange, drainMs));
  }

  #exchange(round: number, now: number): void {
    this.#counters.treesChanged += this.#diverted.size;
    const switches = new Set<ManagedSwitch>();
    for (const trees of [this.#trees, this.#wanted]) {
      for (const root of this.#diverted) for (const sw of trees.get(root)?.branches.keys() ?? []) switches.add(sw);
    }
    this.#trees = this.#wanted;
    for (const sw of switches) this.#tell(sw);
    this.#barriers.after(switches, now, () => {
      if (round !== this.#round) return;
      const roots = [...this.#diverted];
      this.#diverted.clear();
      for (const root of roots) this.#tell(root);
    });
  }
}
