import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Programs that run in one network namespace, with a folder for their files. */
export class Daemons {
  readonly folder = mkdtempSync(join(tmpdir(), 'rgbench-'));
  readonly #netns: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #running: ChildProcess[] = [];

  constructor(netns: string) {
    this.#netns = netns;
    const { folder } = this;
    const ovs = { OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder, OVS_SYSCONFDIR: folder };
    this.#env = { ...process.env, ...ovs, RINGLET_RUNDIR: folder };
  }

  /** Starts a program, and resolves once it has printed what `isUp` wants. Rejects if it ends instead. */
  async start(isUp: RegExp, program: string, ...args: string[]): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.#netns, program, ...args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.push(child);
    let printed = '';
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
          if (isUp.test(printed)) resolve();
        });
      }
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`${program} ended: ${printed}`)));
    });
  }

  /** Seconds of processor time that all of them took so far. */
  get processorSeconds(): number {
    return this.#running.reduce((sum, { pid }) => sum + processorSeconds(pid!), 0);
  }

  /** Runs a program to its end; what it printed. */
  async run(program: string, ...args: string[]): Promise<string> {
    const inside = ['netns', 'exec', this.#netns, program, ...args];
    return (await exec('ip', inside, { env: this.#env, timeout: 30_000 })).stdout;
  }

  /** Ends all that runs, the last one first, and takes the folder away. */
  async end(): Promise<void> {
    for (const child of this.#running.reverse()) if (child.exitCode === null && child.kill()) await once(child, 'exit');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** User and system time (proc(5), fields 14 and 15 of stat), in ticks of 10 ms. */
function processorSeconds(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ').map(Number);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) / 100;
}
