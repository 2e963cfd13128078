import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ControllerStatus } from '../../../src/controllerd/client.ts';

const exec = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));

export interface RingletEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ringlet` to its end, wherever that is. */
export async function ringlet(directory: string, ...args: string[]): Promise<RingletEnd> {
  const env = { ...process.env, RINGLET_RUNDIR: directory };
  try {
    const { stdout, stderr } = await exec(process.execPath, [MAIN, ...args], {
      env,
      timeout: 20_000,
      maxBuffer: 1 << 26,
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as RingletEnd;
    return { code, stdout, stderr };
  }
}

/** What the controller that runs in `directory` says of itself. */
export async function controllerStatus(directory: string): Promise<ControllerStatus> {
  return JSON.parse((await ringlet(directory, 'controller', 'status', '--json')).stdout) as ControllerStatus;
}

/** A `ringlet` that goes on until it is told to end. */
export class RingletRun {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
  #printed = '';

  private constructor(process: ChildProcess) {
    this.process = process;
    this.exited = once(process, 'exit');
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#printed += chunk;
      });
    }
  }

  /** Resolves when it says that it is up. `netns`: name of the namespace to run in; undefined: the test's own. */
  static async start(netns: string | undefined, directory: string, ...args: string[]): Promise<RingletRun> {
    const env = { ...process.env, RINGLET_RUNDIR: directory };
    const command = [...(netns === undefined ? [] : ['ip', 'netns', 'exec', netns]), process.execPath, MAIN, ...args];
    const run = new RingletRun(spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    await run.waitFor(/Ctrl-C ends it/);
    return run;
  }

  get printed(): string {
    return this.#printed;
  }

  async waitFor(pattern: RegExp, ms = 15_000): Promise<void> {
    for (const end = performance.now() + ms; !pattern.test(this.#printed); ) {
      if (performance.now() > end || this.process.exitCode !== null)
        throw new Error(`no ${pattern} in: ${this.#printed}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.process.kill(signal);
    await this.exited;
  }
}
