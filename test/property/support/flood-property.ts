import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type TracedFrame, writeTrace } from '../../../tools/sim/index.ts';
import type { NodeId } from '../../../topology/index.ts';

/** What a case did. */
export interface Played {
  /** What is wrong with it, if anything is. */
  readonly fault: string | undefined;
  /** Frames, if they were asked for, and the nodes that it is about. */
  readonly trace: readonly TracedFrame[];
  readonly about?: ReadonlySet<NodeId>;
}

/**
 * Holds for every case, or else throws with the smallest case that fails, its seed, the command that repeats it (`file` and
 * `name` are of the test), and the files to which the frames of that case were written.
 */
export async function holdsForAll<T>(
  test: { readonly file: string; readonly name: string; readonly numRuns: number },
  cases: fc.Arbitrary<T>,
  play: (each: T, withTrace: boolean) => Played,
): Promise<void> {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  const property = fc.property(cases, (each) => {
    const { fault } = play(each, false);
    if (fault !== undefined) throw new Error(fault);
  });
  const again = seed === undefined ? {} : { seed: Number(seed), ...(path !== undefined && { path }) };
  const details = fc.check(property, { numRuns: test.numRuns, ...again });
  if (!details.failed) return;
  const { trace, about } = play(details.counterexample![0], true);
  const files = await writeTrace(mkdtempSync(join(tmpdir(), 'ringlet-case-')), 'case', trace, about);
  const command = `npx vitest run --config test/vitest.config.ts ${test.file} -t '${test.name}'`;
  throw new Error(
    [
      ...[String(details.errorInstance), await fc.asyncDefaultReportMessage(details), ''],
      `again:  FC_SEED=${details.seed} FC_PATH=${details.counterexamplePath} ${command}`,
      `frames: ${files.join(', ')}`,
    ].join('\n'),
    { cause: details.errorInstance },
  );
}
