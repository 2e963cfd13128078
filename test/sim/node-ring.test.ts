import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { SimNetwork, type SimNode } from '../../tools/sim/index.ts';
import { type NodeId, sortClockwise } from '../../topology/index.ts';

function running(net: SimNetwork, gone: readonly SimNode[]): SimNode[] {
  return net.nodes.filter((each) => !gone.includes(each));
}

/** Nodes that have no link with the next one, both ends of it up. */
function gaps(nodes: readonly SimNode[]): NodeId[] {
  const byId = new Map(nodes.map(({ node }) => [node.id, node]));
  const ring = sortClockwise(0n, byId.keys());
  return ring.filter((id, i) => {
    const next = ring[(i + 1) % ring.length]!;
    return !byId.get(id)!.topology.neighbours.includes(next) || !byId.get(next)!.topology.neighbours.includes(id);
  });
}

function inRingOrder(net: SimNetwork): SimNode[] {
  return [...net.nodes].sort((a, b) => (a.node.id < b.node.id ? -1 : 1));
}

describe('whole nodes', () => {
  // Where the nodes to be linked know no way to each other but round the ring, too.
  it.each([2, 4, 6])('close their ring without any server when two neighbours die at once (seed %i)', (seed) => {
    const net = new SimNetwork({ nodes: 16, seed, latencyMs: 20 });
    net.run(6_000);
    expect(gaps(net.nodes)).toEqual([]);
    net.hub.stop();
    net.run(2_000);
    const dead = inRingOrder(net).slice(6, 8);
    for (const each of dead) net.kill(each);
    net.run(2_000);
    const left = running(net, dead);
    expect(gaps(left)).toEqual([]);
    net.run(2_000);
    for (const { node } of left) {
      expect(node.topology.members).toHaveLength(left.length - 1);
      expect(node.links.counters.envelopesRefused).toBe(0);
      expect(node.topology.counters.recordsRefused).toBe(0);
    }
  });

  it('know each other by name, and do without one that leaves', async () => {
    const net = new SimNetwork({ nodes: 6, seed: 2, latencyMs: 20 });
    net.run(4_000);
    const [first, ...others] = net.nodes as [SimNode, ...SimNode[]];
    expect([...others[0]!.node.memberNames.values()].sort()).toEqual(['n1', 'n3', 'n4', 'n5', 'n6']);
    let hasStopped = false;
    void first.node.stop().then(() => {
      hasStopped = true;
    });
    for (let i = 0; i < 40 && !hasStopped; i++) {
      net.run(50);
      // What waits for virtual time goes on in microtasks.
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(hasStopped).toBe(true);
    net.run(200);
    expect(gaps(others)).toEqual([]);
    for (const { node } of others) expect(node.topology.members).not.toContain(first.node.id);
  });

  it.each([300, 600])('make hardly more links than stay when a link takes %i ms one way', (latencyMs) => {
    const made: string[] = [];
    const net = new SimNetwork({ nodes: 0, seed: 1, latencyMs, log: countingLog(made) });
    for (let i = 0; i < 20; i++) {
      net.join();
      net.run(100);
    }
    net.run(12_000);
    expect(gaps(net.nodes)).toEqual([]);
    const ends = net.nodes.flatMap(({ node }) => node.links.all.filter(({ up }) => up));
    expect(made.filter((what) => what === 'link up').length).toBeLessThan(2.2 * ends.length);
    expect(made).not.toContain('link down');
  });
});

/** Notes what every node tells its log. */
function countingLog(made: string[]) {
  const stream = new Writable({
    write(line, _encoding, done) {
      made.push(JSON.parse(String(line)).msg);
      done();
    },
  });
  return pino({ level: 'info' }, stream);
}
