import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeNetns, type Netns } from '../../netns/support/netns.ts';

const exec = promisify(execFile);
const schema = '/usr/share/openvswitch/vswitch.ovsschema';

/** A host in a namespace of its own, behind a port of a bridge. */
export interface LabHost {
  readonly netns: Netns;
  readonly address: string;
  readonly address6: string;
}

/**
 * Open vSwitch in user space, with its daemons, its database and its interfaces in a folder and a network namespace that the test made.
 * Hosts are namespaces, joined to bridges by veth pairs.
 */
export class OvsLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'rgt-ovs-'));
  readonly netns: Netns;
  readonly hosts: LabHost[] = [];

  static async make(): Promise<OvsLab> {
    const lab = new OvsLab(await makeNetns());
    try {
      await lab.#start();
      return lab;
    } catch (error) {
      await lab.end();
      throw error;
    }
  }

  private constructor(netns: Netns) {
    this.netns = netns;
  }

  get database(): string {
    return `unix:${join(this.folder, 'db.sock')}`;
  }

  /** Runs a program in the namespace of the switches. */
  run(program: string, ...args: string[]): Promise<string> {
    const folders = ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR', 'OVS_SYSCONFDIR'];
    const env = { ...process.env, ...Object.fromEntries(folders.map((name) => [name, this.folder])) };
    const running = exec('ip', ['netns', 'exec', this.netns.name, program, ...args], {
      ...{ env, timeout: 30_000, maxBuffer: 1 << 26 },
    });
    return running.then(({ stdout }) => stdout);
  }

  vsctl(...args: string[]): Promise<string> {
    return this.run('ovs-vsctl', `--db=${this.database}`, '--timeout=25', ...args);
  }

  ofctl(protocol: string, command: string, bridge: string, ...args: string[]): Promise<string> {
    return this.run('ovs-ofctl', '-O', protocol, command, `unix:${join(this.folder, `${bridge}.mgmt`)}`, ...args);
  }

  /** Adds bridges in one transaction; `settings`: of each bridge, as ovs-vsctl takes them. */
  async addBridges(names: readonly string[], ...settings: string[]): Promise<void> {
    const each = (name: string, i: number) => [
      ...['--', 'add-br', name, '--', 'set', 'bridge', name, 'datapath-type=netdev', 'fail-mode=secure'],
      ...[`other-config:datapath-id=${(i + 1).toString(16).padStart(16, '0')}`, ...settings],
    ];
    await this.vsctl(...names.flatMap(each).slice(1));
  }

  /** Joins two bridges by a pair of patch ports; they are named after each other: `a-b` is the port of a to b. */
  async link(...pairs: (readonly [string, string])[]): Promise<void> {
    const port = (a: string, b: string) => [
      ...['--', 'add-port', a, `${a}-${b}`, '--', 'set', 'interface', `${a}-${b}`],
      ...['type=patch', `options:peer=${b}-${a}`],
    ];
    await this.vsctl(...pairs.flatMap(([a, b]) => [...port(a, b), ...port(b, a)]).slice(1));
  }

  /** Joins two bridges by a veth pair with the names that `link` gives. */
  async linkByVeth(...pairs: (readonly [string, string])[]): Promise<void> {
    for (const [a, b] of pairs) {
      await this.netns.ip(
        `link add ${a}-${b} type veth peer name ${b}-${a}`,
        `link set ${a}-${b} up`,
        `link set ${b}-${a} up`,
      );
    }
    const ports = pairs.flatMap(([a, b]) => [
      ...['--', 'add-port', a, `${a}-${b}`],
      ...['--', 'add-port', b, `${b}-${a}`],
    ]);
    await this.vsctl(...ports.slice(1));
  }

  /** Adds a host behind a bridge: 10.50.0.N and fd50::N, at a port `hN`. */
  async addHost(bridge: string): Promise<LabHost> {
    const n = this.hosts.length + 1;
    const host = { netns: await makeNetns(), address: `10.50.0.${n}`, address6: `fd50::${n}` };
    this.hosts.push(host);
    await host.netns.ip(`link add eth0 type veth peer name h${n} netns ${this.netns.name}`);
    await host.netns.run('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0');
    await host.netns.run('ethtool', '-K', 'eth0', 'tx', 'off').catch(() => {});
    await host.netns.ip(
      `address add ${host.address}/16 dev eth0`,
      `address add ${host.address6}/64 dev eth0 nodad`,
      'link set eth0 up',
    );
    await this.netns.ip(`link set h${n} up`);
    await this.vsctl('add-port', bridge, `h${n}`);
    return host;
  }

  pidOf(daemon: 'ovsdb-server' | 'ovs-vswitchd'): number {
    return Number(readFileSync(join(this.folder, `${daemon}.pid`), 'utf8'));
  }

  /** As a machine's init would do it. */
  async startSwitch(): Promise<void> {
    await this.run('ovs-vswitchd', this.database, '--disable-system', ...this.#detached);
  }

  /** Ends all processes and removes all namespaces and files. */
  async end(): Promise<void> {
    await Promise.all([this.netns, ...this.hosts.map(({ netns }) => netns)].map((netns) => netns.delete()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #detached(): string[] {
    return ['--detach', '--no-chdir', '--pidfile', '--log-file', '-vconsole:off'];
  }

  async #start(): Promise<void> {
    const file = join(this.folder, 'conf.db');
    await this.run('ovsdb-tool', 'create', file, schema);
    await this.run('ovsdb-server', file, `--remote=p${this.database}`, ...this.#detached);
    await this.vsctl('--no-wait', 'init');
    await this.startSwitch();
  }
}
