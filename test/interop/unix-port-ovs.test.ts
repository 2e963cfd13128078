import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dialUnixPort, type FramePort, listenUnixPort } from '../../src/tap/index.ts';
import { waitFor } from '../netns/support/wait.ts';

/** An Open vSwitch of its own, all in one folder, whose ports are `dummy` ones: sockets that carry frames. */
class DummySwitch {
  readonly folder = mkdtempSync(join(tmpdir(), 'ringlet-ovs-'));
  readonly #stops: (() => Promise<void>)[] = [];
  readonly #env = { ...process.env, OVS_RUNDIR: this.folder, OVS_LOGDIR: this.folder, OVS_DBDIR: this.folder };

  async start(): Promise<void> {
    const database = join(this.folder, 'conf.db');
    await this.run('ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema');
    await this.#daemon('ovsdb-server', database, `--remote=punix:${this.#db}`);
    await this.#daemon('ovs-vswitchd', '--enable-dummy', '--disable-system', `unix:${this.#db}`);
    await this.vsctl('--no-wait', 'init');
    await this.vsctl('add-br', 'br0', '--', 'set', 'bridge', 'br0', 'datapath_type=dummy', 'fail-mode=standalone');
  }

  async addPort(name: string, option: string): Promise<void> {
    await this.vsctl('add-port', 'br0', name, '--', 'set', 'interface', name, 'type=dummy', `options:${option}`);
  }

  vsctl(...args: string[]): Promise<string> {
    return this.run('ovs-vsctl', `--db=unix:${this.#db}`, '--timeout=20', ...args);
  }

  async run(program: string, ...args: string[]): Promise<string> {
    return (await promisify(execFile)(program, args, { env: this.#env, timeout: 20_000 })).stdout;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #db(): string {
    return join(this.folder, 'db.sock');
  }

  async #daemon(program: string, ...args: string[]): Promise<void> {
    const control = join(this.folder, `${program}.ctl`);
    const child = spawn(program, [...args, `--unixctl=${control}`, '--log-file=/dev/null', '--verbose=off'], {
      env: this.#env,
      stdio: 'ignore',
      cwd: this.folder,
    });
    this.#stops.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    await waitFor(() => existsSync(control), 20_000);
  }
}

const MTU = 1500;
const mac = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last);

/** From host to host, told apart by what they carry. */
function frame(to: number, from: number, content: number, length = 64): Uint8Array {
  return Uint8Array.of(...mac(to), ...mac(from), 0x88, 0xb5, ...new Uint8Array(length - 14).fill(content));
}

const ovs = new DummySwitch();
const open: FramePort[] = [];

const opened = <P extends FramePort>(port: P): P => {
  open.push(port);
  return port;
};

function collect(port: FramePort): Uint8Array[] {
  const frames: Uint8Array[] = [];
  port.onFrames((batch) => frames.push(...batch.filter((f) => f[12] === 0x88).map((f) => f.slice())));
  return frames;
}

beforeAll(() => ovs.start());
afterAll(() => ovs.stop());
afterEach(async () => {
  for (const port of open.splice(0)) port.close();
  for (const name of ['p1', 'p2']) await ovs.vsctl('--if-exists', 'del-port', 'br0', name);
});

describe("Unix ports at an Open vSwitch's dummy ports", () => {
  it('frames cross the switch between one that dials and one that listens, and it learns', async () => {
    const path = (name: string) => join(ovs.folder, name);
    const options = (name: string, last: number) => ({ name, mac: mac(last), mtu: MTU, path: path(`${name}.sock`) });
    const listening = opened(await listenUnixPort(options('p2', 2)));
    await ovs.addPort('p1', `pstream=punix:${path('p1.sock')}`);
    await ovs.addPort('p2', `stream=unix:${path('p2.sock')}`);
    const dialling = opened(dialUnixPort(options('p1', 1)));
    await waitFor(() => dialling.isUp && listening.isUp, 20_000);
    const [atOne, atTwo] = [collect(dialling), collect(listening)];

    const lengths = [60, 61, 200, 1514];
    for (const length of lengths) {
      const [there, back] = [frame(2, 1, 7, length), frame(1, 2, 8, length)];
      dialling.send([there]);
      await waitFor(() => atTwo.length === lengths.indexOf(length) + 1);
      expect(atTwo.at(-1)).toEqual(there);
      listening.send([back]);
      await waitFor(() => atOne.length === lengths.indexOf(length) + 1);
      expect(atOne.at(-1)).toEqual(back);
    }

    // Its queues hold some hundred frames.
    const batch = Array.from({ length: 40 }, (_, index) => frame(2, 1, index, 60 + index));
    dialling.send(batch);
    await waitFor(() => atTwo.length === lengths.length + batch.length);
    expect(atTwo.slice(lengths.length)).toEqual(batch);
    const table = await ovs.run('ovs-appctl', '-t', join(ovs.folder, 'ovs-vswitchd.ctl'), 'fdb/show', 'br0');
    expect(table).toContain('02:00:00:00:00:01');
    expect(table).toContain('02:00:00:00:00:02');
    expect([dialling.counters, listening.counters]).toMatchObject([
      { rxDropped: 0, txDropped: 0 },
      { rxDropped: 0, txDropped: 0 },
    ]);
  });

  it('a port that is removed and added again is found again', async () => {
    const path = join(ovs.folder, 'again.sock');
    await ovs.addPort('p1', `pstream=punix:${path}`);
    const port = opened(dialUnixPort({ name: 'p1', mac: mac(1), mtu: MTU, path }));
    await waitFor(() => port.isUp, 20_000);
    await ovs.vsctl('del-port', 'br0', 'p1');
    await waitFor(() => !port.isUp, 20_000);
    await ovs.addPort('p1', `pstream=punix:${path}`);
    await waitFor(() => port.isUp, 20_000);
    expect(port.send([frame(2, 1, 1)])).toBe(1);
  });
});
