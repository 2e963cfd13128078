import { decodeFrb, type FloodName } from '../../../switch/flood/index.ts';
import { isAbout, type TracedFrame } from '../trace/frame-trace.ts';
import type { FloodExperiment } from './experiment.ts';
import { FloodRun, patienceMs, spacingMs } from './run.ts';

/**
 * The frames of one flood of an experiment, which is run again up to there: the same options give the same run. Empty if the
 * flood's root had no neighbour.
 */
export function traceFlood(experiment: FloodExperiment, number: number): readonly TracedFrame[] {
  const { floods, atOnce } = experiment;
  let flood: FloodName | undefined;
  let trace: TracedFrame[] = [];
  const run = new FloodRun(experiment, (frame) => {
    if (number < run.floods.length && (flood === undefined || isAbout(flood, frame.frame))) trace.push(frame);
  });
  const end = Math.min(floods, number + Math.ceil(patienceMs / spacingMs));
  for (let done = 0; done < end; done += atOnce) {
    for (let i = 0; i < Math.min(atOnce, floods - done); i++) {
      const copies = run.start(1);
      if (run.floods.length - 1 !== number) continue;
      const frb = copies[0] && decodeFrb(copies[0].frb);
      if (frb === undefined || typeof frb === 'string') return [];
      flood = frb;
      trace = trace.filter(({ frame }) => isAbout(frb, frame));
    }
    run.pass(spacingMs * atOnce);
  }
  run.net.run(patienceMs);
  return trace;
}
