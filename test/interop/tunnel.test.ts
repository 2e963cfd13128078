import { expect, it } from 'vitest';
import { describeTunnels, type TunnelWorld } from '../unit/support/tunnel-compliance.ts';
import { connect } from '../unit/support/tunnel-pair.ts';
import { until } from '../unit/support/until.ts';
import { loopbackFactory } from './support/loopback-factory.ts';

describeTunnels('node-datachannel over loopback', async (): Promise<TunnelWorld> => {
  return {
    alice: loopbackFactory(),
    bob: loopbackFactory(),
    until,
    settle: () => new Promise((resolve) => setTimeout(resolve, 100)),
  };
});

it('tells when it is congested, before it drops anything, and when that is over', async () => {
  const [alice, bob] = [loopbackFactory(), loopbackFactory()];
  try {
    const { a, b, dialer } = connect(alice, bob);
    await until(() => a.isOpen && b.isOpen);
    expect(dialer.isCongested).toBe(false);
    // What SCTP takes at once is not waiting yet.
    const batch = Array.from({ length: 64 }, () => new Uint8Array(1_376));
    for (let i = 0; i < 1_000 && !dialer.isCongested; i++) dialer.sendFrames(batch);
    expect(dialer.isCongested).toBe(true);
    expect(dialer.counters.txDropped).toBe(0);
    expect(a.log).not.toContain('drained');
    await until(() => a.log.includes('drained'));
    expect(dialer.isCongested).toBe(false);
    dialer.close('done');
    expect(dialer.isCongested).toBe(false);
  } finally {
    await Promise.all([alice.close(), bob.close()]);
  }
});
