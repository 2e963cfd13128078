import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { Backpressure } from '../../src/node/backpressure.ts';
import { MemoryTap } from '../../src/tap/index.ts';

const [slow, fast] = [1n, 2n];
let clock: VirtualClock;
let backpressure: Backpressure;
let arrived: number;
let host: MemoryTap['host'];

/** Whether the host has to wait: a frame that it sends does not come in. */
function waits(): boolean {
  const before = arrived;
  host.send([new Uint8Array(60)]);
  clock.advance(0);
  return arrived === before;
}

/** The share of a second that a host waits which has always something for each of `peers`; the slow one's link takes `drainMs`. */
function shareOfWaiting(peers: readonly bigint[], drainMs: number): number {
  const [steps, fillMs] = [10_000, 1];
  let [waited, drainedAt, filledAt] = [0, Number.POSITIVE_INFINITY, fillMs];
  for (let i = 0; i < steps; i++) {
    const now = clock.now();
    if (waits()) waited += 1;
    else for (const peer of peers) backpressure.sent(peer, peer === slow && now >= filledAt);
    if (now >= filledAt) [drainedAt, filledAt] = [now + drainMs, Number.POSITIVE_INFINITY];
    if (now >= drainedAt) {
      backpressure.drained(slow);
      [drainedAt, filledAt] = [Number.POSITIVE_INFINITY, now + fillMs];
    }
    clock.advance(0.1);
  }
  return waited / steps;
}

beforeEach(() => {
  clock = new VirtualClock();
  const tap = new MemoryTap({
    name: 'tap0',
    mac: new Uint8Array(6),
    mtu: 1_500,
    defer: (task) => clock.after(0, task),
  });
  ({ host } = tap);
  arrived = 0;
  tap.onFrames((frames) => {
    arrived += frames.length;
  });
  backpressure = new Backpressure(tap, clock);
});

describe('a host', () => {
  it('waits until all links are drained that are congested with its frames', () => {
    expect(waits()).toBe(false);
    backpressure.sent(slow, true);
    backpressure.sent(fast, true);
    backpressure.sent(fast, true);
    expect(waits()).toBe(true);
    backpressure.drained(fast);
    expect(waits()).toBe(true);
    backpressure.drained(slow);
    expect(waits()).toBe(false);
    expect(arrived).toBe(4);
  });

  it('waits ten milliseconds at most, three times in a row, and then not for a second', () => {
    for (let i = 0; i < 3; i++) {
      backpressure.sent(slow, true);
      clock.advance(9);
      expect(waits()).toBe(true);
      clock.advance(1);
      expect(waits()).toBe(false);
    }
    clock.advance(30);
    backpressure.sent(slow, true);
    expect(waits()).toBe(false);
    backpressure.sent(fast, true);
    expect(waits()).toBe(true);
    backpressure.drained(fast);
    clock.advance(970);
    backpressure.sent(slow, true);
    expect(waits()).toBe(true);
    // Once more it is too slow, and that is enough.
    clock.advance(10);
    backpressure.sent(slow, true);
    expect(waits()).toBe(false);
  });

  it('waits again for a link that was late a few times, once it drains in time', () => {
    for (let i = 0; i < 20; i++) {
      backpressure.sent(slow, true);
      clock.advance(i % 3 === 2 ? 5 : 10);
      expect(waits()).toBe(i % 3 === 2);
      backpressure.drained(slow);
    }
  });

  it.each([0.5, 2, 9.8, 12])(
    'waits a quarter of the time at most for a link that takes %d ms, while it uses others',
    (drainMs) => {
      expect(shareOfWaiting([slow, fast], drainMs)).toBeLessThan(0.27);
    },
  );

  it('waits as long as it takes for the only link that it uses', () => {
    expect(shareOfWaiting([slow], 9)).toBeGreaterThan(0.8);
  });

  it('does not wait for a link that is gone', () => {
    backpressure.sent(slow, true);
    backpressure.forget(slow);
    expect(waits()).toBe(false);
  });
});
