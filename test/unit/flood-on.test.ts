import { describe, expect, it } from 'vitest';
import { floodOn } from '../../tools/sim/library.ts';

const path = Array.from({ length: 9 }, (_, i) => [BigInt(i), BigInt(i + 1)] as const);

describe('floodOn', () => {
  it('tells what each node heard, when, from whom and how far from the root', () => {
    const { floods, copies, pulls, quietAfterMs } = floodOn({ edges: path });
    const [flood] = floods;
    expect(flood).toMatchObject({ root: 0n, missed: [], repeated: [] });
    expect([...flood!.heard]).toEqual(
      Array.from({ length: 9 }, (_, i) => [
        BigInt(i + 1),
        { from: BigInt(i), afterMs: 20 * (i + 1), depth: i + 1, times: 1 },
      ]),
    );
    expect([copies, pulls]).toEqual([9, 0]);
    expect(quietAfterMs).toBeLessThan(5_000);
  });

  it('runs many floods under faults, the same way each time', () => {
    const run = () =>
      floodOn(
        { edges: [...path, [9n, 0n]] },
        {
          roots: [0n, 5n, 5n],
          spacingMs: 10,
          faults: { loss: 0.2, jitterMs: 50, duplicate: 0.1, reorder: 0.1 },
          seed: 4,
          trace: true,
        },
      );
    const report = run();
    expect(report.floods.map(({ missed, repeated, heard }) => [missed, repeated, heard.size])).toEqual([
      [[], [], 9],
      [[], [], 9],
      [[], [], 9],
    ]);
    expect(report.pulls).toBeGreaterThan(0);
    expect(run()).toEqual(report);
  });

  it('leaves nodes alone that cannot be reached', () => {
    const { floods } = floodOn({ edges: path, nodes: [100n] }, { dead: [4n] });
    expect([...floods[0]!.heard.keys()]).toEqual([1n, 2n, 3n]);
    expect(floods[0]!.missed).toEqual([]);
  });

  it('reports who was missed when nothing gets through', () => {
    const { floods, quietAfterMs } = floodOn({ edges: path }, { faults: { loss: 1 } });
    expect(floods[0]!.missed).toHaveLength(9);
    expect(quietAfterMs).toBeDefined();
  });

  it('refuses ids off the ring and roots that are not there', () => {
    expect(() => floodOn({ edges: [[0n, 2n ** 128n]] })).toThrow(RangeError);
    expect(() => floodOn({ edges: [[0n, -1n]] })).toThrow(RangeError);
    expect(() => floodOn({ edges: path }, { roots: [77n] })).toThrow('no live node 77');
    expect(() => floodOn({ edges: path }, { roots: [3n], dead: [3n] })).toThrow(RangeError);
  });
});
