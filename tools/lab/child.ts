import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LabError } from './errors.ts';
import { withSbin } from './machine.ts';
import { type ProcessId, processId } from './processes.ts';

export interface ChildOptions {
  /** For people. */
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** A line that it wrote to its standard error. */
  readonly onLine: (line: string) => void;
}

/**
 * A process of the lab. It has an IPC channel, over which it tells once that it is ready, and whose end tells it that the
 * lab is gone; and a session of its own, so that a terminal's Ctrl-C reaches it through the lab only.
 */
export class LabChild {
  readonly name: string;
  readonly id: ProcessId;
  /** Resolves when it tells that it is ready. */
  readonly ready: Promise<void>;
  /** Resolves to why, with its last words. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;

  constructor({ name, command, environment, onLine }: ChildOptions) {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      env: withSbin(environment),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.name = name;
    this.#process = child;
    // A process that could not be started has no pid; `ended` tells.
    this.id = processId(child.pid ?? 0) ?? { pid: child.pid ?? 0, startTime: '' };
    let lastLine = '';
    createInterface({ input: child.stderr! }).on('line', (line) => {
      lastLine = line.replace(/^ringlet: /, '');
      onLine(line);
    });
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) =>
        resolve(lastLine || (signal === null ? `exit code ${code}` : `killed by ${signal}`)),
      );
    });
    this.ready = new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      this.ended.then((why) => reject(new LabError('LAB_PROCESS', `${name} did not come up: ${why}`)));
    });
    // Whoever waits for it hears of it; nobody has to.
    this.ready.catch(() => {});
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Asks it to end, and kills it when it has not after `graceMs` or when `hurry` is aborted. */
  async end(graceMs: number, hurry: AbortSignal): Promise<void> {
    this.#process.kill('SIGTERM');
    const kill = () => this.kill();
    const timer = setTimeout(kill, graceMs);
    if (hurry.aborted) kill();
    hurry.addEventListener('abort', kill);
    await this.ended;
    hurry.removeEventListener('abort', kill);
    clearTimeout(timer);
  }
}
