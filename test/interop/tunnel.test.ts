import { describeTunnels, type TunnelWorld } from '../unit/support/tunnel-compliance.ts';
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
