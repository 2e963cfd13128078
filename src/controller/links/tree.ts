import type { ManagedSwitch } from '../runtime/switch.ts';
import type { LinkPort } from './link-port.ts';

/** What is joined with what. */
class Groups<T> {
  readonly #parents = new Map<T, T>();

  rootOf(member: T): T {
    let root = member;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    for (let at = member; at !== root; ) {
      const next = this.#parents.get(at)!;
      this.#parents.set(at, root);
      at = next;
    }
    return root;
  }

  /** False: they were joined already. */
  join(a: T, b: T): boolean {
    const [left, right] = [this.rootOf(a), this.rootOf(b)];
    if (left === right) return false;
    this.#parents.set(left, right);
    return true;
  }
}

export interface Tree {
  readonly forwarding: ReadonlySet<LinkPort>;
  /** Switches of one part of the network have the same. */
  partOf(sw: ManagedSwitch): unknown;
}

/**
 * The ports that forward, so that there is one way between any two places and no loop. Ports that hear each other's probes are on one
 * segment, be it a cable or a network that is not ours; switches and segments are the nodes, ports the edges. A port that hears
 * nobody has a segment of its own. Ports that forward already come first, so that a change moves as little as may be; those of
 * switches that cannot be told otherwise come before them.
 */
export function spanningTree(ports: Iterable<LinkPort>): Tree {
  const segments = new Groups<LinkPort>();
  const candidates: LinkPort[] = [];
  for (const port of ports) {
    for (const other of port.heard) segments.join(port, other);
    if (port.sw.isConnected ? port.isUsable : port.isForwarding) candidates.push(port);
  }
  candidates.sort((a, b) => rank(a) - rank(b) || compare(a.sw.datapathId, b.sw.datapathId) || a.no - b.no);
  const nodes = new Groups<LinkPort | ManagedSwitch>();
  const forwarding = new Set(candidates.filter((port) => nodes.join(port.sw, segments.rootOf(port))));
  return { forwarding, partOf: (sw) => nodes.rootOf(sw) };
}

function rank(port: LinkPort): number {
  if (!port.sw.isConnected) return 0;
  return port.isForwarding ? 1 : 2;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
