import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advance,
  arcContains,
  clockwise,
  distance,
  formatNodeId,
  maxNodeId,
  parseNodeId,
  ringWithout,
  seededRandom,
  sortClockwise,
  splitArc,
} from '../../topology/index.ts';
import { linkRing } from '../unit/support/ring-links.ts';

/** Ids anywhere, with the extremes and close neighbours of each other well represented. */
const nodeId = fc.oneof(
  fc.bigInt({ min: 0n, max: maxNodeId }),
  fc.bigInt({ min: 0n, max: 8n }),
  fc.bigInt({ min: maxNodeId - 8n, max: maxNodeId }),
);
const ids = (min: number, max: number) => fc.uniqueArray(nodeId, { minLength: min, maxLength: max });

const length = (arc: { start: bigint; end: bigint }) => clockwise(arc.start, arc.end);

describe('arcs', () => {
  it('split into shares that, with orphans and the node itself, are the parent arc, each point once', () => {
    fc.assert(
      fc.property(
        ids(2, 64),
        fc.nat(),
        fc.bigInt({ min: 1n, max: maxNodeId }),
        fc.boolean(),
        (ring, pick, span, root) => {
          const self = ring[pick % ring.length]!;
          const arc = root ? ringWithout(self) : arcAround(self, span, pick);
          const { shares, orphans } = splitArc(self, arc, ring);
          const parts = [...shares.map((share) => share.arc), ...orphans];
          const own = root ? 0n : 1n;
          // Disjoint and complete: the lengths add up, and each part begins where another one (or the node itself) ends.
          expect(parts.reduce((sum, part) => sum + length(part), own)).toBe(length(arc));
          const starts = parts.map((part) => part.start).sort();
          expect(new Set(starts).size).toBe(starts.length);
          for (const { start } of parts) {
            const follows =
              start === arc.start || start === advance(self, 1n) || parts.some(({ end }) => end === start);
            expect(follows).toBe(true);
            expect(arcContains(arc, start)).toBe(true);
          }
          for (const part of parts) expect(arcContains(part, self)).toBe(false);
          for (const share of shares) {
            expect(arcContains(share.arc, share.peer)).toBe(true);
            expect(length(share.arc) < length(arc) || root).toBe(true);
          }
          const covered = shares.map(({ peer }) => peer).sort();
          expect(covered).toEqual(ring.filter((id) => id !== self && arcContains(arc, id)).sort());
        },
      ),
    );
  });

  it('leave no member of a ring of 1 to 64 in an orphan, at any depth, when ring neighbours are linked', () => {
    fc.assert(
      fc.property(ids(1, 64), fc.nat(3), fc.nat(), fc.nat(), (ring, shortcuts, seed, pick) => {
        const sorted = sortClockwise(0n, ring);
        const random = seededRandom(seed);
        const peersOf = linkRing(sorted, shortcuts, (n) => Math.floor(random() * n));
        const root = sorted[pick % sorted.length]!;
        const reached = [root];
        const work = [{ self: root, arc: ringWithout(root) }];
        for (let next = work.pop(); next; next = work.pop()) {
          const { shares, orphans } = splitArc(next.self, next.arc, peersOf.get(next.self)!);
          for (const orphan of orphans) expect(sorted.filter((id) => arcContains(orphan, id))).toEqual([]);
          for (const { peer, arc } of shares) {
            reached.push(peer);
            work.push({ self: peer, arc });
          }
        }
        expect(sortClockwise(0n, reached)).toEqual(sorted);
      }),
    );
  });

  it('measure distances that are symmetric and at most half the ring', () => {
    fc.assert(
      fc.property(nodeId, nodeId, (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) <= 1n << 127n).toBe(true);
        expect(advance(a, clockwise(a, b))).toBe(b);
      }),
    );
  });

  it('print and parse node ids', () => {
    fc.assert(
      fc.property(nodeId, (id) => {
        expect(formatNodeId(id)).toMatch(/^[0-9a-f]{32}$/);
        expect(parseNodeId(formatNodeId(id))).toBe(id);
      }),
    );
    for (const wrong of ['', '0x1', 'F'.repeat(32), '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)} `]) {
      expect(parseNodeId(wrong)).toBeUndefined();
    }
  });
});

function arcAround(self: bigint, span: bigint, pick: number) {
  const before = span / BigInt(2 + (pick % 5));
  return { start: advance(self, -before), end: advance(self, span - before) };
}
