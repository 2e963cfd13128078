import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detours } from '../../src/controller/detours.ts';
import { arcContains, arcOf, clockwise, type NodeId, RouteTable, sortClockwise } from '../../topology/index.ts';

const place = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((id): NodeId => id << 64n);
/** Some next to each other, and to the ends of cells. */
const places = fc
  .tuple(
    fc.array(place, { minLength: 1, maxLength: 60 }),
    fc.array(fc.nat({ max: 63 }), { maxLength: 20 }),
    fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 20, maxLength: 20 }),
  )
  .map(([far, bits, near]) => {
    const ends = bits.map((bit, i) => BigInt.asUintN(64, (1n << BigInt(bit)) + BigInt(near[i]!)) << 64n);
    return [...new Set([...far, ...ends])];
  });

describe('ways in one direction, by cells', () => {
  it.each(['clockwise', 'anticlockwise'] as const)(
    '%s: targets get the next hop, all others one that is on',
    (direction) => {
      fc.assert(
        fc.property(
          places,
          fc.nat({ max: 20 }),
          fc.option(fc.nat({ max: 12 })),
          fc.array(place),
          (ids, links, bits, others) => {
            const [self, ...rest] = ids as [NodeId, ...NodeId[]];
            const neighbours = rest.filter((_, i) => i < links);
            const table = new RouteTable(self, new Map(neighbours.map((id) => [id, []])));
            const options = { self, table, direction, targets: sortClockwise(0n, rest), mostBits: bits ?? undefined };
            const ways = detours(options).sort(([a], [b]) => b.bits - a.bits);
            const hopTo = (target: NodeId) => ways.find(([cell]) => arcContains(arcOf(cell), target))?.[1].hops[0];
            for (const target of rest) expect(hopTo(target)).toBe(table.nextInDirection(target, direction)[0]);
            const left = (from: NodeId, target: NodeId) =>
              direction === 'clockwise' ? clockwise(from, target) : clockwise(target, from);
            for (const target of others.filter((id) => id !== self)) {
              const hop = hopTo(target);
              if (hop !== undefined) expect(left(hop, target)).toBeLessThan(left(self, target));
            }
            // No more than with one for each target, but for those that serve others.
            if (bits === null) expect(ways.length).toBeLessThanOrEqual(rest.length);
          },
        ),
        { numRuns: 300 },
      );
    },
  );
});
