import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeId, PlayedCase } from '../../../tools/sim/index.ts';
import { CliError } from '../errors.ts';
import { shortId } from '../table.ts';
import { commandOf } from './flood-options.ts';

const mostNames = 4;

/**
 * Tells of the first flood that somebody missed or got twice, how to repeat it, and where its frames were written: in `folder`,
 * or else in a new one for temporary files. Throws CLI_FILE.
 */
export async function reportFailure({ experiment, failed }: PlayedCase, folder: string | undefined): Promise<string[]> {
  const { formatNodeId, traceFlood, writeTrace } = await import('../../../tools/sim/index.ts');
  const nameOf = (id: NodeId) => shortId(formatNodeId(id));
  const flood = failed[0]!;
  const trace = traceFlood(experiment, flood.number);
  const about = new Set([...flood.missed, ...flood.repeated].slice(0, mostNames));
  const files = await written(folder, (into) => writeTrace(into, `flood-${flood.number + 1}`, trace, about));
  return [
    `${failed.length} of ${experiment.floods} floods failed (${experiment.rule}, seed ${experiment.seed}). ` +
      `Flood ${flood.number + 1}, from ${nameOf(flood.root)}:`,
    ...namesOf('missed by', flood.missed.map(nameOf)),
    ...namesOf('more than once at', flood.repeated.map(nameOf)),
    `  again:  ${commandOf(experiment)}`,
    `  frames: ${files.join(', ')}`,
  ];
}

function namesOf(what: string, ids: readonly string[]): string[] {
  if (ids.length === 0) return [];
  const names = ids.slice(0, mostNames).join(', ');
  return [`  ${what} ${ids.length}: ${names}${ids.length > mostNames ? ', ...' : ''}`];
}

async function written<T>(folder: string | undefined, write: (folder: string) => Promise<T>): Promise<T> {
  try {
    return await write(folder ?? (await mkdtemp(join(tmpdir(), 'ringlet-sim-'))));
  } catch (error) {
    throw new CliError('CLI_FILE', `cannot write the trace: ${(error as Error).message}`, { cause: error });
  }
}
