import { basename, relative, resolve } from 'node:path';
import type { Logger } from 'pino';
import { makeRunDirectory } from '../../src/control/index.ts';
import { runDirectory as runDirectoryOf } from '../../src/node/client.ts';
import { aborted, orAborted } from './abort.ts';
import type { LabError } from './errors.ts';
import { endProcesses, removeNamespaces, removeSockets } from './leftovers.ts';
import { readMachineFacts, readNeighbourLimit } from './machine.ts';
import { obstacles } from './mode.ts';
import { NamespaceNetwork } from './namespaces.ts';
import { OneProcessNetwork } from './one-process.ts';
import { planLab } from './plan.ts';
import { checkWish } from './preflight.ts';
import { show } from './show.ts';
import { LabStateFile } from './state.ts';
import { reportText } from './text.ts';

export interface LabOptions {
  /** 2 to 64. */
  readonly nodes: number;
  /** Ends after the report. */
  readonly once: boolean;
  readonly json: boolean;
  /** Name of a node to kill after the echoes. */
  readonly kill?: string;
  readonly logLevel: string;
  readonly log: Logger;
  /** How this program was called: nodes are started by it, and the user is told to use it. */
  readonly program: readonly [node: string, main: string];
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the lab; everything is removed. */
  readonly ending: AbortSignal;
  /** Leaves nodes no time to say good-bye. */
  readonly hurry: AbortSignal;
  readonly print: (line: string) => void;
  readonly progress: (line: string) => void;
}

/**
 * Runs a lab to its end. Resolves to the exit code: 0 when everything that it shows held. Throws LabErrors and errors of
 * nodes, and the reason of `ending` when that comes before the report; nothing is left behind in any case.
 */
export async function runLab(options: LabOptions): Promise<number> {
  const began = performance.now();
  const { nodes, kill, environment, ending, hurry, progress } = options;
  const runDirectory = resolve(runDirectoryOf(environment));
  const plan = planLab(runDirectory, nodes);
  const modeReasons = obstacles(readMachineFacts(environment));
  checkWish({ plan, kill, obstacles: modeReasons, neighbourLimit: readNeighbourLimit() });
  makeRunDirectory(runDirectory);
  const state = LabStateFile.claim(runDirectory);
  const onLine = (line: string) => process.stderr.write(`${line}\n`);
  const network =
    modeReasons.length === 0
      ? new NamespaceNetwork({ ...options, plan, runDirectory, state, onLine })
      : new OneProcessNetwork({ plan, runDirectory, log: options.log });
  try {
    await endProcesses(state.leftovers.children);
    await removeSockets(runDirectory, state.leftovers.nodes);
    if (network.mode === 'namespaces') await removeNamespaces(plan.prefix);
    for (const reason of modeReasons) progress(`no network namespaces: ${reason}; the nodes share one process instead`);
    progress(`starting ${nodes} nodes`);
    await network.start(ending);
    const shown = show(network, { runDirectory, began, modeReasons, kill, progress });
    const result = await orAborted(Promise.race([shown, network.broken]), ending);
    const text = { ringlet: calledAs(options.program), stays: !options.once };
    const { report } = result;
    for (const line of options.json ? [JSON.stringify(report, null, 2)] : reportText(result, text)) options.print(line);
    // From now on a node that ends is the user's doing as a rule.
    network.broken.catch((error: LabError) => progress(error.message));
    if (!options.once) await aborted(ending);
    return report.ok ? 0 : 1;
  } finally {
    await network.stop(hurry);
    state.remove();
  }
}

/** As the user has to type it here. */
function calledAs([, main]: LabOptions['program']): string {
  return basename(main) === 'ringlet' ? 'ringlet' : `node ${relative(process.cwd(), main)}`;
}
