import type { FloodEngine } from '../../../switch/flood/index.ts';
import type { FloodExperiment } from './experiment.ts';
import type { FloodLog } from './flood-log.ts';
import { FloodRun, patienceMs, spacingMs } from './run.ts';

export interface FloodResult {
  readonly floods: number;
  /** Floods that every node got which lived and could be reached from their start to their end, 0 to 1. */
  readonly complete: number;
  /** Mean share of those nodes that a flood got to. */
  readonly coverage: number;
  /** Deliveries of one flood to one node beyond the first. */
  readonly duplicatesAtLeaves: number;
  /** Frames with a payload that arrived, for each flood and node. */
  readonly copiesPerNode: number;
  /** Floods named to neighbours, and asked for, for each flood and node; and the frames that did so and arrived. */
  readonly ihavePerNode: number;
  readonly iwantPerNode: number;
  readonly repairFramesPerNode: number;
  readonly meanDegree: number;
  /** Links from the root to the farthest node. */
  readonly depth: Spread;
  /** Virtual ms from the start of a flood until 95 % and all of its nodes had it, of complete floods. */
  readonly most: Spread;
  readonly all: Spread;
}

/** Over floods; NaN where there are none. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export interface FloodOutcome {
  readonly result: FloodResult;
  /** The first flood, which stands for all in a picture. */
  readonly first: FloodLog;
  /** Floods that somebody missed or got twice. */
  readonly failed: readonly FloodLog[];
}

/** Runs floods on a network with faults and counts what became of them. */
export function runFloods(experiment: FloodExperiment): FloodResult {
  return playFloods(experiment, () => {}).result;
}

/** The same, with the floods that failed. `progress` hears the share done, 0 to 1. */
export function playFloods(experiment: FloodExperiment, progress: (share: number) => void): FloodOutcome {
  const { floods, atOnce } = experiment;
  const run = new FloodRun(experiment);
  for (let done = 0; done < floods; done += atOnce) {
    run.start(Math.min(atOnce, floods - done));
    run.pass(spacingMs * atOnce);
    progress(Math.min(1, (done + atOnce) / floods));
  }
  run.net.run(patienceMs);
  return {
    result: resultOf(run),
    first: run.floods[0]!,
    failed: run.floods.filter((flood) => flood.missed.length + flood.repeated.length > 0),
  };
}

function resultOf({ net, engines, floods }: FloodRun): FloodResult {
  const complete = floods.filter(({ coverage }) => coverage === 1);
  const perNode = (sum: number) => sum / floods.length / net.alive.length;
  const sum = (of: (engine: FloodEngine) => number) => engines.reduce((total, engine) => total + of(engine), 0);
  const degrees = [...net.links.values()].reduce((total, peers) => total + peers.size, 0);
  return {
    floods: floods.length,
    complete: complete.length / floods.length,
    coverage: floods.reduce((total, { coverage }) => total + coverage, 0) / floods.length,
    duplicatesAtLeaves: floods.reduce((total, flood) => total + repeats(flood), 0),
    copiesPerNode: perNode(net.received.data),
    ihavePerNode: perNode(sum(({ counters }) => counters.ihaveSent)),
    iwantPerNode: perNode(sum(({ counters }) => counters.iwantSent)),
    repairFramesPerNode: perNode(net.received.other),
    meanDegree: degrees / net.links.size,
    depth: spread(floods.map(({ depth }) => depth)),
    most: spread(complete.map((flood) => flood.timeTo(0.95))),
    all: spread(complete.map((flood) => flood.timeTo(1))),
  };
}

function repeats({ arrivals }: FloodLog): number {
  return [...arrivals.values()].reduce((total, { times }) => total + times - 1, 0);
}

function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99) };
}
