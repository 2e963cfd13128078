import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planLab } from '../../../tools/lab/plan.ts';

const TREE = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = join(TREE, 'dist/src/cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `ringlet` that a test started. */
export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once standard output holds the text; rejects when the program ends before. */
  printed(text: string): Promise<string>;
}

export interface SpawnOptions {
  /** Of Node itself. */
  readonly nodeArguments?: readonly string[];
  readonly uid?: number;
  /** With an IPC channel, over which it learns of our end. */
  readonly lifeline?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

/** A run directory of its own, and every `ringlet` that was started in it. */
export class LabRun {
  readonly directory = mkdtempSync(join(tmpdir(), 'ringlet-lab-'));
  /** Where programs run; without: in the namespace of the tests. */
  readonly namespace: string | undefined;
  readonly #running: ChildProcess[] = [];
  /** Mount points that other users had this tree at. */
  readonly #trees: string[] = [];

  constructor(namespace?: string) {
    this.namespace = namespace;
  }

  start(
    args: readonly string[],
    { nodeArguments = [], uid, lifeline = false, environment = {} }: SpawnOptions = {},
  ): Running {
    const [program, ...rest] = this.#command(uid, [...nodeArguments, MAIN, ...args]);
    const child = spawn(program!, rest, {
      cwd: '/',
      env: { ...process.env, RINGLET_RUNDIR: this.directory, ...environment },
      stdio: ['ignore', 'pipe', 'pipe', ...(lifeline ? ['ipc' as const] : [])],
    });
    this.#running.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // Not the event `close`, which does not come once an IPC channel was closed from this side.
    const ended = Promise.all([once(child, 'exit'), once(child.stdout!, 'close'), once(child.stderr!, 'close')]);
    const finished = ended.then(([[code]]): Finished => ({ code, stdout, stderr }));
    const printed = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const look = () => stdout.includes(text) && resolve(stdout);
        child.stdout!.on('data', look);
        look();
        finished.then((end) => reject(new Error(`ended with ${end.code} before it said '${text}': ${end.stderr}`)));
      });
    return { process: child, finished, printed };
  }

  /** Runs to the end. */
  run(args: readonly string[], options?: SpawnOptions): Promise<Finished> {
    return this.start(args, options).finished;
  }

  /** Lets another user use the directory; programs of that user make their own below it. */
  openToAll(): string {
    chmodSync(this.directory, 0o777);
    return join(this.directory, 'theirs');
  }

  /** Processes that the lab in this directory started, as its state file tells. */
  children(): number[] {
    const { children } = JSON.parse(readFileSync(join(this.directory, 'lab.json'), 'utf8'));
    return children.map(({ pid }: { pid: number }) => pid);
  }

  /** Everything of a lab that is still there: namespaces, files, processes of this run directory. Interfaces live in namespaces. */
  remains(): string[] {
    return [
      ...this.#namespaces(),
      ...readdirSync(this.directory),
      ...processesOf(this.directory).map((pid) => `process ${pid}`),
    ];
  }

  /** Kills what a failed test left, and removes the rest by the lab's own means. */
  async end(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    for (const pid of processesOf(this.directory)) kill(pid);
    if (this.#namespaces().length > 0) await this.run(['lab', '--nodes', '2', '--once']);
    for (const tree of this.#trees) rmdirSync(tree);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Another user may not enter a namespace, nor, it may be, the folder of this tree: he finds it mounted elsewhere. */
  #command(uid: number | undefined, args: readonly string[]): string[] {
    if (uid !== undefined) {
      const tree = mkdtempSync(join(tmpdir(), 'ringlet-tree-'));
      this.#trees.push(tree);
      chmodSync(tree, 0o755);
      const script = `mount --bind "$1" "$2" && shift 2 && exec setpriv --reuid ${uid} --regid ${uid} --clear-groups "$@"`;
      const moved = args.map((arg) => arg.replace(TREE, `${tree}/`));
      return ['unshare', '--mount', 'sh', '-c', script, 'sh', TREE, tree, process.execPath, ...moved];
    }
    return [
      ...(this.namespace === undefined ? [] : ['ip', 'netns', 'exec', this.namespace]),
      process.execPath,
      ...args,
    ];
  }

  #namespaces(): string[] {
    const { prefix } = planLab(this.directory, 2);
    const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
    return names.filter((name) => name.startsWith(prefix));
  }
}

/** Processes that have the run directory in their environment: those of the lab, however they were started. */
function processesOf(directory: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => {
    try {
      // The state Z, after the name in parentheses: ended, and not yet waited for.
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`RINGLET_RUNDIR=${directory}`);
    } catch {
      return false;
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
