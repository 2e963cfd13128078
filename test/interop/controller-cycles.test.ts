import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LinkReport } from '../../src/controllerd/client.ts';
import { until } from '../netns/support/bridge-lab.ts';
import { seededRandom } from '../unit/support/seeded-random.ts';
import { broadcasts, rate } from './support/broadcasts.ts';
import { OvsLab } from './support/ovs-lab.ts';
import { controllerStatus, RingletRun } from './support/ringlet-run.ts';

const bridges = 30;
const extraLinks = 15;
const hostCount = 6;
const seed = Number(process.env.CYCLES_SEED ?? 1);

let lab: OvsLab;
let controller: RingletRun;

const status = () => controllerStatus(lab.folder);

/** A random tree and random links besides. */
function randomGraph(): [string, string][] {
  const random = seededRandom(seed);
  const pairs = new Map<string, [string, string]>();
  const add = (a: number, b: number) => {
    if (a !== b) pairs.set(`${Math.min(a, b)}-${Math.max(a, b)}`, [`s${Math.min(a, b)}`, `s${Math.max(a, b)}`]);
  };
  for (let i = 1; i < bridges; i++) add(i, Math.floor(random() * i));
  while (pairs.size < bridges - 1 + extraLinks) add(Math.floor(random() * bridges), Math.floor(random() * bridges));
  return [...pairs.values()];
}

/** As `randomGraph` has it. */
function endsOf({ fromSwitch, toSwitch }: LinkReport): [string, string] {
  const [a, b] = [fromSwitch, toSwitch].map((id) => Number.parseInt(id, 16) - 1).sort((x, y) => x - y);
  return [`s${a}`, `s${b}`];
}

/** Whether all bridges are joined by `pairs`. */
function isConnected(pairs: readonly (readonly [string, string])[]): boolean {
  const reached = new Set(['s0']);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const [a, b] of pairs) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
  }
  return reached.size === bridges;
}

beforeAll(async () => {
  lab = await OvsLab.make();
  const names = Array.from({ length: bridges }, (_, i) => `s${i}`);
  await lab.addBridges(names, 'protocols=OpenFlow13');
  // Every third one has a single table.
  await lab.vsctl(
    ...names.flatMap((name, i) => (i % 3 === 2 ? ['--', 'set', 'bridge', name, 'protocols=OpenFlow10'] : [])).slice(1),
  );
  await lab.linkByVeth(...randomGraph());
  for (let i = 0; i < hostCount; i++) await lab.addHost(`s${Math.floor((i * bridges) / hostCount)}`);
  controller = await RingletRun.start(lab.netns.name, lab.folder, 'controller', '--listen', 'ptcp:6653:127.0.0.1');
  await lab.vsctl(...names.flatMap((name) => ['--', 'set-controller', name, 'tcp:127.0.0.1:6653']).slice(1));
  const links = 2 * (bridges - 1 + extraLinks);
  await until(
    async () => {
      const now = await status();
      return now.links.filter(({ isForwarding }) => isForwarding).length === links;
    },
    40_000,
    () => 'the links were not all found',
  );
}, 90_000);
afterAll(async () => {
  await controller?.stop();
  await lab?.end();
});

test(`30 bridges with ${extraLinks} loops: every host hears every broadcast once, whoever speaks (seed ${seed})`, async () => {
  const all = Array.from({ length: 2 * rate }, (_, i) => i + 1);
  for (const sender of [lab.hosts[0]!, lab.hosts.at(-1)!]) {
    const heard = await broadcasts(lab, 2, async () => {}, sender);
    for (const numbers of heard) expect([...numbers].sort((a, b) => a - b)).toEqual(all);
  }
});

test('with its tree known, a broadcast does not pass the controller', async () => {
  const before = (await status()).counters;
  await broadcasts(lab, 2, async () => {});
  const after = (await status()).counters;
  expect(after.closed).toBeUndefined();
  expect(after.relayed! - before.relayed!).toBeLessThan(2 * rate);
  const others = ({ packetIns = 0, probesHeard = 0 }: typeof before) => packetIns - probesHeard;
  expect(others(after) - others(before)).toBeLessThan(2 * rate);
});

test('a port goes down: everybody is reached again within a second, and nobody hears anything twice', async () => {
  const graph = randomGraph();
  const used = (await status()).links.filter(({ isForwarding }) => isForwarding).map(endsOf);
  // Those that something can take the place of.
  const spare = used.filter(([a, b]) => isConnected(graph.filter(([c, d]) => c !== a || d !== b)));
  expect(spare.length).toBeGreaterThan(3);
  const broken = [spare[0]!, spare[Math.floor(spare.length / 2)]!, spare.at(-1)!];
  const heard = await broadcasts(lab, 8, async () => {
    for (const link of broken) {
      await sleep(1000);
      await lab.netns.ip(`link set ${link.join('-')} down`);
      await sleep(1500);
      await lab.netns.ip(`link set ${link.join('-')} up`);
    }
  });
  let longest = 0;
  for (const numbers of heard) {
    expect(new Set(numbers).size).toBe(numbers.length);
    const gaps = numbers.slice(1).map((number, i) => number - numbers[i]! - 1);
    longest = Math.max(longest, ...gaps);
    expect(numbers.at(-1)).toBe(8 * rate);
  }
  expect((longest * 1000) / rate).toBeLessThan(1000);
});

test('hosts reach each other, over IPv4 and IPv6', async () => {
  const [first, ...others] = lab.hosts;
  for (const { address, address6 } of others) {
    await first!.netns.run('ping', '-n', '-c', '1', '-W', '2', address);
    await first!.netns.run('ping', '-n', '-c', '1', '-W', '2', address6);
  }
});
