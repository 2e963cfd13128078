import {
  type Arc,
  advance,
  clockwise,
  distance,
  type NodeId,
  type PeerAhead,
  peersAhead,
  sortClockwise,
} from './ring.ts';

/** Where a frame goes next: any of these peers is as good as another. None: the frame is stuck here. */
export type NextHops = readonly NodeId[];

/**
 * How a frame makes its way, in the order of the marks that links carry: by the shorter way round; back the way that floods of its
 * target came, where there is no ring; or, after it got stuck once, in one direction. In each of them something falls with
 * every hop, and none of them leads back to `nearer`: a frame visits no node twice in one of them.
 */
export const routeModes = ['nearer', 'learned', 'clockwise', 'anticlockwise'] as const;
export type RouteMode = (typeof routeModes)[number];
type Direction = 'clockwise' | 'anticlockwise';

export interface Route {
  readonly hops: NextHops;
  /** In which the frame goes on. */
  readonly mode: RouteMode;
  /** Takes the frame when none of the hops can; not as good, but no loop either. */
  readonly spare: NodeId | undefined;
}

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
  readonly #neighbours: ReadonlySet<NodeId>;
  /** The neighbours, in ring order from this node. */
  readonly #ahead: readonly PeerAhead[];
  readonly #learned: ReadonlyMap<NodeId, NodeId> | undefined;

  /**
   * `neighbours`: each with its own, as far as it told. `learned`: where links make no ring, the neighbour that brought the
   * newest flood of each root. Who sent it accepted it before, so that this is no loop as long as it follows each newer flood.
   */
  constructor(self: NodeId, neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, learned?: ReadonlyMap<NodeId, NodeId>) {
    this.#self = self;
    this.#neighbours = new Set(neighbours.keys());
    this.#ahead = peersAhead(self, neighbours.keys());
    this.#learned = learned;
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
    return this.#nearer(target).next().value ?? [];
  }

  /** Where a frame that got stuck goes: on from the other side of the target, in one direction. */
  nextInDirection(target: NodeId, direction: Direction): NextHops {
    const to = clockwise(this.#self, target);
    const beyond = firstIndex(this.#ahead.length, (i) =>
      direction === 'clockwise' ? this.#ahead[i]!.ahead > to : this.#ahead[i]!.ahead >= to,
    );
    const best = this.#ahead[direction === 'clockwise' ? beyond - 1 : beyond];
    return best === undefined ? [] : [best.peer];
  }

  /** The next hops of a frame that comes in `mode`. */
  route(target: NodeId, mode: RouteMode): Route {
    const isNeighbour = this.#neighbours.has(target);
    if (isNeighbour && mode !== 'nearer') return { hops: [target], mode, spare: undefined };
    if (mode === 'clockwise' || mode === 'anticlockwise') return this.#inDirection(target, mode);
    const learned = isNeighbour ? undefined : this.#learned?.get(target);
    const isLinked = learned !== undefined && this.#neighbours.has(learned);
    if (mode === 'learned' || isLinked) return { hops: isLinked ? [learned] : [], mode: 'learned', spare: undefined };
    const classes = this.#nearer(target);
    const hops = classes.next().value ?? [];
    if (hops.length === 0 && this.#learned === undefined) return this.#inDirection(target, this.#wayRound(target));
    // Whom only one way leads to would be lost with it.
    return { hops, mode, spare: hops.length === 1 ? firstOther(classes, hops[0]!) : undefined };
  }

  /** Next hops that serve every target in an arc without this node. Coarser than `route`, and no less free of loops. */
  routeAll({ start, end }: Arc, mode: Direction | 'nearer'): Route {
    const last = advance(end, -1n);
    const middle = advance(start, clockwise(start, last) >> 1n);
    const direct = (direction: Direction) => this.#inDirection(direction === 'clockwise' ? start : last, direction);
    if (mode !== 'nearer') return direct(mode);
    const isNearer = (peer: NodeId) =>
      [start, last].every((target) => distance(peer, target) < distance(this.#self, target));
    const hops = this.next(middle).filter(isNearer);
    if (hops.length > 0) return { hops, mode, spare: undefined };
    const [nearest] = [...this.#neighbours]
      .filter(isNearer)
      .sort((a, b) => (distance(a, middle) < distance(b, middle) ? -1 : 1));
    return nearest === undefined ? direct(this.#wayRound(middle)) : { hops: [nearest], mode, spare: undefined };
  }

  #inDirection(target: NodeId, direction: Direction): Route {
    return { hops: this.nextInDirection(target, direction), mode: direction, spare: undefined };
  }

  /** On from the other side. */
  #wayRound(target: NodeId): Direction {
    return clockwise(this.#self, target) <= clockwise(target, this.#self) ? 'anticlockwise' : 'clockwise';
  }

  /** Neighbours nearer to the target, equals together, those that come nearest first. */
  *#nearer(target: NodeId): Generator<NextHops, undefined> {
    const own = distance(this.#self, target);
    const count = this.#known.length;
    let up = firstIndex(count, (i) => this.#known[i]!.id >= target);
    let down = up - 1;
    for (let seen = 0; seen < count; seen++) {
      const above = this.#known[up % count]!;
      const below = this.#known[(down + count) % count]!;
      const isAbove = distance(above.id, target) < distance(below.id, target);
      const { id, via } = isAbove ? above : below;
      if (isAbove) up += 1;
      else down -= 1;
      if (distance(id, target) >= own) return;
      const nearer = via.filter((peer) => distance(peer, target) < own);
      if (nearer.length > 0) yield nearer;
    }
  }
}

function firstOther(classes: Iterable<NextHops>, hop: NodeId): NodeId | undefined {
  for (const peers of classes) {
    const other = peers.find((peer) => peer !== hop);
    if (other !== undefined) return other;
  }
  return undefined;
}

/** The first index from which on a condition holds, up to `count`. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One of several equals, the same for all frames of a flow. `flow`: any whole number that stands for it. */
export function pickHop(hops: NextHops, flow: number): NodeId | undefined {
  return hops[Math.abs(Math.trunc(flow)) % Math.max(1, hops.length)];
}
