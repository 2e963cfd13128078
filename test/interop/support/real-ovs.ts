import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, answerOf } from './ofctl.ts';

const schema = '/usr/share/openvswitch/vswitch.ovsschema';
const protocols = ['OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15'];
const daemons = ['ovs-vswitchd', 'ovsdb-server'];

/** Open vSwitch's own bridge `br` in user space, with dummy ports and without root, in a folder of its own. */
export class RealOvs {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `ports`: names, numbered from 1. */
  static async start(datapathId: string, ports: readonly string[]): Promise<RealOvs> {
    const ovs = new RealOvs(await mkdtemp(join(tmpdir(), 'ringlet-ovs-')));
    try {
      await ovs.#start(datapathId, ports);
    } catch (error) {
      await ovs.stop();
      throw error;
    }
    return ovs;
  }

  /** Ends the daemons by their process ids, and takes the folder away. */
  async stop(): Promise<void> {
    for (const daemon of daemons) await this.#end(daemon);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #start(datapathId: string, ports: readonly string[]): Promise<void> {
    const database = `unix:${join(this.folder, 'db.sock')}`;
    const detached = ['--detach', '--no-chdir', '--pidfile', '--log-file'];
    await this.#run('ovsdb-tool', 'create', join(this.folder, 'conf.db'), schema);
    await this.#run('ovsdb-server', join(this.folder, 'conf.db'), `--remote=p${database}`, ...detached);
    await this.#run('ovs-vsctl', `--db=${database}`, '--no-wait', 'init');
    await this.#run('ovs-vswitchd', database, '--enable-dummy', '--disable-system', ...detached);
    const added = ports.flatMap((name, i) => [
      ...['--', 'add-port', 'br', name],
      ...['--', 'set', 'Interface', name, 'type=dummy', `ofport_request=${i + 1}`],
    ]);
    await this.#run(
      ...(['ovs-vsctl', `--db=${database}`, '--timeout=20', 'add-br', 'br', '--', 'set', 'bridge', 'br'] as const),
      ...['datapath-type=dummy', 'fail-mode=secure', `protocols=${protocols.join()}`],
      ...[`other-config:datapath-id=${datapathId}`, 'other-config:hwaddr=02:00:00:00:00:ff'],
      ...added,
    );
  }

  async #run(program: string, ...args: string[]): Promise<Answer> {
    const { folder } = this;
    const folders = { OVS_RUNDIR: folder, OVS_DBDIR: folder, OVS_LOGDIR: folder, OVS_SYSCONFDIR: folder };
    const answer = await answerOf(program, args, folders);
    if (answer.code !== 0) throw new Error(`${program}: ${answer.stderr}`);
    return answer;
  }

  async #end(daemon: string): Promise<void> {
    const text = await readFile(join(this.folder, `${daemon}.pid`), 'utf8').catch(() => '');
    const pid = Number(text);
    if (!(pid > 1)) return;
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (let waited = 0; waited < 3000; waited += 50) {
        if (!isSignalled(pid, waited === 0 ? signal : 0)) return;
        await sleep(50);
      }
    }
  }
}

function isSignalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
