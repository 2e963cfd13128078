import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { comeAndGo } from './churn.ts';
import type { TopologyExperiment, TopologyResult } from './experiment.ts';
import { crashAtOnce, divide, leaveOne } from './faults.ts';
import { grow, idle, joinOneByOne } from './growth.ts';
import { Stage } from './stage.ts';
import { measureStretch } from './stretch.ts';

/** Grows an overlay and does to it, one after the other, what overlays have to bear. `progress` hears the share done. */
export function runTopology(
  experiment: TopologyExperiment,
  progress: (share: number) => void = () => {},
): TopologyResult {
  const stage = new Stage(experiment);
  const before = heapUsed();
  const steps = 8;
  let done = 0;
  const step = <T>(work: () => T): T => {
    const result = work();
    done += 1;
    progress(done / steps);
    return result;
  };
  const growth = step(() => grow(stage));
  const memoryMb = (heapUsed() - before) / 2 ** 20 / experiment.nodes;
  const idleMessages = step(() => idle(stage));
  const stretch = step(() => measureStretch(stage));
  const join = step(() => joinOneByOne(stage));
  const crash = step(() => [
    crashAtOnce(stage, 1),
    crashAtOnce(stage, 2),
    crashAtOnce(stage, Math.round(experiment.nodes / 10)),
  ]);
  const leave = step(() => leaveOne(stage));
  const partition = step(() => divide(stage));
  const churn = step(() =>
    experiment.churnMinutes > 0 ? [comeAndGo(stage, 'leaving'), comeAndGo(stage, 'dying')] : [],
  );
  return { nodes: experiment.nodes, growth, join, stretch, crash, leave, partition, churn, memoryMb, idleMessages };
}

/** Of what is in use, without what waits to be collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
