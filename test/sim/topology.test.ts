import { describe, expect, it } from 'vitest';
import { ordinaryTopology, runTopology } from '../../tools/sim/index.ts';

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
    for (const { messages, delivered } of result.churn) expect(delivered / messages).toBeGreaterThan(0.98);
    const [leaving] = result.churn;
    expect(leaving!.messages - leaving!.delivered).toBe(0);
  });

  it('is the same in every run', () => {
    const small = { ...ordinaryTopology, nodes: 6, churnMinutes: 0 };
    const [a, b] = [runTopology(small), runTopology(small)];
    expect({ ...a, memoryMb: 0 }).toEqual({ ...b, memoryMb: 0 });
  });
});
