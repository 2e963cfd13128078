/** The simulator: whole nodes, or flooding alone, in virtual time. */
export { type FloodExperiment, type FloodResult, ordinaryExperiment, runFloods } from './flood/experiment.ts';
export { SimNetwork, type SimNode, type SimOptions } from './network.ts';
