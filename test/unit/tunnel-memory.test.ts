import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { type MemoryPath, MemoryTunnelNetwork } from '../../src/tunnel/memory-network.ts';
import { openTimeoutMs } from '../../src/tunnel/tunnel.ts';
import { seededRandom } from './support/seeded-random.ts';
import { describeTunnels } from './support/tunnel-compliance.ts';
import { connect, Recorder } from './support/tunnel-pair.ts';

function network(seed = 1) {
  const clock = new VirtualClock();
  const path: { -readonly [K in keyof MemoryPath]: MemoryPath[K] } = { latencyMs: 10, loss: 0 };
  const net = new MemoryTunnelNetwork({ clock, random: seededRandom(seed), path: () => path });
  const alice = net.factory('alice');
  const bob = net.factory('bob');
  const pair = connect(alice, bob);
  return { clock, path, net, alice, bob, pair };
}

describeTunnels('memory', async () => {
  const clock = new VirtualClock();
  const net = new MemoryTunnelNetwork({
    clock,
    random: seededRandom(1),
    path: () => ({ latencyMs: 5, loss: 0 }),
  });
  return {
    alice: net.factory('alice'),
    bob: net.factory('bob'),
    async until(condition) {
      for (let waited = 0; !condition(); waited += 1) {
        if (waited > 10_000) throw new Error('the condition did not come to hold');
        clock.advance(1);
      }
    },
    async settle() {
      clock.advance(100);
    },
  };
});

describe('memory tunnels', () => {
  it('take as long as the path does', () => {
    const { clock, pair } = network();
    const opened: number[] = [];
    pair.b.onOpen = () => opened.push(clock.now());
    pair.a.onOpen = () => opened.push(clock.now());
    clock.advance(1_000);
    expect(opened).toEqual([10, 20]);
    const before = clock.now();
    let arrived = 0;
    pair.b.onFrames = () => {
      arrived = clock.now();
    };
    pair.dialer.sendFrames([new Uint8Array(60)]);
    clock.advance(1_000);
    expect(arrived - before).toBe(10);
    expect(pair.dialer.path()?.rttMs).toBe(20);
  });

  it('lose frames, never control messages, and keep these in order', () => {
    const { clock, path, pair } = network(7);
    clock.advance(100);
    path.loss = 0.3;
    for (let index = 0; index < 200; index += 1) {
      expect(pair.dialer.sendControl(Uint8Array.of(index))).toBe(true);
      expect(pair.dialer.sendFrames([Uint8Array.of(index)])).toBe(1);
    }
    clock.advance(120_000);
    expect(pair.b.controls.map((message) => message[0])).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(pair.b.frameCount).toBeGreaterThan(100);
    expect(pair.b.frameCount).toBeLessThan(180);
  });

  it('hold control messages back in a partition, up to their bound, and deliver them after it', () => {
    const { clock, path, pair } = network();
    clock.advance(100);
    path.loss = 1;
    let taken = 0;
    while (pair.dialer.sendControl(new Uint8Array(65_536))) taken += 1;
    expect(taken).toBe(16);
    clock.advance(20_000);
    expect(pair.b.controls).toHaveLength(0);
    path.loss = 0;
    clock.advance(10_000);
    expect(pair.b.controls).toHaveLength(16);
  });

  it('say nothing when killed: the other end finds out when consent runs out', () => {
    const { clock, alice, pair } = network();
    clock.advance(100);
    alice.kill();
    clock.advance(29_000);
    expect(pair.a.log.at(-1)).toBe('open');
    expect(pair.b.isOpen).toBe(true);
    expect(pair.answerer?.sendControl(new Uint8Array(1))).toBe(true);
    clock.advance(2_000);
    expect(pair.b.reasons).toEqual(['the connection was lost']);
    expect(pair.a.reasons).toEqual([]);
    expect(() => alice.dial('late', new Recorder())).toThrow('closed');
  });

  it('give up when nobody answers', () => {
    const { clock, alice } = network();
    const lonely = new Recorder();
    alice.dial('nobody', lonely);
    clock.advance(openTimeoutMs - 1);
    expect(lonely.reasons).toEqual([]);
    clock.advance(1);
    expect(lonely.reasons).toEqual(['no connection within 15 s']);
  });

  it('come about in spite of loss, and run the same for the same seed', () => {
    const run = () => {
      const { clock, path, pair } = network(3);
      path.loss = 0.4;
      let at = 0;
      pair.a.onOpen = () => {
        at = clock.now();
        path.loss = 0.2;
        for (let index = 0; index < 100; index += 1) pair.dialer.sendFrames([Uint8Array.of(index)]);
      };
      clock.advance(15_000);
      return [at, pair.b.frameCount];
    };
    const first = run();
    expect(first[0]).toBeGreaterThan(0);
    expect(run()).toEqual(first);
  });
});
