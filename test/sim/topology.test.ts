import { describe, expect, it } from 'vitest';
import { drawTopologies, ordinaryTopology, runTopology } from '../../tools/sim/index.ts';

describe('an overlay of 40 nodes', () => {
  const result = runTopology({ ...ordinaryTopology, nodes: 40, churnMinutes: 1 });

  it('takes a node into its ring within a second of its first link, and meshes it within five', () => {
    expect(result.growth.ringMs).toBeLessThan(5_000);
    expect(result.join.ringMs).toBeLessThanOrEqual(1_000);
    expect(result.join.floodMs).toBeLessThanOrEqual(1_000);
    expect(result.join.meshedMs).toBeLessThanOrEqual(5_000);
  });

  it('closes its ring within two seconds after one, two adjacent or a tenth of its nodes died', () => {
    for (const { detectedMs, closedMs, longestOutageMs } of result.crash) {
      expect(detectedMs).toBeLessThanOrEqual(1_200);
      expect(closedMs).toBeLessThanOrEqual(2_000);
      expect(longestOutageMs).toBeLessThanOrEqual(3_000);
    }
  });

  it('loses nothing when a node leaves', () => {
    expect(result.leave).toMatchObject({ lost: 0, floodsMissed: 0 });
    expect(result.leave.tookMs).toBeGreaterThan(0);
  });

  it('is one ring within five seconds after two halves meet', () => {
    expect(result.partition.ringMs).toBeLessThanOrEqual(5_000);
  });

  it('has ways nearly as short as the shortest, and knows one for every pair', () => {
    expect(result.stretch).toMatchObject({ unreached: 0 });
    expect(result.stretch.ratio).toBeLessThan(1.25);
    expect(result.stretch.floodDepth).toBeLessThan(5);
  });

  it('delivers what nodes send each other while others come and go', () => {
    for (const { messages, delivered } of result.churn) expect(delivered / messages).toBeGreaterThan(0.99);
    const [leaving] = result.churn;
    expect(leaving!.messages - leaving!.delivered).toBe(0);
  });
});

describe('an overlay of 8 nodes that join at once', () => {
  const small = { ...ordinaryTopology, nodes: 8, spacingMs: 0, churnMinutes: 0 };
  const [result, again] = [runTopology(small), runTopology(small)];

  it('finds together within two seconds, and the curve of it is drawn', () => {
    const { ways } = result.growth;
    expect(ways[0]).toEqual({ ms: 0, share: 0 });
    expect(ways.at(-1)!.share).toBe(1);
    expect(ways.at(-1)!.ms).toBeLessThan(2_000);
    expect(drawTopologies([result])).toContain('Pairs of nodes that have a way to each other, %');
    const slow = { ...result, growth: { ...result.growth, ways: [] } };
    expect(drawTopologies([slow])).toContain('Topology by number of nodes');
  });

  it('is the same in every run', () => {
    expect({ ...result, memoryMb: 0 }).toEqual({ ...again, memoryMb: 0 });
  });
});
