import { choosePolicy, type NodeId, type Random, seededRandom } from '../../../topology/index.ts';
import { randomIds } from '../flood/links.ts';
import type { TopologyExperiment } from './experiment.ts';
import { TopologyNetwork } from './network.ts';
import { worldLatency } from './world.ts';

/** An answer that is not there by then does not come. */
export const limitMs = 30_000;
export const stepMs = 10;

/** Where an experiment takes place: the network, and whoever is still to join it. */
export class Stage {
  readonly experiment: TopologyExperiment;
  readonly random: Random;
  readonly net: TopologyNetwork;
  readonly #ids: NodeId[];

  constructor(experiment: TopologyExperiment) {
    const { latencyMs, isWorld, contacts, seed, nodes } = experiment;
    this.experiment = experiment;
    this.random = seededRandom(seed);
    const { policy } = choosePolicy(experiment);
    const world = isWorld ? { linkMs: worldLatency(seededRandom(seed + 1)) } : {};
    this.net = new TopologyNetwork({ policy, random: this.random, latencyMs, contacts, ...world });
    this.#ids = randomIds(4 * nodes + 1_000, this.random);
  }

  /** Of a node that was not there before. */
  nextId(): NodeId {
    return this.#ids.pop()!;
  }

  /** Virtual ms until it holds, or the limit. */
  until(holds: () => boolean, step = stepMs): number {
    const start = this.net.clock.now();
    while (!holds() && this.net.clock.now() - start < limitMs) this.net.run(step);
    return this.net.clock.now() - start;
  }
}
