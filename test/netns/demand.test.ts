import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Identity } from '../../src/identity/index.ts';
import { startNumbered } from './support/numbered.ts';
import { type OverlayHost, type RunningOverlay, startOverlay } from './support/overlay.ts';

/** All but the last two, which stand for the other modes. */
const modes = [...new Array<string>(6).fill('on-demand'), 'proactive', 'off'];
/** 4 Mbit/s, four times what calls for a link. */
const steady = { perSecond: 1_000, bytes: 500 };
const address = (i: number) => `10.202.0.${i + 1}`;
const directory = mkdtempSync(join(tmpdir(), 'rgt-demand-'));

let overlay: RunningOverlay | undefined;
/** In the order of the ring, each linked with the next one and the one before. */
let hosts: readonly OverlayHost[];

beforeAll(async () => {
  const keyOf = (i: number) => join(directory, `${i}.pem`);
  const ids = modes.map((_, i) => Identity.loadOrCreate(keyOf(i)).nodeId);
  const order = [...ids].sort();
  const flags = order.map((id, i) => [
    ...['--identity', keyOf(ids.indexOf(id)), '--address', `${address(i)}/24`, '--demand', modes[i]!],
    ...['--policy', 'static', '--peer', order[(i + 1) % order.length]!],
  ]);
  overlay = await startOverlay(flags);
  hosts = overlay.hosts;
}, 60_000);

afterAll(async () => {
  await overlay?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Kind of the link between two nodes as the first one sees it, if it is up. */
async function linkOf(from: OverlayHost, to: OverlayHost): Promise<string | undefined> {
  return (await from.peers()).find(({ name, state }) => name === to.name && state === 'up')?.kind;
}

describe('a link for the traffic between two hosts that are three links apart', () => {
  it('comes up below a steady flow, of which nothing is lost or doubled, unless it is off', async () => {
    const [from, to, off, other] = [hosts[0]!, hosts[3]!, hosts[7]!, hosts[4]!];
    await from.netns.run('ping', '-c', '1', '-W', '5', address(3));
    await off.netns.run('ping', '-c', '1', '-W', '5', address(4));
    expect(await linkOf(from, to)).toBeUndefined();
    const flows = await Promise.all([
      startNumbered({ from: from.netns, to: to.netns, address: address(3) }, steady),
      startNumbered({ from: off.netns, to: other.netns, address: address(4) }, steady),
    ]);
    await expect.poll(() => linkOf(from, to), { timeout: 10_000 }).toBe('demand');
    expect(await linkOf(to, from)).toBe('demand (in)');
    await delay(2_000);
    expect(await linkOf(off, other)).toBeUndefined();
    for (const { late, mostOvertaken, unread, ...arrivals } of await Promise.all(flows.map((flow) => flow.stop()))) {
      console.info(
        `${late} of ${arrivals.sent} datagrams came late, overtaken by ${mostOvertaken} at most; ${unread} were not read in time`,
      );
      expect(arrivals).toMatchObject({ lost: 0, doubled: 0 });
      expect(arrivals.sent).toBeGreaterThan(2_000);
    }
  }, 30_000);

  it('comes up for a few bytes when it is proactive', async () => {
    const [from, to] = [hosts[6]!, hosts[3]!];
    await from.netns.run('ping', '-c', '2', '-W', '5', address(3));
    await expect.poll(() => linkOf(from, to), { timeout: 10_000 }).toBe('demand');
  });
});
