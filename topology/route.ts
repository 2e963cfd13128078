import { clockwise, distance, type NodeId, sortClockwise } from './ring.ts';

/** Where a frame goes next: any of these peers is as good as another. None: the frame is stuck here. */
export type NextHops = readonly NodeId[];

/**
 * How a frame makes its way: by the shorter way round, or, after it got stuck once, in one direction only. In each of them
 * the distance falls with every hop, and there is no way back to `nearer`: a frame visits no node twice in one of them.
 */
export type RouteMode = 'nearer' | 'clockwise' | 'anticlockwise';

interface Known {
  readonly id: NodeId;
  /** Neighbours through which it is one or no hop away. */
  readonly via: NodeId[];
}

/**
 * Next hops by node id. A frame goes to a neighbour strictly nearer to its target than this node, so that no view, however stale,
 * makes a loop; of those to one that is, or that has, the neighbour nearest to the target.
 */
export class RouteTable {
  readonly #self: NodeId;
  /** Neighbours and their neighbours, in ring order. */
  readonly #known: readonly Known[];
  readonly #neighbours: readonly NodeId[];

  /** `neighbours`: each with its own, as far as it told. */
  constructor(self: NodeId, neighbours: ReadonlyMap<NodeId, readonly NodeId[]>) {
    this.#self = self;
    this.#neighbours = [...neighbours.keys()];
    const known = new Map<NodeId, Known>();
    for (const [peer, theirs] of neighbours) {
      for (const id of [peer, ...theirs]) {
        if (id === self) continue;
        const entry = known.get(id) ?? { id, via: [] };
        known.set(id, entry);
        // A neighbour itself is the way to it, not those that have a link with it too.
        if (neighbours.has(id) ? id === peer : !entry.via.includes(peer)) entry.via.push(peer);
      }
    }
    this.#known = sortClockwise(0n, known.keys()).map((id) => known.get(id)!);
  }

  next(target: NodeId): NextHops {
    const own = distance(this.#self, target);
    const count = this.#known.length;
    let [up, down] = [this.#firstAtOrAfter(target), 0];
    down = up - 1;
    for (let seen = 0; seen < count; seen++) {
      const above = this.#known[up % count]!;
      const below = this.#known[(down + count) % count]!;
      const isAbove = distance(above.id, target) < distance(below.id, target);
      const { id, via } = isAbove ? above : below;
      if (isAbove) up += 1;
      else down -= 1;
      if (distance(id, target) >= own) return [];
      const nearer = via.filter((peer) => distance(peer, target) < own);
      if (nearer.length > 0) return nearer;
    }
    return [];
  }

  /** Where a frame that got stuck goes: on from the other side of the target, in one direction. */
  nextInDirection(target: NodeId, mode: Exclude<RouteMode, 'nearer'>): NextHops {
    const left = mode === 'clockwise' ? (id: NodeId) => clockwise(id, target) : (id: NodeId) => clockwise(target, id);
    let [best, least]: [NodeId | undefined, bigint] = [undefined, left(this.#self)];
    for (const peer of this.#neighbours) {
      if (left(peer) < least) [best, least] = [peer, left(peer)];
    }
    return best === undefined ? [] : [best];
  }

  /** The next hops of a frame that comes in `mode`, and the mode in which it goes on. */
  route(target: NodeId, mode: RouteMode): { readonly hops: NextHops; readonly mode: RouteMode } {
    if (mode !== 'nearer') return { hops: this.nextInDirection(target, mode), mode };
    const hops = this.next(target);
    if (hops.length > 0) return { hops, mode };
    const ahead = clockwise(this.#self, target);
    const around = ahead <= clockwise(target, this.#self) ? 'anticlockwise' : 'clockwise';
    return { hops: this.nextInDirection(target, around), mode: around };
  }

  #firstAtOrAfter(id: NodeId): number {
    let [low, high] = [0, this.#known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#known[middle]!.id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** One of several equals, the same for all frames of a flow. `flow`: any whole number that stands for it. */
export function pickHop(hops: NextHops, flow: number): NodeId | undefined {
  return hops[Math.abs(Math.trunc(flow)) % Math.max(1, hops.length)];
}
