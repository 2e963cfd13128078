import { describe, expect, it } from 'vitest';
import { type FloodExperiment, ordinaryExperiment, runFloods } from '../../tools/sim/index.ts';

const nodes = 64;
const run = (faults: Partial<FloodExperiment>) =>
  runFloods({ ...ordinaryExperiment, nodes, floods: 60, seed: 4, ...faults });

describe(`floods over ${nodes} nodes`, () => {
  it('without faults: n - 1 copies, and nothing is pulled', () => {
    const result = run({});
    expect(result).toMatchObject({ complete: 1, coverage: 1, duplicatesAtLeaves: 0, iwantPerNode: 0 });
    expect(result.copiesPerNode).toBeCloseTo((nodes - 1) / nodes, 10);
    expect(result.ihavePerNode).toBeLessThanOrEqual(result.meanDegree);
  });

  it.each<[string, Partial<FloodExperiment>]>([
    ['1 % loss', { loss: 0.01 }],
    ['5 % loss', { loss: 0.05 }],
    ['5 % dead', { dead: 0.05 }],
    ['10 % of links missing', { missing: 0.1 }],
    ['10 % churn a minute', { churn: 0.1 }],
    [
      'all of them, frames doubled and overtaking each other',
      { loss: 0.025, dead: 0.025, missing: 0.05, churn: 0.05, duplicate: 0.02, jitterMs: 60 },
    ],
    ['20 roots at one instant, with loss', { loss: 0.02, atOnce: 20 }],
  ])('with %s: every node gets every flood once, soon, with few copies', (_, faults) => {
    const result = run(faults);
    expect(result).toMatchObject({ complete: 1, coverage: 1, duplicatesAtLeaves: 0 });
    expect(result.copiesPerNode).toBeLessThan(1.15);
    expect(result.all.p99).toBeLessThan(1_000);
  });

  it('with a tenth of the frames up to 200 ms late: what is late is not asked for more often than it pays', () => {
    const result = run({ reorder: 0.1, floods: 400 });
    expect(result).toMatchObject({ complete: 1, duplicatesAtLeaves: 0 });
    expect(result.copiesPerNode).toBeLessThan(1.05);
  });

  it('by the published rule: whole without faults, and rarely with them', () => {
    expect(run({ rule: 'ipop' })).toMatchObject({ complete: 1, duplicatesAtLeaves: 0 });
    expect(run({ rule: 'ipop', loss: 0.05 }).complete).toBeLessThan(0.5);
  });
});
