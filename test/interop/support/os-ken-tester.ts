import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TesterCase } from './tester-cases.ts';

const MAIN = fileURLToPath(new URL('../../../dist/src/cli/main.js', import.meta.url));
const APP = fileURLToPath(new URL('os-ken-tester.py', import.meta.url));
const links = [1, 2, 3] as const;
/** The tester waits for ever for switches that do not come. */
const limitMs = 240_000;

export interface TesterRun {
  /** Descriptions of the cases that passed. */
  readonly passed: readonly string[];
  /** Descriptions of those that did not, and why. */
  readonly failed: readonly string[];
  /** All that the tester printed. */
  readonly printed: string;
}

/**
 * Runs os-ken's switch tester with two bridges, one that is tested and one that sends and listens:
 *
 *     tester --(1,2,3)--(1,2,3)-- target      each port a Unix stream socket
 *        \                         /
 *         os-ken, which is the controller of both
 */
export async function runTester(cases: readonly TesterCase[], version: '1.3' | '1.4'): Promise<TesterRun> {
  const folder = await mkdtemp(join(tmpdir(), 'ringlet-os-ken-'));
  const children: ChildProcess[] = [];
  try {
    await writeFile(join(folder, 'cases.json'), JSON.stringify(['cases', ...cases]));
    const port = await freePort();
    const bridge = (name: string, datapathId: number, kind: string) => {
      const ports = links.flatMap((i) => ['--port', `${i}@l${i}=${kind}:${join(folder, `l${i}`)}`]);
      const id = datapathId.toString(16).padStart(16, '0');
      const args = ['bridge', '--name', name, '--datapath-id', id, '--fail-mode', 'secure', ...ports];
      const env = { ...process.env, RINGLET_RUNDIR: folder };
      children.push(
        spawn(process.execPath, [MAIN, ...args, '--controller', `tcp:127.0.0.1:${port}`], { env, stdio: 'ignore' }),
      );
    };
    bridge('target', 1, 'punix');
    bridge('tester', 2, 'unix');
    const listen = ['--ofp-listen-host', '127.0.0.1', '--ofp-tcp-listen-port', String(port)];
    const protocol = `openflow${version.replace('.', '')}`;
    const versions = ['target', 'tester'].flatMap((who) => [`--test-switch-${who}-version`, protocol]);
    const args = [...listen, ...versions, '--test-switch-dir', folder, APP];
    const manager = spawn('osken-manager', args, { timeout: limitMs, killSignal: 'SIGKILL' });
    children.push(manager);
    let printed = '';
    for (const stream of [manager.stdout, manager.stderr]) stream.on('data', (chunk) => (printed += chunk));
    await once(manager, 'exit');
    return { ...verdicts(printed), printed };
  } finally {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true });
  }
}

/** Lines of a description and its verdict; below one that failed stands the reason. */
function verdicts(printed: string): Omit<TesterRun, 'printed'> {
  const [passed, failed]: [string[], string[]] = [[], []];
  const lines = printed.slice(0, printed.indexOf('Test end')).split('\n');
  for (const [i, line] of lines.entries()) {
    const verdict = /^ {4}(\S.*?) +(OK|ERROR)$/.exec(line);
    if (verdict?.[2] === 'OK') passed.push(verdict[1]!);
    if (verdict?.[2] === 'ERROR') failed.push(`${verdict[1]}: ${lines[i + 1]?.trim()}`);
  }
  return { passed, failed };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
