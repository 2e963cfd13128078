/** Asking a live node: the light part of this folder's face. It loads nothing heavy, so that commands answer at once. */
import { ask, whoRuns } from '../control/client.ts';
import type { Question, Reports } from './report.ts';

export { runDirectory } from '../control/rundir.ts';
export { version } from '../lib/version.ts';
export { NodeError } from './errors.ts';
export * from './report.ts';

/** Throws CONTROL_NOT_RUNNING and CONTROL_REFUSED. */
export async function askNode<Q extends Question>(directory: string, name: string, question: Q): Promise<Reports[Q]> {
  const { data } = await ask(directory, name, { ask: question });
  return data as Reports[Q];
}

/** Names of nodes that accept a question now, sorted. */
export const runningNodes: (directory: string) => Promise<string[]> = whoRuns;
