/** An Open vSwitch of the test's own: a bridge without any real port, in a folder that goes with it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OfpMessage, type OfpVersion, Session, type SessionEnd, type SessionProblem } from '../../../ofp/index.ts';
import { needPackage } from './ofp-vectors.ts';

const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const VSWITCHD = '/usr/sbin/ovs-vswitchd';

export class OpenVswitch {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ofp-ovs-'));

  private constructor() {}

  static async start(): Promise<OpenVswitch> {
    const made = new OpenVswitch();
    try {
      made.#start();
      return made;
    } catch (error) {
      await made.close();
      throw error;
    }
  }

  #start(): void {
    needPackage(VSWITCHD, 'openvswitch-switch');
    const db = `unix:${this.#path('db.sock')}`;
    const detached = ['--detach', '--no-chdir'];
    this.#run('ovsdb-tool', ['create', this.#path('conf.db'), SCHEMA]);
    const daemon = (name: string) => [...detached, `--pidfile=${this.#path(`${name}.pid`)}`, '-vconsole:off'];
    this.#run('ovsdb-server', [...daemon('db'), `--remote=p${db}`, this.#path('conf.db')]);
    this.#run('ovs-vsctl', [`--db=${db}`, '--no-wait', 'init']);
    this.#run(VSWITCHD, [...daemon('switch'), '--enable-dummy=override', '--disable-system', db]);
    const protocols = 'OpenFlow10,OpenFlow11,OpenFlow12,OpenFlow13,OpenFlow14,OpenFlow15';
    const bridge = ['add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath-type=dummy', `protocols=${protocols}`];
    this.#run('ovs-vsctl', [`--db=${db}`, ...bridge, 'fail-mode=secure']);
  }

  /** What `ovs-ofctl` prints. */
  ofctl(version: OfpVersion, ...args: string[]): string {
    const [command, ...rest] = args;
    return this.#run('ovs-ofctl', [
      '-O',
      `OpenFlow1${version - 1}`,
      command!,
      `unix:${this.#path('br0.mgmt')}`,
      ...rest,
    ]);
  }

  controller(versions: readonly OfpVersion[]): Promise<Controller> {
    return Controller.connect(this.#path('br0.mgmt'), versions);
  }

  async close(): Promise<void> {
    for (const name of ['switch', 'db']) {
      const file = this.#path(`${name}.pid`);
      if (!existsSync(file)) continue;
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGTERM');
      // It takes its file away when it ends.
      for (let i = 0; existsSync(file) && i < 500; i++) await new Promise((done) => setTimeout(done, 20));
    }
    rmSync(this.#folder, { recursive: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #run(program: string, args: readonly string[]): string {
    const folders = ['OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR', 'OVS_SYSCONFDIR'];
    const env = { ...process.env, ...Object.fromEntries(folders.map((name) => [name, this.#folder])) };
    return execFileSync(program, args, {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** A session on a socket, with promises for what it calls back. */
export class Controller {
  readonly session: Session;
  readonly heard: OfpMessage[] = [];
  readonly problems: SessionProblem[] = [];
  readonly ended: Promise<SessionEnd>;

  private constructor(path: string, versions: readonly OfpVersion[], onReady: () => void) {
    const socket = connect(path);
    let tellEnd: (end: SessionEnd) => void;
    this.ended = new Promise((done) => {
      tellEnd = done;
    });
    this.session = new Session(
      {
        side: 'controller',
        versions,
        sink: {
          send: (bytes) => this.session.setWritable(socket.write(bytes)),
          ready: onReady,
          message: (message) => this.heard.push(message),
          problem: (problem) => this.problems.push(problem),
          ended: (end) => {
            socket.destroy();
            tellEnd(end);
          },
        },
      },
      performance.now(),
    );
    socket.on('data', (bytes) => this.session.receive(bytes, performance.now()));
    socket.on('drain', () => this.session.setWritable(true));
    socket.on('close', () => this.session.disconnected());
    socket.on('connect', () => this.session.start());
  }

  static async connect(path: string, versions: readonly OfpVersion[]): Promise<Controller> {
    let made: Controller | undefined;
    await new Promise<void>((done, fail) => {
      made = new Controller(path, versions, done);
      void made.ended.then((end) => fail(new Error(`${end.code}: ${end.detail}`)));
    });
    return made!;
  }

  async request(message: Parameters<Session['request']>[0]): Promise<Parameters<Parameters<Session['request']>[2]>[0]> {
    return new Promise((done) => this.session.request(message, performance.now(), done));
  }

  async commit(messages: Parameters<Session['commit']>[0]): Promise<Parameters<Parameters<Session['commit']>[2]>[0]> {
    return new Promise((done) => this.session.commit(messages, performance.now(), done));
  }
}
