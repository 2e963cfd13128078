import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A network namespace that a test made, with its loopback up. */
export interface Netns {
  readonly name: string;
  /** As the adapters' `netns` option takes it. */
  readonly path: string;
  /** Runs a program in the namespace and resolves to its standard output; a failure carries the standard error. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Runs lines of ip(8) in the namespace, all in one process. */
  ip(...lines: string[]): Promise<void>;
  delete(): Promise<void>;
}

/** The maker's pid follows, by which the leftovers of a crash are known. */
const PREFIX = 'rgt';

export async function makeNetns(): Promise<Netns> {
  await leftoversGone;
  const name = `${PREFIX}-${process.pid}-${randomBytes(3).toString('hex')}`;
  await exec('ip', ['netns', 'add', name]);
  const netns: Netns = {
    name,
    path: `/run/netns/${name}`,
    run: async (program, ...args) => (await exec('ip', ['netns', 'exec', name, program, ...args])).stdout,
    ip: async (...lines) => {
      const running = exec('ip', ['-n', name, '-batch', '-']);
      running.child.stdin?.end(`${lines.join('\n')}\n`);
      await running;
    },
    delete: () => deleteNetns(name),
  };
  await netns.ip('link set lo up');
  return netns;
}

/** Joins two namespaces by a veth pair; the ends are named, up, and bear the addresses (with prefix length). */
export async function joinByVeth(a: VethEnd, b: VethEnd): Promise<void> {
  await a.netns.ip(`link add ${a.name} type veth peer name ${b.name} netns ${b.netns.name}`);
  for (const { netns, name, addresses } of [a, b]) {
    await netns.ip(
      `link set ${name} up`,
      ...addresses.map((address) => `address add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`),
    );
  }
}

export interface VethEnd {
  netns: Netns;
  name: string;
  addresses: readonly string[];
}

/** Ends what runs in the namespace, too: its processes would keep it alive without a name. */
async function deleteNetns(name: string): Promise<void> {
  if (!existsSync(`/run/netns/${name}`)) return;
  const { stdout } = await exec('ip', ['netns', 'pids', name]);
  for (const pid of stdout.split('\n').filter((line) => line !== '' && Number(line) !== process.pid)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  await exec('ip', ['netns', 'delete', name]);
}

/** Deletes the namespaces of test processes that are no more. */
async function deleteLeftovers(): Promise<void> {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await deleteNetns(name).catch(() => {});
  }
}

const leftoversGone = deleteLeftovers();
