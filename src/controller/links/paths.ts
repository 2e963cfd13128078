import type { ManagedSwitch } from '../runtime/switch.ts';
import type { LinkPort } from './link-port.ts';
import { byPlace, compare } from './tree.ts';

/** What one switch does in a tree. */
export interface Branch {
  /** The only port by which frames come in; undefined at the root. */
  readonly from: number | undefined;
  /** Ports of links by which they go on, in order. */
  readonly to: readonly number[];
}

/** The shortest ways between one switch and all others, for frames from it and to it. */
export interface Tree {
  readonly root: ManagedSwitch;
  readonly branches: ReadonlyMap<ManagedSwitch, Branch>;
}

export function sameTree(a: Tree | undefined, b: Tree | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  if (a.root !== b.root || a.branches.size !== b.branches.size) return false;
  for (const [sw, { from, to }] of a.branches) {
    const other = b.branches.get(sw);
    if (other === undefined || other.from !== from || other.to.join() !== to.join()) return false;
  }
  return true;
}

/** The network between switches, as the links show it at one time. The same network always has the same trees. */
export class Paths {
  /** Ports that forward and lead to other switches, by place. */
  readonly #links = new Map<ManagedSwitch, LinkPort[]>();
  readonly #parts = new Map<unknown, ManagedSwitch[]>();
  readonly #partOf: (sw: ManagedSwitch) => unknown;
  readonly #trees = new Map<ManagedSwitch, Tree>();

  constructor(switches: Iterable<ManagedSwitch>, ports: Iterable<LinkPort>, partOf: (sw: ManagedSwitch) => unknown) {
    this.#partOf = partOf;
    for (const port of [...ports].sort(byPlace)) {
      if (port.isForwarding && port.isLink) push(this.#links, port.sw, port);
    }
    for (const sw of switches) push(this.#parts, partOf(sw), sw);
  }

  /** All switches that are joined with one, itself included. */
  partOf(sw: ManagedSwitch): readonly ManagedSwitch[] {
    return this.#parts.get(this.#partOf(sw)) ?? [sw];
  }

  /** The port of the first cable to each switch that one is joined with directly. */
  neighboursOf(sw: ManagedSwitch): ReadonlyMap<ManagedSwitch, number> {
    const neighbours = new Map<ManagedSwitch, number>();
    for (const port of this.#links.get(sw) ?? []) {
      for (const other of port.segment) {
        const isBoth = port.hears(other) && other.hears(port) && other.sw.isConnected && sw.isConnected;
        if (other.sw !== sw && isBoth && !neighbours.has(other.sw)) neighbours.set(other.sw, port.no);
      }
    }
    return neighbours;
  }

  /** The port by which frames for another switch leave; undefined when none leads there. */
  hop(from: ManagedSwitch, to: ManagedSwitch): number | undefined {
    return this.treeOf(to).branches.get(from)?.from;
  }

  /** Of several shortest ways the one that is chosen differs from root to root, so that links share the load. */
  treeOf(root: ManagedSwitch): Tree {
    const known = this.#trees.get(root);
    if (known !== undefined) return known;
    const branches = new Map<ManagedSwitch, { from: number | undefined; to: number[] }>();
    branches.set(root, { from: undefined, to: [] });
    const reached = new Set<readonly LinkPort[]>();
    for (let level = [root]; level.length > 0; ) {
      const next: ManagedSwitch[] = [];
      for (const sw of level) {
        for (const port of this.#links.get(sw) ?? []) {
          if (reached.has(port.segment)) continue;
          const isNew = (other: LinkPort) => other.isForwarding && !branches.has(other.sw);
          const receivers = port.segment.filter(isNew).sort(byPlace);
          // Whoever is in a network of others is to hear it as well.
          if (port.isCable && receivers.length === 0) continue;
          reached.add(port.segment);
          branches.get(sw)!.to.push(port.no);
          for (const { sw: other, no } of receivers) {
            if (branches.has(other)) continue;
            branches.set(other, { from: no, to: [] });
            next.push(other);
          }
        }
      }
      level = next.sort((a, b) => compare(a.datapathId ^ root.datapathId, b.datapathId ^ root.datapathId));
    }
    const tree = { root, branches };
    this.#trees.set(root, tree);
    return tree;
  }
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
