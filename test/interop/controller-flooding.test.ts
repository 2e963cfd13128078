import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControllerStatus } from '../../src/controllerd/client.ts';
import { until } from '../netns/support/bridge-lab.ts';
import { broadcasts, rate } from './support/broadcasts.ts';
import { OvsLab } from './support/ovs-lab.ts';
import { RingletRun, ringlet } from './support/ringlet-run.ts';

const bridges = 8;
/** A ring with a chord from every other bridge. */
const links = [
  ...Array.from({ length: bridges }, (_, i) => [i, (i + 1) % bridges] as const),
  ...[0, 2].map((i) => [i, i + bridges / 2] as const),
].map(([a, b]): [string, string] => [`s${a}`, `s${b}`]);

let lab: OvsLab;
let controller: RingletRun;

const status = async () =>
  JSON.parse((await ringlet(lab.folder, 'controller', 'status', '--json')).stdout) as ControllerStatus;

beforeAll(async () => {
  lab = await OvsLab.make();
  const names = Array.from({ length: bridges }, (_, i) => `s${i}`);
  await lab.addBridges(names, 'protocols=OpenFlow13,OpenFlow14,OpenFlow15');
  await lab.linkByVeth(...links);
  for (const name of names) await lab.addHost(name);
  const args = ['controller', '--listen', 'ptcp:6653:127.0.0.1', '--app', 'bounded-flood'];
  controller = await RingletRun.start(lab.netns.name, lab.folder, ...args);
  await lab.vsctl(...names.flatMap((name) => ['--', 'set-controller', name, 'tcp:127.0.0.1:6653']).slice(1));
  await until(
    async () => (await status()).links.length === 2 * links.length,
    40_000,
    () => 'the links were not all found',
  );
}, 90_000);
afterAll(async () => {
  await controller?.stop();
  await lab?.end();
});

test('hosts reach each other, over IPv4 and IPv6', async () => {
  for (const from of lab.hosts) {
    for (const to of lab.hosts) {
      for (const address of [to.address, to.address6]) {
        const ping = () =>
          from.netns.run('ping', '-n', '-q', '-c', '1', '-W', '1', address).then(
            () => true,
            () => false,
          );
        await expect.poll(ping, { timeout: 10_000 }).toBe(true);
      }
    }
  }
}, 60_000);

test('every host hears every broadcast once, also those under way when a link goes down', async () => {
  const heard = await broadcasts(lab, 4, async () => {
    await sleep(2500);
    await lab.netns.ip('link set s0-s1 down');
  });
  const all = Array.from({ length: 4 * rate }, (_, i) => i + 1);
  for (const numbers of heard) expect([...numbers].sort((a, b) => a - b)).toEqual(all);
  await lab.netns.ip('link set s0-s1 up');
});

test('what goes to one host does not pass the controller', async () => {
  const [from, to] = [lab.hosts[1]!, lab.hosts[5]!];
  const ping = (count: number) => from.netns.run('ping', '-n', '-q', '-i', '0.01', '-c', String(count), to.address);
  await ping(5);
  const before = (await status()).counters;
  const probes = ({ probesHeard = 0 }: ControllerStatus['counters']) => probesHeard;
  expect(await ping(200)).toMatch(/ 200 received/);
  const after = (await status()).counters;
  const others = after.packetIns! - probes(after) - (before.packetIns! - probes(before));
  expect(others).toBeLessThan(100);
});
