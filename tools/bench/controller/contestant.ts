import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './fake-switch.ts';

/** Of Linux, wherever it counts for programs. */
const ticksPerSecond = 100;

/** A controller that is measured. */
export interface Contestant {
  readonly name: string;
  readonly command: readonly string[];
  readonly version: 1 | 4;
  readonly answer: Answer;
  readonly environment?: Readonly<Record<string, string>>;
}

/** One that runs, in a process of its own. */
export class RunningContestant {
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  static async start({ name, command, environment }: Contestant, port: number): Promise<RunningContestant> {
    const [program, ...args] = command.map((word) => word.replace('PORT', String(port)));
    const folder = mkdtempSync(join(tmpdir(), 'ringlet-bench-'));
    const env = { ...process.env, ...environment, RINGLET_RUNDIR: folder };
    const child = spawn(program!, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-2000);
    });
    const running = new RunningContestant(child, folder);
    for (let tries = 0; !(await accepts(port)); tries++) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`${name} does not run: ${errors}`);
      await sleep(100);
    }
    return running;
  }

  /** Resident memory, MiB. */
  get memory(): number {
    const text = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
  }

  /** Time of the processor that it took so far, s. */
  get cpuSeconds(): number {
    const text = readFileSync(`/proc/${this.#process.pid}/stat`, 'utf8');
    // What follows the name, which may hold blanks: user and system time are the 14th and 15th field of all.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  async stop(): Promise<void> {
    this.#process.kill();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
