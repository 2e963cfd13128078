import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LabReport } from '../../../tools/lab/index.ts';

export const ringlet: string = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));

/** A lab that stays up until `stop`, in a run directory of its own. */
export interface RunningLab {
  readonly report: LabReport;
  readonly env: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export async function startLab(nodes: number): Promise<RunningLab> {
  const directory = mkdtempSync(join(tmpdir(), 'rgt-lab-'));
  const env = { ...process.env, RINGLET_RUNDIR: directory };
  const child = spawn(process.execPath, [ringlet, 'lab', '--nodes', String(nodes), '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    return { report: await readReport(child), env, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first complete JSON value on standard output. */
function readReport(child: ChildProcess): Promise<LabReport> {
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      try {
        resolve(JSON.parse(output) as LabReport);
      } catch {
        // Not all of it yet.
      }
    });
    child.once('exit', (code) => reject(new Error(`the lab ended with ${code}: ${errors}`)));
  });
}
