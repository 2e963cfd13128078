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

export interface OpenPorts {
  readonly forwarding: ReadonlySet<LinkPort>;
  /** Switches of one part of the network have the same. */
  partOf(sw: ManagedSwitch): unknown;
}

/**
 * The ports that forward. Ports that hear each other's probes are on one segment, and learn so here. A cable between two switches is open
 * at both ends, whatever cycles there are: frames keep to the tree of where they come from. What else is between switches is a network
 * of others, where whoever is connected sees a frame: of its ports just so many forward that there is one way through it. A port
 * that hears nobody has a segment of its own. Ports that forward already come first, so that a change moves as little as may
 * be; those of switches that cannot be told otherwise come before them.
 */
export function chooseOpen(ports: Iterable<LinkPort>): OpenPorts {
  const joined = new Groups<LinkPort>();
  const all = [...ports];
  for (const port of all) for (const other of port.heard) joined.join(port, other);
  const segments = new Map<LinkPort, LinkPort[]>();
  for (const port of all) {
    const segment = segments.get(joined.rootOf(port));
    if (segment === undefined) segments.set(joined.rootOf(port), [port]);
    else segment.push(port);
  }
  for (const segment of segments.values()) for (const port of segment) port.segment = segment;
  const nodes = new Groups<LinkPort | ManagedSwitch>();
  const forwarding = new Set<LinkPort>();
  const others: LinkPort[] = [];
  for (const port of all) {
    if (!isCandidate(port)) continue;
    if (port.isCable && port.segment.every(isCandidate)) {
      forwarding.add(port);
      for (const { sw } of port.segment) nodes.join(port.sw, sw);
    } else others.push(port);
  }
  others.sort((a, b) => rank(a) - rank(b) || byPlace(a, b));
  for (const port of others) if (nodes.join(port.sw, joined.rootOf(port))) forwarding.add(port);
  return { forwarding, partOf: (sw) => nodes.rootOf(sw) };
}

function isCandidate(port: LinkPort): boolean {
  return port.sw.isConnected ? port.isUsable : port.isForwarding;
}

function rank(port: LinkPort): number {
  if (!port.sw.isConnected) return 0;
  return port.isForwarding ? 1 : 2;
}

export function byPlace(a: LinkPort, b: LinkPort): number {
  return compare(a.sw.datapathId, b.sw.datapathId) || a.no - b.no;
}

export const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
