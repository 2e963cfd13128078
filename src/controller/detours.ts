import {
  advance,
  arcContains,
  arcOf,
  type Cell,
  type NodeId,
  type Route,
  type RouteTable,
} from '../../topology/index.ts';
import { switchIdBits } from './pipeline.ts';

export interface DetourOptions {
  /** Ids here are places: switch ids, with zeros behind them. */
  readonly self: NodeId;
  readonly table: RouteTable;
  readonly direction: 'clockwise' | 'anticlockwise';
  /** That each get the very next hop; in ascending order. */
  readonly targets: readonly NodeId[];
  /** Of cells for others than the targets, whose next hop may be less good than the best. Undefined: no others need a way. */
  readonly mostBits: number | undefined;
}

const placeSize = 1n << BigInt(switchIdBits);

/**
 * Ways in one direction, by the first bits of the target: between two neighbours all targets have the same next hop, so that there are
 * fewer such cells than targets. Where cells overlap, the one with more bits counts.
 */
export function detours({ self, table, direction, targets, mostBits }: DetourOptions): [Cell, Route][] {
  const found: [Cell, Route][] = [];
  // What leads to the first place of a cell that a frame comes to leads on to the others.
  const firstOf = (start: NodeId, last: NodeId) => (direction === 'clockwise' ? start : last);
  const hop = (place: NodeId) => table.nextInDirection(place, direction)[0];
  const split = (cell: Cell, from: number, to: number): void => {
    const { start, bits } = cell;
    const isBeyond = mostBits === undefined && to - from <= 1;
    const arc = arcOf(cell);
    const last = advance(arc.end, -placeSize);
    const isWhole = !isBeyond && bits > 0 && !arcContains(arc, self);
    const isSame = isWhole && hop(start) === hop(last);
    if (isSame || (isWhole && bits === mostBits)) found.push([cell, table.route(firstOf(start, last), direction)]);
    if (isSame) return;
    if (isBeyond || bits === mostBits) {
      for (const place of targets.slice(from, to)) {
        found.push([{ start: place, bits: switchIdBits }, table.route(place, direction)]);
      }
      return;
    }
    const middle = advance(start, placeSize << BigInt(switchIdBits - 1 - bits));
    let half = from;
    while (half < to && targets[half]! < middle) half += 1;
    split({ start, bits: bits + 1 }, from, half);
    split({ start: middle, bits: bits + 1 }, half, to);
  };
  split({ start: 0n, bits: 0 }, 0, targets.length);
  return found;
}
