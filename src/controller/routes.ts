import {
  arcOf,
  bitsOfCells,
  cellsAround,
  type NodeId,
  type Route,
  RouteTable,
  routeModes,
  sortClockwise,
  switchIdOf,
} from '../../topology/index.ts';
import { detours } from './detours.ts';
import { switchIdBits } from './pipeline.ts';

/** Where frames go that are for a switch, or for any switch whose id begins with the same bits. */
export interface Way {
  readonly target: bigint;
  /** Of the target, from the highest one on: all of them if it is one switch. */
  readonly bits: number;
  /** What the frames are marked with when they come, and from here on. */
  readonly mark: number;
  readonly nextMark: number;
  /** Of the links to the next hops, one as good as another; at least one. */
  readonly ports: readonly number[];
  /** Of the link that takes over when the only next hop is gone. */
  readonly spare: number | undefined;
}

export interface RoutesOptions {
  readonly self: NodeId;
  /** Those whose links may be used, each with its own neighbours as far as they are known. */
  readonly neighbours: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Port of the link to each of them, by switch id. */
  readonly ports: ReadonlyMap<bigint, number>;
  readonly members: readonly NodeId[];
  /** How many nodes there seem to be; where `members` are not all of them, there are ways for the others, too. */
  readonly nodes: number;
  /** Set where links make no ring: see `RouteTable`. */
  readonly learned: ReadonlyMap<NodeId, NodeId> | undefined;
}

const directions = ['clockwise', 'anticlockwise'] as const;

/**
 * Every way from here. All that counts of a node is its switch id, which is all that a frame has of its target: were one switch to go by
 * more than another, distances would not fall with every hop.
 */
export function waysFrom(options: RoutesOptions): Way[] {
  const { self, neighbours, learned, members, nodes } = options;
  const places = new Map([...neighbours].map(([peer, theirs]) => [placeOf(peer), theirs.map(placeOf)]));
  const hints = learned && new Map([...learned].map(([root, via]) => [placeOf(root), placeOf(via)]));
  const table = new RouteTable(placeOf(self), places, hints);
  const ways: Way[] = [];
  const add = (target: bigint, bits: number, mode: Route['mode'], route: Route) => {
    const way = wayOf(target, bits, mode, route, options.ports);
    if (way !== undefined) ways.push(way);
  };
  const here = placeOf(self);
  const known = new Set([...members, ...(learned?.keys() ?? [])].map(placeOf));
  known.delete(here);
  for (const place of known) add(switchIdOf(place), switchIdBits, 'nearer', table.route(place, 'nearer'));
  if (learned !== undefined) {
    for (const place of known) add(switchIdOf(place), switchIdBits, 'learned', table.route(place, 'learned'));
    return ways;
  }
  const targets = sortClockwise(0n, known);
  const mostBits = members.length + 1 < nodes ? bitsOfCells(nodes) : undefined;
  for (const direction of directions) {
    for (const [cell, route] of detours({ self: here, table, direction, targets, mostBits })) {
      add(switchIdOf(cell.start), cell.bits, direction, route);
    }
  }
  if (mostBits === undefined) return ways;
  for (const cell of cellsAround(here, nodes)) {
    add(switchIdOf(cell.start), cell.bits, 'nearer', table.routeAll(arcOf(cell), 'nearer'));
  }
  return ways;
}

function wayOf(
  target: bigint,
  bits: number,
  mode: Route['mode'],
  { hops, mode: next, spare }: Route,
  portTo: ReadonlyMap<bigint, number>,
): Way | undefined {
  const ports = hops.flatMap((hop) => portTo.get(switchIdOf(hop)) ?? []);
  if (ports.length > 1) ports.sort((a, b) => a - b);
  if (ports.length === 0) return undefined;
  const marks = { mark: routeModes.indexOf(mode), nextMark: routeModes.indexOf(next) };
  return { target, bits, ...marks, ports, spare: spare === undefined ? undefined : portTo.get(switchIdOf(spare)) };
}

/** A node's place on the ring, as far as its switch id tells. */
function placeOf(id: NodeId): NodeId {
  return switchIdOf(id) << BigInt(switchIdBits);
}
