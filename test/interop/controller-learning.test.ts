import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ControllerStatus } from '../../src/controllerd/client.ts';
import { until } from '../netns/support/bridge-lab.ts';
import type { Netns } from '../netns/support/netns.ts';
import { OvsLab } from './support/ovs-lab.ts';
import { controllerStatus, RingletRun, ringlet } from './support/ringlet-run.ts';

let lab: OvsLab;
let controller: RingletRun;

const start = (...args: string[]) =>
  RingletRun.start(lab.netns.name, lab.folder, 'controller', '--listen', 'ptcp:6653:127.0.0.1', ...args);

const status = () => controllerStatus(lab.folder);

const forwards = (ports: number) => async () => {
  const [sw] = (await status()).switches;
  return sw?.state === 'connected' && sw.ports.filter(({ state }) => state === 'forwarding').length === ports;
};

/** The controller is there, the bridge has been told of it, and its ports forward. */
async function startUnder(protocol: string): Promise<void> {
  controller = await start();
  await lab.vsctl('set', 'bridge', 'br0', `protocols=${protocol}`);
  await lab.vsctl('set-controller', 'br0', 'tcp:127.0.0.1:6653');
  await until(forwards(3), 20_000);
}

const reaches = (from: Netns, address: string): Promise<boolean> =>
  from.run('ping', '-n', '-c', '1', '-W', '2', address).then(
    () => true,
    () => false,
  );

/** Pings 50 times a second until it is stopped; resolves to [sent, answered]. */
function pinging(from: Netns, address: string): () => Promise<[number, number]> {
  const child = spawn('ip', ['netns', 'exec', from.name, 'ping', '-n', '-i', '0.02', '-W', '1', address]);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = once(child, 'close');
  return async () => {
    child.kill('SIGINT');
    await ended;
    const [, sent, answered] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
    // The last one may be under way.
    return [Number(sent), Math.min(Number(sent), Number(answered) + 1)];
  };
}

const flows = async (protocol: string) =>
  (await lab.ofctl(protocol, 'dump-flows', 'br0', '--no-stats'))
    .split('\n')
    .filter((line) => line.includes('cookie='))
    .map((line) => line.trim())
    .sort();

/** How many rules are as old as that. */
async function untouchedSince(protocol: string, time: number): Promise<number> {
  const lines = (await lab.ofctl(protocol, 'dump-flows', 'br0')).split('\n');
  const seconds = (performance.now() - time) / 1000;
  return lines.filter((line) => Number(/duration=([\d.]+)s/.exec(line)?.[1]) > seconds).length;
}

beforeAll(async () => {
  lab = await OvsLab.make();
  await lab.addBridges(['br0']);
  for (let i = 0; i < 3; i++) await lab.addHost('br0');
});
afterAll(() => lab?.end());
afterEach(() => controller?.stop('SIGKILL'));

describe.each([
  ['OpenFlow10', '1.0'],
  ['OpenFlow13', '1.3'],
  ['OpenFlow14', '1.4'],
  ['OpenFlow15', '1.5'],
])('%s', (protocol, version) => {
  test('hosts reach each other as soon as the user has set the controller', async () => {
    await startUnder(protocol);
    const [a, b, c] = lab.hosts;
    expect((await status()).switches[0]).toMatchObject({ openflow: version, datapathId: '0000000000000001' });
    for (const [from, to] of [
      [a, b],
      [b, c],
      [c, a],
    ] as const) {
      expect(await reaches(from!.netns, to!.address)).toBe(true);
      expect(await reaches(from!.netns, to!.address6)).toBe(true);
    }
    const { hosts, drops } = await status();
    expect(hosts.filter(({ portName }) => portName?.startsWith('h'))).toHaveLength(3);
    // What hosts say while their ports are probed is not learned.
    expect({ ...drops, ignored: 0 }).toEqual({ ignored: 0 });
    expect(controller.printed).not.toMatch(/"level":[45]0/);
    await lab.vsctl('del-controller', 'br0');
  });
});

test.each([
  ['is dialled where it waits', 'ptcp:6640:127.0.0.1', () => ['--dial', 'tcp:127.0.0.1:6640'], 'tcp:127.0.0.1:6640'],
  ['comes over a Unix socket', 'unix:', () => ['--listen', `punix:${join(lab.folder, 'ctl.sock')}`], 'unix'],
])('a switch %s', async (_, target, args, peer) => {
  const file = join(lab.folder, 'controller.json');
  writeFileSync(file, JSON.stringify({ apps: ['learning'], maxHosts: 100 }));
  controller = await RingletRun.start(lab.netns.name, lab.folder, 'controller', '--config', file, ...args());
  await lab.vsctl('set', 'bridge', 'br0', 'protocols=OpenFlow13');
  await lab.vsctl('set-controller', 'br0', target === 'unix:' ? `unix:${join(lab.folder, 'ctl.sock')}` : target);
  await until(forwards(3), 20_000);
  expect((await status()).switches[0]).toMatchObject({ peer });
  const [a, b] = lab.hosts;
  expect(await reaches(a!.netns, b!.address)).toBe(true);
  await lab.vsctl('del-controller', 'br0');
});

