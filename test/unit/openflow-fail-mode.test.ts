import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { type FailMode, FailModeWatch } from '../../src/openflow/index.ts';

describe('the fail mode', () => {
  let clock: VirtualClock;
  let changes: boolean[];
  beforeEach(() => {
    clock = new VirtualClock();
    changes = [];
  });
  const watch = (mode: FailMode, probeMs = 5_000) =>
    new FailModeWatch({ mode, probeMs, clock, change: (isAlone) => changes.push(isAlone) });

  it('standalone waits for three probes, then forwards on its own until a controller is there', () => {
    const mode = watch('standalone');
    clock.advance(14_999);
    expect(changes).toEqual([]);
    clock.advance(1);
    expect(changes).toEqual([true]);
    mode.connected();
    expect([changes, mode.isAlone]).toEqual([[true, false], false]);
  });

  it('standalone counts from when the last of the controllers went', () => {
    const mode = watch('standalone', 1_000);
    mode.connected();
    mode.connected();
    clock.advance(60_000);
    mode.disconnected();
    clock.advance(60_000);
    mode.disconnected();
    clock.advance(2_999);
    expect(changes).toEqual([]);
    mode.connected();
    mode.disconnected();
    clock.advance(2_999);
    expect(changes).toEqual([]);
    clock.advance(1);
    expect(changes).toEqual([true]);
  });

  it('without probes waits 15 s', () => {
    watch('standalone', 0);
    clock.advance(15_000);
    expect(changes).toEqual([true]);
  });

  it('secure never forwards on its own, and nothing does once it is stopped', () => {
    watch('secure');
    watch('standalone').stop();
    clock.advance(1e6);
    expect(changes).toEqual([]);
  });
});
