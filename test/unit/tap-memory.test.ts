import { expect, it } from 'vitest';
import { MemoryTap } from '../../src/tap/index.ts';
import {
  MTU,
  pauseCompliance,
  type TapUnderTest,
  taggedFrame,
  tapCompliance,
} from '../netns/support/tap-compliance.ts';

const make = (defer?: (task: () => void) => void) =>
  new MemoryTap({ name: 'mem0', mac: Uint8Array.of(2, 0, 0, 0, 0, 1), mtu: MTU, ...(defer && { defer }) });

const under = async (): Promise<TapUnderTest & { tap: MemoryTap }> => {
  const tap = make();
  const hostReceived: Uint8Array[] = [];
  tap.host.onFrames((frames) => hostReceived.push(...frames.map((frame) => frame.slice())));
  return {
    tap,
    hostReceived,
    hostSend: (frames) => void tap.host.send(frames),
    setLink: async (isUp) => tap.host.setLink(isUp),
    remove: async () => tap.host.remove(),
    dispose: async () => tap.close(),
  };
};

tapCompliance('MemoryTap', under);
pauseCompliance('MemoryTap', under);

it('drops and counts what its queue does not take', () => {
  const tasks: (() => void)[] = [];
  const tap = make((task) => void tasks.push(task));
  const frames = Array.from({ length: 600 }, (_, tag) => taggedFrame(tag));
  expect(tap.send(frames)).toBe(500);
  expect(tap.counters).toMatchObject({ txFrames: 500, txDropped: 100 });
  expect(tap.host.send(frames)).toBe(500);
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
  expect(tap.counters.rxFrames).toBe(500);
  expect(tap.send([taggedFrame(1)])).toBe(1);
});

it('overwrites frames after the handler, so that a kept view shows', () => {
  const tasks: (() => void)[] = [];
  const tap = make((task) => void tasks.push(task));
  let kept: Uint8Array | undefined;
  tap.onFrames(([frame]) => {
    kept = frame;
  });
  tap.host.send([taggedFrame(1)]);
  for (const task of tasks) task();
  expect(kept?.every((byte) => byte === 0xdb)).toBe(true);
});
