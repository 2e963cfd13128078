import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { joinByVeth, makeNetns, type Netns } from './netns.ts';

const MAIN = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));
const exec = promisify(execFile);

/** A program that a test started, and what it printed so far. */
export interface Program {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  /** Standard output and standard error. */
  printed(): string;
  /** Rejects after `ms` with what was printed. */
  waitFor(pattern: RegExp, ms?: number): Promise<string>;
  /** Resolves once it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Two hosts, each in a namespace of its own, and a third namespace between them where a bridge and its controllers run:
 *
 *     h1 (10.99.0.1, fd99::1) eth0 ---- e1 [ switch ] e2 ---- eth0 h2 (10.99.0.2, fd99::2)
 */
export class BridgeLab {
  /** Run directory of the bridges, and a place for files. */
  readonly directory = mkdtempSync(join(tmpdir(), 'rgt-bridge-'));
  readonly h1: Netns;
  readonly h2: Netns;
  readonly between: Netns;
  readonly #programs: Program[] = [];

  static async make(): Promise<BridgeLab> {
    const [h1, h2, between] = await Promise.all([makeNetns(), makeNetns(), makeNetns()]);
    for (const [i, netns] of [h1, h2].entries()) {
      await joinByVeth(
        { netns, name: 'eth0', addresses: [`10.99.0.${i + 1}/24`, `fd99::${i + 1}/64`] },
        { netns: between, name: `e${i + 1}`, addresses: [] },
      );
    }
    return new BridgeLab(h1, h2, between);
  }

  private constructor(h1: Netns, h2: Netns, between: Netns) {
    this.h1 = h1;
    this.h2 = h2;
    this.between = between;
  }

  /** Starts a program in the namespace between the hosts. */
  start(program: string, ...args: string[]): Program {
    return this.startIn(this.between, program, ...args);
  }

  startIn(netns: Netns, program: string, ...args: string[]): Program {
    const child = spawn('ip', ['netns', 'exec', netns.name, program, ...args], {
      env: { ...process.env, RINGLET_RUNDIR: this.directory, OVS_RUNDIR: this.directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    const started: Program = {
      process: child,
      exited,
      printed: () => text,
      waitFor: async (pattern, ms = 15_000) => {
        await until(
          () => pattern.test(text),
          ms,
          () => `${pattern} not in: ${text}`,
        );
        return text;
      },
      stop: async (signal = 'SIGTERM') => {
        child.kill(signal);
        await exited;
      },
    };
    this.#programs.push(started);
    return started;
  }

  /** Starts a bridge named sw1 with the ports 1 (e1) and 2 (e2), and resolves when it is up. */
  async bridge(...args: string[]): Promise<Program> {
    const ports = ['--port', '1@eth:e1', '--port', '2@eth:e2'];
    const bridge = this.start(process.execPath, MAIN, 'bridge', '--name', 'sw1', ...ports, ...args);
    await bridge.waitFor(/Ctrl-C ends it/);
    return bridge;
  }

  /** Runs a `ringlet` to its end, and resolves to what it printed; rejects when it fails. */
  async ringlet(...args: string[]): Promise<string> {
    const env = { ...process.env, RINGLET_RUNDIR: this.directory };
    return (await exec(process.execPath, [MAIN, ...args], { env, timeout: 20_000 })).stdout;
  }

  /** Runs ovs-ofctl, which knows the bridge by its name. */
  async ofctl(...args: string[]): Promise<string> {
    const env = { ...process.env, OVS_RUNDIR: this.directory };
    const running = exec('ip', ['netns', 'exec', this.between.name, 'ovs-ofctl', ...args], { env, timeout: 20_000 });
    return (await running).stdout;
  }

  /** What a command for programs answers. */
  async ask<T>(question: string): Promise<T> {
    return JSON.parse(await this.ringlet(question, 'sw1', '--json')) as T;
  }

  /** Whether h2 answers an echo of h1 within a second. */
  async reaches(address = '10.99.0.2'): Promise<boolean> {
    return this.h1.run('ping', '-n', '-c', '1', '-W', '1', address).then(
      () => true,
      () => false,
    );
  }

  /** Rejects when the hosts do not reach each other over IPv4 and IPv6 within `ms`. */
  async reached(ms = 15_000): Promise<void> {
    for (const address of ['10.99.0.2', 'fd99::2']) {
      const end = performance.now() + ms;
      while (!(await this.reaches(address))) {
        if (performance.now() > end) throw new Error(`no answer of ${address} in ${ms} ms`);
      }
    }
  }

  /** Ends all programs and removes all namespaces and files. */
  async end(): Promise<void> {
    for (const { process: child } of this.#programs) child.kill('SIGKILL');
    await Promise.all([this.h1, this.h2, this.between].map((netns) => netns.delete()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function until(
  isSo: () => boolean | Promise<boolean>,
  ms = 15_000,
  otherwise = () => `not within ${ms} ms: ${isSo}`,
): Promise<void> {
  for (const end = performance.now() + ms; !(await isSo()); await sleep(20)) {
    if (performance.now() > end) throw new Error(otherwise());
  }
}
