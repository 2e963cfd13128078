import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OverlayHost, type RunningOverlay, startOverlay } from './support/overlay.ts';

const v4 = (i: number) => `10.203.0.${i}`;
const address = (i: number) => ['--address', `${v4(i)}/24`];

let overlay: RunningOverlay;

beforeAll(async () => {
  overlay = await startOverlay([1, 2, 3].map(address));
});
afterAll(() => overlay?.stop());

async function macOf({ netns }: OverlayHost): Promise<string> {
  const [link] = JSON.parse(await netns.run('ip', '-j', 'link', 'show', 'ringlet0')) as [{ address: string }];
  return link.address;
}

it('a node that comes later finds the hosts of the others without a flood', async () => {
  const [n1, n2, n3] = overlay.hosts as [OverlayHost, OverlayHost, OverlayHost];
  // Each of them says once which address it has.
  for (const [from, to] of [
    [n1, v4(2)],
    [n2, v4(3)],
    [n3, v4(1)],
  ] as const) {
    await from.netns.run('ping', '-c', '1', '-W', '3', to);
  }
  for (const { status } of overlay.hosts) {
    await expect.poll(async () => (await status()).services.directoryPuts ?? 0, { timeout: 5_000 }).toBeGreaterThan(1);
  }
  // New neighbours are told of floods that are two seconds old.
  await delay(2_500);
  const joiner = await overlay.join(address(4));
  await joiner.netns.run('ping', '-c', '3', '-i', '0.2', '-W', '3', v4(2));
  const after = (await joiner.status()).services;
  expect(after.arpAnswered).toBeGreaterThan(0);
  expect(after.directoryHits).toBeGreaterThan(0);
  // Without ARP, by its MAC address alone.
  await joiner.netns.run(
    'ip',
    'neigh',
    'replace',
    v4(3),
    'lladdr',
    await macOf(n3),
    'dev',
    'ringlet0',
    'nud',
    'permanent',
  );
  await joiner.netns.run('ping', '-c', '3', '-i', '0.2', '-W', '3', v4(3));
  const { services, drops } = await joiner.status();
  expect(services.unknownFlooded).toBeUndefined();
  expect(drops.unknownOverflow).toBeUndefined();
});
