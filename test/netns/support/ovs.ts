import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Netns } from './netns.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const detached = ['--detach', '--no-chdir', '--pidfile', '--log-file'];

/** Open vSwitch with its user-space datapath, in a namespace, with a folder of its own. */
export class NetnsOvs {
  readonly folder: string;
  /** Where its database is, in Open vSwitch's notation. */
  readonly database: string;
  readonly #netns: Netns;

  private constructor(netns: Netns, folder: string) {
    this.#netns = netns;
    this.folder = folder;
    this.database = `unix:${join(folder, 'db.sock')}`;
  }

  static async start(netns: Netns): Promise<NetnsOvs> {
    const ovs = new NetnsOvs(netns, await mkdtemp(join(tmpdir(), 'rgt-ovs-')));
    try {
      await ovs.run('ovsdb-tool', 'create', join(ovs.folder, 'conf.db'), schema);
      await ovs.startDatabase();
      await ovs.run('ovs-vsctl', `--db=${ovs.database}`, '--no-wait', 'init');
      await ovs.startSwitch();
    } catch (error) {
      await ovs.stop();
      throw error;
    }
    return ovs;
  }

  async startDatabase(): Promise<void> {
    await this.run('ovsdb-server', join(this.folder, 'conf.db'), `--remote=p${this.database}`, ...detached);
  }

  async startSwitch(): Promise<void> {
    await this.run('ovs-vswitchd', this.database, '--disable-system', ...detached);
  }

  vsctl(...args: string[]): Promise<string> {
    return this.run('ovs-vsctl', `--db=${this.database}`, '--timeout=10', ...args);
  }

  ofctl(...args: string[]): Promise<string> {
    return this.run('ovs-ofctl', ...args);
  }

  /** Runs a program of Open vSwitch in the namespace, in this folder. */
  run(program: string, ...args: string[]): Promise<string> {
    const { folder } = this;
    const folders = ['RUNDIR', 'DBDIR', 'LOGDIR', 'SYSCONFDIR'].map((name) => `OVS_${name}=${folder}`);
    return this.#netns.run('env', ...folders, program, ...args);
  }

  /** Ends one of the daemons by its process id, and waits for its end. */
  async kill(daemon: 'ovs-vswitchd' | 'ovsdb-server', signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = Number(await readFile(join(this.folder, `${daemon}.pid`), 'utf8').catch(() => ''));
    if (!(pid > 1) || !(await runs(pid))) return;
    process.kill(pid, signal);
    for (const end = performance.now() + 5000; await runs(pid); await sleep(10)) {
      if (performance.now() > end) process.kill(pid, 'SIGKILL');
    }
  }

  async stop(): Promise<void> {
    await this.kill('ovs-vswitchd');
    await this.kill('ovsdb-server');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A process that ended and waits for its parent to notice runs no more. */
async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return / [^Z] /.test(stat.slice(stat.lastIndexOf(')') + 1, stat.lastIndexOf(')') + 4));
}
