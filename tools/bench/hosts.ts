import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { namespacePath, runIp } from '../lab/ip.ts';

const exec = promisify(execFile);

/** Two hosts, and a place between them where whatever is measured joins them; each a network namespace. */
export class Hosts {
  /** Names of namespaces. */
  readonly a = `rgbench-${process.pid}-a`;
  readonly b = `rgbench-${process.pid}-b`;
  readonly middle = `rgbench-${process.pid}-m`;
  readonly addresses: Readonly<Record<'a' | 'b', string>> = { a: '10.98.0.1', b: '10.98.0.2' };
  readonly #spaces = [this.a, this.b, this.middle];

  async make(): Promise<void> {
    await runIp({ namespace: undefined, lines: this.#spaces.map((name) => `netns add ${name}`) });
    for (const name of this.#spaces) await runIp({ namespace: name, lines: ['link set lo up'] });
  }

  async remove(): Promise<void> {
    for (const name of this.#spaces) await exec('ip', ['netns', 'delete', name]).catch(() => {});
  }

  path(name: string): string {
    return namespacePath(name);
  }

  ip(name: string, ...lines: string[]): Promise<void> {
    return runIp({ namespace: name, lines });
  }

  /** Gives both hosts `eth0`, with the other end in the middle, as `port-a` and `port-b`; or, if `isDirect`, as each other's. */
  async joinByVeth(isDirect = false): Promise<void> {
    if (isDirect) {
      await this.ip(this.a, `link add eth0 type veth peer name eth0 netns ${this.b}`);
    } else {
      await this.ip(this.middle, `link add port-a type veth peer name eth0 netns ${this.a}`, 'link set port-a up');
      await this.ip(this.middle, `link add port-b type veth peer name eth0 netns ${this.b}`, 'link set port-b up');
    }
    await this.#setUp();
  }

  /** Gives both hosts what is called `port-a` and `port-b` in the middle, as their `eth0`. */
  async takePorts(): Promise<void> {
    await this.ip(
      this.middle,
      `link set port-a netns ${this.a} name eth0`,
      `link set port-b netns ${this.b} name eth0`,
    );
    await this.#setUp();
  }

  /** Joins the two `port-` of the middle by the kernel's bridge. */
  async addBridge(): Promise<void> {
    await this.ip(
      this.middle,
      'link add br0 type bridge',
      'link set port-a master br0',
      'link set port-b master br0',
      'link set br0 up',
    );
  }

  /** Takes back what joins them. */
  async part(): Promise<void> {
    for (const name of this.#spaces) {
      for (const link of ['eth0', 'port-a', 'port-b', 'br0']) {
        await exec('ip', ['-n', name, 'link', 'delete', link]).catch(() => {});
      }
    }
  }

  /** Resolves once b answers a; `to`: which address of b. */
  async areJoined(to = this.addresses.b, withinSeconds = 5): Promise<void> {
    const end = performance.now() + 1_000 * withinSeconds;
    const ping = () => exec('ip', ['netns', 'exec', this.a, 'ping', '-c', '1', '-W', '1', to]);
    // Not by -w: an address that does not resolve at first ends it early.
    while (!(await ping().then(Boolean, () => false))) {
      if (performance.now() > end) throw new Error(`${to} has not answered within ${withinSeconds} s`);
    }
  }

  /** Mbit/s of one TCP stream. */
  async tcp(seconds: number): Promise<number> {
    const end = await this.iperf(['-t', `${seconds}`]);
    return (end.sum_received?.bits_per_second ?? 0) / 1e6;
  }

  /** Thousands of 64-byte frames a second that arrive, of as many as the sender can make. */
  async smallFrames(seconds: number, to?: string): Promise<number> {
    return this.datagrams(22, seconds, to);
  }

  /** Thousands of datagrams of `bytes` a second that arrive, of as many as the sender can make. */
  async datagrams(bytes: number, seconds: number, to?: string): Promise<number> {
    const end = await this.iperf(['-u', '-l', `${bytes}`, '-b', '0', '-t', `${seconds}`], to);
    const { packets = 0, lost_packets: lost = 0 } = end.sum ?? {};
    return (packets - lost) / seconds / 1000;
  }

  /** The mean round trip in milliseconds, 200 a second. */
  async ping(seconds: number): Promise<number> {
    const times = await this.roundTrips(seconds);
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  }

  /** Round trips in milliseconds, 200 a second, the shortest first. */
  async roundTrips(seconds: number, to = this.addresses.b): Promise<number[]> {
    const args = ['-i', '0.005', '-c', `${200 * seconds}`, to];
    const { stdout } = await exec('ip', ['netns', 'exec', this.a, 'ping', ...args]);
    return Array.from(stdout.matchAll(/ time=([\d.]+) ms/g), ([, time]) => Number(time)).sort((a, b) => a - b);
  }

  async #setUp(): Promise<void> {
    for (const host of ['a', 'b'] as const) {
      await this.ip(this[host], `address add ${this.addresses[host]}/24 dev eth0`, 'link set eth0 up');
    }
  }

  /** A run of iperf3 from a to b. */
  async iperf(args: string[], to = this.addresses.b): Promise<IperfEnd> {
    const server = spawn('ip', ['netns', 'exec', this.b, 'iperf3', '-s', '-1', '--forceflush'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await listening(server);
      const client = ['netns', 'exec', this.a, 'iperf3', '-c', to, '-J', ...args];
      const { stdout } = await exec('ip', client, { maxBuffer: 1 << 26, timeout: 60_000 });
      return JSON.parse(stdout).end;
    } finally {
      if (server.exitCode === null && server.kill()) await once(server, 'exit');
    }
  }
}

export interface IperfEnd {
  sum_received?: { bits_per_second: number; bytes: number };
  sum_sent?: { retransmits?: number };
  sum?: { packets?: number; lost_packets?: number };
}

async function listening(server: ChildProcess): Promise<void> {
  for await (const chunk of server.stdout ?? []) {
    if (String(chunk).includes('listening')) return;
  }
}
