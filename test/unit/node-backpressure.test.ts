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
    backpressure.congested(slow);
    backpressure.congested(fast);
    backpressure.congested(fast);
    expect(waits()).toBe(true);
    backpressure.drained(fast);
    expect(waits()).toBe(true);
    backpressure.drained(slow);
    expect(waits()).toBe(false);
    expect(arrived).toBe(4);
  });

  it('waits ten milliseconds at most, three times in a row, and then not for a second', () => {
    for (let i = 0; i < 3; i++) {
      backpressure.congested(slow);
      clock.advance(9);
      expect(waits()).toBe(true);
      clock.advance(1);
      expect(waits()).toBe(false);
    }
    backpressure.congested(slow);
    expect(waits()).toBe(false);
    backpressure.congested(fast);
    expect(waits()).toBe(true);
    backpressure.drained(fast);
    clock.advance(1_000);
    backpressure.congested(slow);
    expect(waits()).toBe(true);
    // Once more it is too slow, and that is enough.
    clock.advance(10);
    backpressure.congested(slow);
    expect(waits()).toBe(false);
  });

  it('waits again for a link that was late a few times, once it drains in time', () => {
    for (let i = 0; i < 20; i++) {
      backpressure.congested(slow);
      clock.advance(i % 3 === 2 ? 5 : 10);
      expect(waits()).toBe(i % 3 === 2);
      backpressure.drained(slow);
    }
  });

  it('does not wait for a link that is gone', () => {
    backpressure.congested(slow);
    backpressure.forget(slow);
    expect(waits()).toBe(false);
  });
});
