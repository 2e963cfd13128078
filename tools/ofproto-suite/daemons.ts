import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { appctl } from './appctl.ts';
import { SuiteError } from './errors.ts';
import { Sandbox } from './sandbox.ts';
import { vsctl } from './vsctl.ts';

/** One command line, as `stand-in.mjs` passes it on. */
interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly rundir: string;
}

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The daemons of all tests that run: serves the stand-ins on one Unix socket. */
export class Daemons {
  readonly #server: Server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly #sandboxes = new Map<string, Sandbox>();
  /** Processes whose only purpose is to have a number that the suite can kill, by `<folder>/<daemon>`. */
  readonly #placeholders = new Map<string, ChildProcess>();

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
  }

  async close(): Promise<void> {
    for (const child of this.#placeholders.values()) child.kill();
    for (const sandbox of this.#sandboxes.values()) await sandbox.stop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', async () => socket.end(JSON.stringify(await this.#answer(JSON.parse(text) as Call))));
  }

  async #answer(call: Call): Promise<Answer> {
    try {
      return { code: 0, stdout: await this.#run(call), stderr: '' };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { code: error instanceof SuiteError ? 1 : 2, stdout: '', stderr: `${call.program}: ${error.message}\n` };
    }
  }

  async #run({ program, args, rundir }: Call): Promise<string> {
    if (program === 'ovsdb-server' || program === 'ovs-vswitchd') return this.#start(program, rundir);
    const sandbox = this.#sandbox(rundir);
    if (program === 'ovs-vsctl') return vsctl(sandbox, args);
    const target = args.indexOf('-t');
    const daemon = target < 0 ? 'ovs-vswitchd' : args[target + 1]!;
    const command = target < 0 ? args : args.toSpliced(target, 2);
    if (command[0] === 'exit') return this.#exit(daemon, rundir);
    return appctl(sandbox, command);
  }

  #sandbox(rundir: string): Sandbox {
    const sandbox = this.#sandboxes.get(rundir) ?? new Sandbox(rundir);
    this.#sandboxes.set(rundir, sandbox);
    return sandbox;
  }

  async #start(daemon: string, rundir: string): Promise<string> {
    const child = spawn('sleep', ['3600'], { stdio: 'ignore' });
    const key = join(rundir, daemon);
    this.#placeholders.set(key, child);
    child.on('exit', () => {
      this.#placeholders.delete(key);
      if (daemon === 'ovs-vswitchd') void this.#forget(rundir);
    });
    await writeFile(`${key}.pid`, `${child.pid}\n`);
    await writeFile(`${key}.log`, '');
    return '';
  }

  async #exit(daemon: string, rundir: string): Promise<string> {
    if (daemon === 'ovs-vswitchd') await this.#forget(rundir);
    this.#placeholders.get(join(rundir, daemon))?.kill();
    return '';
  }

  async #forget(rundir: string): Promise<void> {
    const sandbox = this.#sandboxes.get(rundir);
    this.#sandboxes.delete(rundir);
    await sandbox?.stop();
  }
}
