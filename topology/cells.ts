import { type Arc, advance, arcContains, distance, type NodeId } from './ring.ts';

/** A stretch of the ring: all ids that begin with the same so many bits. */
export interface Cell {
  /** Its lowest id. */
  readonly start: NodeId;
  readonly bits: number;
}

const idBits = 128;
const fewestBits = 2;
/** A cell is at least so many times as far from the node as it is long, so that it is passed on to about where it is. */
const farness = 4n;

/** Bits of the smallest cells: a fraction of what lies between two of `nodes` nodes. */
export function bitsOfCells(nodes: number): number {
  return Math.min(idBits / 2, Math.ceil(Math.log2(nodes)) + fewestBits);
}

/**
 * Cells that together are the ring, but for what is next to the node: the farther from it, the larger. Some eight for each doubling of
 * the distance.
 */
export function cellsAround(self: NodeId, nodes: number): Cell[] {
  const mostBits = bitsOfCells(nodes);
  const split = (start: NodeId, bits: number): Cell[] => {
    const { length, end, isHere } = shape({ start, bits }, self);
    const away = isHere ? 0n : least(distance(self, start), distance(self, advance(end, -1n)));
    if (bits >= fewestBits && length * farness <= away) return [{ start, bits }];
    if (bits >= mostBits) return isHere ? [] : [{ start, bits }];
    return [...split(start, bits + 1), ...split(start + length / 2n, bits + 1)];
  };
  return split(0n, 0);
}

export function arcOf({ start, bits }: Cell): Arc {
  return { start, end: advance(start, 1n << BigInt(idBits - bits)) };
}

function shape(cell: Cell, self: NodeId) {
  const arc = arcOf(cell);
  return { length: 1n << BigInt(idBits - cell.bits), end: arc.end, isHere: cell.bits === 0 || arcContains(arc, self) };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