/** Two hosts know each other, and ping each other until that is stopped. */
async function startAndPing(protocol: string): Promise<() => Promise<[number, number]>> {
  await startUnder(protocol);
  const [a, b] = lab.hosts;
  // The second time, both are known.
  for (let i = 0; i < 2; i++) expect(await reaches(a!.netns, b!.address)).toBe(true);
  return pinging(a!.netns, b!.address);
}

/** A rule of somebody else. */
const foreign = 'cookie=0x7,priority=7,dl_type=0x9999,actions=drop';

// Changes are made in a bundle, or one by one with OpenFlow 1.0.
describe.each(['OpenFlow10', 'OpenFlow13', 'OpenFlow14'])('with %s', (protocol) => {
  const ours = async () => (await flows(protocol)).filter((line) => line.includes('cookie=0x524c'));

  test('rules outlive the controller, and the next one changes nothing of them', async () => {
    const stop = await startAndPing(protocol);
    await lab.ofctl(protocol, 'add-flow', 'br0', foreign);
    const before = await flows(protocol);
    expect(before.length).toBeGreaterThan(8);
    await controller.stop('SIGKILL');
    expect(await flows(protocol)).toEqual(before);
    const restarted = performance.now();
    controller = await start();
    await until(forwards(3), 20_000);
    await until(async () => (await status()).hosts.length >= 2);
    // Hosts may say something new at any time; what was there was not touched.
    expect(await untouchedSince(protocol, restarted)).toBe(before.length);
    expect(await flows(protocol)).toEqual(expect.arrayContaining(before));
    const [sent, answered] = await stop();
    expect(sent).toBeGreaterThan(20);
    expect(answered).toBe(sent);
    await lab.ofctl(protocol, 'del-flows', 'br0', 'dl_type=0x9999');
    await lab.vsctl('del-controller', 'br0');
  });

  test('what somebody changed of the rules meanwhile is put right, and nothing else, while frames go on', async () => {
    const stop = await startAndPing(protocol);
    const before = await ours();
    const killed = performance.now();
    await controller.stop('SIGKILL');
    await lab.ofctl(protocol, 'del-flows', 'br0', 'dl_type=0x88b5');
    await lab.ofctl(protocol, 'add-flow', 'br0', 'cookie=0x524c010000000000,priority=9,dl_type=0x9998,actions=drop');
    expect(await ours()).not.toEqual(before);
    controller = await start();
    await until(forwards(3), 20_000);
    // Hosts may say something new at any time.
    const isRight = (now: string[]) => before.every((line) => now.includes(line)) && !now.join().includes('0x9998');
    await until(async () => isRight(await ours()));
    expect(await untouchedSince(protocol, killed)).toBe(before.length - 1);
    const [sent, answered] = await stop();
    expect(answered).toBe(sent);
    await lab.vsctl('del-controller', 'br0');
  });

  test('a switch that is killed and comes back has its rules again, those of hosts too', async () => {
    await startUnder(protocol);
    const [a, b] = lab.hosts;
    expect(await reaches(a!.netns, b!.address)).toBe(true);
    const before = await ours();
    process.kill(lab.pidOf('ovs-vswitchd'), 'SIGKILL');
    await until(async () => (await status()).switches[0]?.state === 'away');
    await lab.startSwitch();
    await until(forwards(3), 20_000);
    await until(async () => {
      const now = await ours();
      return before.every((line) => now.includes(line));
    });
    expect(await reaches(a!.netns, b!.address)).toBe(true);
    await lab.vsctl('del-controller', 'br0');
  });
});

test('of two controllers the one that asks last is master, and the other leaves the switch alone', async () => {
  const name = (which: string) => ['--name', which, '--role', 'master'];
  await lab.vsctl('set', 'bridge', 'br0', 'protocols=OpenFlow14');
  controller = await start(...name('first'));
  await lab.vsctl('set-controller', 'br0', 'tcp:127.0.0.1:6653', 'tcp:127.0.0.1:6655');
  const stateOf = async (which: string) => {
    const { stdout } = await ringlet(lab.folder, 'controller', 'status', which, '--json');
    return (JSON.parse(stdout) as ControllerStatus).switches[0]?.state;
  };
  await until(async () => (await stateOf('first')) === 'connected', 20_000);
  const listen = ['controller', '--listen', 'ptcp:6655:127.0.0.1', ...name('second')];
  const second = await RingletRun.start(lab.netns.name, lab.folder, ...listen);
  try {
    await until(async () => (await stateOf('second')) === 'connected', 20_000);
    await until(async () => (await stateOf('first')) === 'standby');
    const [a, b] = lab.hosts;
    expect(await reaches(a!.netns, b!.address)).toBe(true);
  } finally {
    await second.stop();
  }
});
