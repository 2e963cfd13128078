import { beforeAll, describe, expect, it } from 'vitest';
import { randomIds } from '../../tools/sim/flood/links.ts';
import { TopologyNetwork } from '../../tools/sim/topology/network.ts';
import { type DirectoryRecord, type NodeId, seededRandom, symphony } from '../../topology/index.ts';

const nodes = 48;
const random = seededRandom(5);
const net = new TopologyNetwork({ policy: symphony(), random, latencyMs: 20, contacts: 20 });
const ids = randomIds(nodes + 10, random);
const keys = randomIds(200, random);
const anyone = () => net.alive[Math.floor(random() * net.alive.length)]!;
const text = (record: DirectoryRecord | undefined) => record && Buffer.from(record.value).toString();

function put(key: NodeId, version: number, value: string): void {
  const { directory } = anyone().topology;
  directory.put({ key, version, value: Buffer.from(value) }, net.clock.now());
}

/** What random nodes are told of all keys. */
function askAll(): (string | undefined)[] {
  const answers = keys.map((): string | undefined => 'no answer');
  for (const [i, key] of keys.entries()) {
    anyone().topology.directory.get(key, net.clock.now(), (record, isAnswered) => {
      if (isAnswered) answers[i] = text(record);
    });
  }
  net.run(4_000);
  return answers;
}

/** A record is at the first node at or after its key, and at the next two. */
function copies(): number {
  return net.alive.reduce((sum, { topology }) => sum + topology.directory.size, 0);
}

describe('the directory of an overlay', () => {
  beforeAll(() => {
    for (const id of ids.splice(0, nodes)) {
      net.join(id);
      net.run(20);
    }
    net.run(5_000);
    for (const [i, key] of keys.entries()) put(key, 1, `value ${i}`);
    net.run(2_000);
  });

  const all = (version: string) => keys.map((_, i) => `${version} ${i}`);

  it('answers everybody, at three nodes for each key, in few hops', () => {
    const before = net.alive.reduce((sum, { topology }) => sum + topology.directory.counters.forwarded, 0);
    expect(askAll()).toEqual(all('value'));
    const after = net.alive.reduce((sum, { topology }) => sum + topology.directory.counters.forwarded, 0);
    expect(copies()).toBe(3 * keys.length);
    expect((after - before) / keys.length).toBeLessThan(Math.log2(nodes));
  });

  it('keeps the record with the highest version', () => {
    for (const [i, key] of keys.entries()) put(key, 3, `new ${i}`);
    net.run(1_000);
    for (const [i, key] of keys.entries()) put(key, 2, `old ${i}`);
    net.run(1_000);
    expect(askAll()).toEqual(all('new'));
  });

  it('knows no key that nobody put, and none that was put empty', () => {
    const told: unknown[] = [];
    anyone().topology.directory.get(keys[0]! ^ 1n, net.clock.now(), (record, isAnswered) =>
      told.push(record, isAnswered),
    );
    net.run(1_000);
    expect(told).toEqual([undefined, true]);
  });

  it('moves records to nodes that join', () => {
    for (const id of ids.splice(0, 5)) net.join(id);
    net.run(4_000);
    expect(askAll()).toEqual(all('new'));
    expect(copies()).toBe(3 * keys.length);
  });

  it('loses none when nodes leave, or two neighbours die at once', () => {
    for (const node of net.alive.slice(3, 8)) net.leave(node);
    net.run(4_000);
    expect(askAll()).toEqual(all('new'));
    const ring = net.alive.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
    for (const id of [ring[10]!, ring[11]!]) net.crash(net.nodes.get(id)!);
    net.run(4_000);
    expect(askAll()).toEqual(all('new'));
    expect(copies()).toBe(3 * keys.length);
  });

  it('forgets what nobody puts again', () => {
    const [kept, lost] = randomIds(2, random) as [NodeId, NodeId];
    const both = () => {
      const told: (string | undefined)[] = [];
      for (const key of [kept, lost]) {
        anyone().topology.directory.get(key, net.clock.now(), (record) => told.push(text(record)));
        net.run(2_000);
      }
      return told;
    };
    put(kept, 1, 'kept');
    put(lost, 1, 'lost');
    net.run(300_000);
    expect(both()).toEqual(['kept', 'lost']);
    put(kept, 1, 'kept');
    for (const [i, key] of keys.entries()) put(key, 3, `new ${i}`);
    net.run(320_000);
    expect(both()).toEqual(['kept', undefined]);
    for (const [i, key] of keys.entries()) put(key, 3, `new ${i}`);
    put(kept, 2, '');
    net.run(2_000);
    expect(both()).toEqual([undefined, undefined]);
    // Ten minutes of virtual time.
  }, 120_000);
});
