import { expect, it } from 'vitest';
import { Identity } from '../../src/identity/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { MemorySignalHub } from '../../src/signal/index.ts';
import { describeSignals, SignalRecorder } from './support/signal-compliance.ts';

describeSignals('memory', async () => {
  const clock = new VirtualClock();
  const hub = new MemorySignalHub({ clock, latencyMs: 3 });
  return {
    signal: (options) => hub.signal(options),
    stop: async () => hub.stop(),
    restart: async () => hub.restart(),
    async until(condition) {
      for (let waited = 0; !condition(); waited += 1) {
        if (waited > 10_000) throw new Error('the condition did not come to hold');
        clock.advance(1);
        await undefined;
      }
    },
    settle: async () => clock.advance(1_000),
    end: async () => {},
  };
});

it('a memory signal takes as long as its hub is away', async () => {
  const clock = new VirtualClock();
  const hub = new MemorySignalHub({ clock, latencyMs: 20 });
  const [a, b] = [new SignalRecorder(), new SignalRecorder()];
  const [anna, bert] = [Identity.generate(), Identity.generate()];
  const first = hub.signal({ signer: anna, name: 'anna', overlay: 'home', events: a });
  const second = hub.signal({ signer: bert, name: 'bert', overlay: 'home', events: b });
  void first.start();
  void second.start();
  clock.advance(39);
  expect(a.log).toEqual([]);
  clock.advance(1);
  expect(a.log).toEqual(['connected', 'members', 'joined']);
  first.send(bert.nodeId, 'hello');
  clock.advance(39);
  expect(b.received).toEqual([]);
  clock.advance(1);
  expect(b.received).toEqual([[anna.nodeId, 'hello']]);
});
