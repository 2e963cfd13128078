import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeSwitch } from '../../tools/bench/controller/fake-switch.ts';
import { until } from '../netns/support/bridge-lab.ts';
import { controllerStatus, RingletRun } from './support/ringlet-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'rgt-controller-'));
let controller: RingletRun;
let port: number;

beforeAll(async () => {
  controller = await RingletRun.start(undefined, folder, 'controller', '--listen', 'ptcp:0:127.0.0.1');
  port = Number(/ptcp:(\d+)/.exec(controller.printed)?.[1]);
});
afterAll(async () => {
  await controller?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const join1 = (id: number) =>
  FakeSwitch.connect({
    ...{ host: '127.0.0.1', port, version: 4, datapathId: BigInt(id) },
    answer: { type: 'flowMod', count: 2 },
  });

const status = () => controllerStatus(folder);

/** How long answers take, ms, in order: one every 10 ms. */
async function latencies(sw: FakeSwitch, count: number): Promise<number[]> {
  const times: number[] = [];
  sw.begin();
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      sw.onAnswer = resolve;
      sw.show(1);
    });
    times.push(performance.now() - start);
    await sleep(10);
  }
  return times.sort((a, b) => a - b);
}

test('a switch that floods and one that does not read hold up no other, and take no memory', async () => {
  const [innocent, flooding, stalling] = await Promise.all([join1(1), join1(2), join1(3)]);
  stalling.stall();
  const flood = setInterval(() => {
    // As much as the connection takes.
    if (flooding.backlog < 1 << 20) flooding.show(2000);
    if (stalling.backlog < 1 << 20) stalling.show(2000);
  }, 2);
  try {
    const floods = async () => {
      const { switches } = await status();
      return switches.find(({ datapathId }) => datapathId.endsWith('2'))?.counters.packetIns ?? 0;
    };
    await until(async () => (await floods()) > 20_000);
    const times = await latencies(innocent, 150);
    expect(times[times.length >> 1]).toBeLessThan(100);
    const { switches } = await status();
    for (const { queuedBytes } of switches) expect(queuedBytes).toBeLessThanOrEqual(1 << 24);
  } finally {
    clearInterval(flood);
    for (const each of [innocent, flooding, stalling]) each.close();
  }
}, 60_000);
