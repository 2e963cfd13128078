/** What is varied in an experiment. Shares are 0 to 1. */
export interface FloodExperiment {
  readonly nodes: number;
  readonly floods: number;
  readonly seed: number;
  /** `ipop`: the published rule, on the links that its implementation draws. */
  readonly rule: 'ringlet' | 'ipop';
  /** Of frames on each link: lost, doubled, up to 200 ms late. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  /** Of nodes: dead from the start, and not known to be; of links: missing. */
  readonly dead: number;
  readonly missing: number;
  /** Of all nodes a minute: die while as many join, die, stand still for 2 s, start anew as themselves. */
  readonly churn: number;
  readonly kill: number;
  readonly pause: number;
  readonly restart: number;
  /** How far the wall clock of a node may jump, either way, before it starts anew; ms. */
  readonly clockJumpMs: number;
  /** How long half of the nodes are cut off from the others, from the middle of the floods on; ms. */
  readonly partitionMs: number;
  /** One way, ms; jitter comes on top and lets frames overtake each other. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Roots that start a flood at the same instant. */
  readonly atOnce: number;
}

export const ordinaryExperiment: FloodExperiment = {
  nodes: 128,
  floods: 200,
  seed: 1,
  rule: 'ringlet',
  loss: 0,
  duplicate: 0,
  reorder: 0,
  dead: 0,
  missing: 0,
  churn: 0,
  kill: 0,
  pause: 0,
  restart: 0,
  clockJumpMs: 0,
  partitionMs: 0,
  latencyMs: 15,
  jitterMs: 10,
  atOnce: 1,
};
