import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDigest,
  digestTypes,
  encodeDigest,
  FloodEngine,
  floodEtherType,
  packDigest,
} from '../../switch/flood/index.ts';
import { numberedFrame, numberOf } from '../../tools/sim/flood/flood-log.ts';
import { join, type Links, randomIds } from '../../tools/sim/flood/links.ts';
import { FloodNetwork, faultless, type LinkFaults } from '../../tools/sim/flood/network.ts';
import { maxNodeId, type NodeId, type Random, seededRandom } from '../../topology/index.ts';
import { linkRing } from '../unit/support/ring-links.ts';

const source = { mac: new Uint8Array(6), etherType: floodEtherType };
const u32 = fc.nat(0xffff_ffff);
const nodeId = fc.bigInt({ min: 0n, max: maxNodeId });
const ids = (min: number, max: number) => fc.uniqueArray(nodeId, { minLength: min, maxLength: max });

describe('digests', () => {
  it('round-trip as sets of floods, in few frames', () => {
    const flood = fc.record({ root: fc.bigInt({ min: 0n, max: 3n }), epoch: fc.nat(2), sequence: fc.nat(200) });
    fc.assert(
      fc.property(
        fc.array(flood, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(...(Object.keys(digestTypes) as (keyof typeof digestTypes)[])),
        fc.record({ newest: u32, before: u32 }),
        u32,
        (floods, type, heard, number) => {
          const parts = packDigest(floods);
          const frames = parts.map(({ entries }) => encodeDigest({ type, number, heard }, entries, source));
          const decoded = frames.flatMap((frame) => {
            const digest = decodeDigest(type, frame);
            if (typeof digest === 'string') throw new Error(digest);
            expect(digest).toMatchObject({ type, heard, number });
            return digest.floods;
          });
          expect(parts.flatMap((part) => part.floods)).toEqual(floods);
          const names = (list: typeof floods) =>
            list.map(({ root, epoch, sequence }) => `${root}/${epoch}/${sequence}`);
          expect(new Set(names(decoded as typeof floods))).toEqual(new Set(names(floods)));
          for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(1356);
        },
      ),
    );
  });

  it('that are cut short are refused', () => {
    const heard = { newest: 0, before: 0 };
    const flood = { root: 1n, epoch: 1, sequence: 1, bits: 0 };
    const frame = encodeDigest({ type: 'ihave', number: 1, heard }, [flood], source);
    for (let length = 0; length < frame.length; length++) {
      expect(decodeDigest('ihave', frame.subarray(0, length))).toBe('truncated');
    }
  });
});

const perfect = { ...faultless, jitterMs: 5 };

describe('bounded flooding with repair', () => {
  it('on graphs of up to 200 nodes, whatever befalls frames and nodes: ends, each node once, each switch once, tables bounded', () => {
    const fault = fc.record({
      loss: fc.constantFrom(0, 0.01, 0.05, 0.2),
      duplicate: fc.constantFrom(0, 0.1),
      reorder: fc.constantFrom(0, 0.2),
      jitterMs: fc.constantFrom(0, 10, 100),
    });
    const nodes = fc.record({
      dead: fc.nat(8),
      paused: fc.nat(8),
      joined: fc.nat(4),
      missing: fc.constantFrom(0, 0.1),
    });
    const size = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 2, max: 40 }) }, fc.integer({ min: 40, max: 200 }));
    fc.assert(
      fc.property(size, fault, nodes, fc.nat(6), fc.nat(3), fc.nat(), (count, faults, happens, floods, extra, seed) => {
        const net = new Graph(
          randomIds(count, seededRandom(seed)),
          extra,
          happens.missing,
          { ...perfect, ...faults },
          seed,
        );
        net.die(happens.dead);
        const sent = net.floodSome(floods + 1);
        net.pause(happens.paused);
        net.join(happens.joined);
        sent.push(...net.floodSome(2));
        net.run(60_000);
        for (const { number, root, expected } of sent) {
          for (const id of net.alive) {
            const times = net.deliveries(id, number);
            // A joiner may hear of what began before it came.
            if (expected.has(id)) expect(times).toBe(id === root ? 0 : 1);
            else expect(times).toBeLessThanOrEqual(1);
          }
        }
        net.expectAtRest();
      }),
      { numRuns: 40 },
    );
  });

  it('pulls nothing and sends n - 1 copies on a lossless ring', () => {
    fc.assert(
      fc.property(ids(1, 64), fc.nat(3), fc.nat(), (ring, shortcuts, seed) => {
        const random = seededRandom(seed);
        const links = linkRing(ring, shortcuts, (n) => Math.floor(random() * n));
        const net = new Net(links, perfect, seed);
        net.floodFrom(ring[0]!);
        net.run(20_000);
        expect(net.total('copiesSent')).toBe(ring.length - 1);
        expect(net.total('copiesPulled')).toBe(0);
        const ends = [...links.values()].reduce((sum, peers) => sum + peers.size, 0);
        expect(net.total('ihaveSent')).toBeLessThanOrEqual(ends);
        net.expectAtRest();
      }),
      { numRuns: 40 },
    );
  });

  it('lets a node with a single link miss nothing at 30 % loss', () => {
    const links = new Map([
      [10n, new Set([20n])],
      [20n, new Set([10n, 30n])],
      [30n, new Set([20n])],
    ]);
    const net = new Net(links, { ...perfect, loss: 0.3 }, 5);
    const sent = Array.from({ length: 100 }, () => {
      const flood = net.floodFrom(10n);
      net.run(100);
      return flood;
    });
    net.run(30_000);
    expect(sent.map(({ number }) => net.deliveries(30n, number))).toEqual(sent.map(() => 1));
  });

  it('lets a joiner hear the first flood after its first link is up, over a link to anybody', () => {
    fc.assert(
      fc.property(ids(3, 40), fc.nat(), fc.nat(), (ring, to, root) => {
        const [joiner, ...members] = ring;
        const net = new Net(
          linkRing(members, 1, (n) => n - 1),
          perfect,
          1,
        );
        net.link(joiner!, members[to % members.length]!);
        const { number } = net.floodFrom(members[root % members.length]!);
        net.run(1_000);
        expect(net.deliveries(joiner!, number)).toBe(1);
      }),
      { numRuns: 40 },
    );
  });
});

/** Flood engines alone, on links with faults, in virtual time, and what they delivered. */
class Net {
  readonly random: Random;
  readonly sent: { number: number; root: NodeId; expected: Set<NodeId> }[] = [];
  protected readonly net: FloodNetwork<FloodEngine>;
  readonly #delivered = new Map<string, number>();

  constructor(links: Links, faults: LinkFaults, seed: number) {
    this.random = seededRandom(seed);
    this.net = new FloodNetwork({
      links,
      faults,
      random: this.random,
      rule: (self, epoch) => new FloodEngine({ self, epoch }),
      delivered: ({ at, frame }) => {
        const key = `${at} ${numberOf(frame)}`;
        this.#delivered.set(key, (this.#delivered.get(key) ?? 0) + 1);
      },
    });
  }

  get alive(): NodeId[] {
    return this.net.alive;
  }

  floodFrom(root: NodeId) {
    const number = this.sent.length;
    const flood = { number, root, expected: this.net.reachable(root) };
    this.sent.push(flood);
    // Some are long: they go in parts.
    this.net.flood(root, numberedFrame(number, number % 3 === 2 ? 3_000 : 60));
    return flood;
  }

  deliveries(id: NodeId, number: number): number {
    return this.#delivered.get(`${id} ${number}`) ?? 0;
  }

  link(a: NodeId, b: NodeId): void {
    const isNew = !this.net.links.has(a);
    if (isNew) this.net.links.set(a, new Set());
    join(this.net.links, a, b);
    if (isNew) this.net.add(a);
    this.net.relink([a, b]);
  }

  run(ms: number): void {
    this.net.run(ms);
  }

  total(key: 'copiesSent' | 'copiesPulled' | 'ihaveSent'): number {
    return [...this.net.rules.values()].reduce((sum, { counters }) => sum + counters[key], 0);
  }

  /** Nothing is due any more, nothing wanted, and no switch passed a flood on twice. */
  expectAtRest(): void {
    for (const id of this.net.awake) {
      const engine = this.net.rules.get(id)!;
      engine.tick(this.net.clock.now());
      expect(engine.nextTick()).toBe(Number.POSITIVE_INFINITY);
      expect(engine.sizes).toMatchObject({ held: 0, wanted: 0, parts: 0 });
      expect(engine.sizes.roots).toBeLessThanOrEqual(this.sent.length);
      const passed = engine.traces.map(({ root, epoch, sequence }) => `${root}/${epoch}/${sequence}`);
      expect(new Set(passed).size).toBe(passed.length);
    }
  }
}

/** A random tree over all nodes in random order, and some more links: connected, cyclic, and no ring. */
class Graph extends Net {
  constructor(nodes: readonly NodeId[], extra: number, missing: number, faults: LinkFaults, seed: number) {
    const random = seededRandom(seed);
    const links: Links = new Map(nodes.map((id) => [id, new Set()]));
    for (const [i, id] of nodes.entries()) if (i > 0) join(links, id, nodes[Math.floor(random() * i)]!);
    for (let i = 0; i < extra * nodes.length; i++) {
      const [a, b] = [nodes[Math.floor(random() * nodes.length)]!, nodes[Math.floor(random() * nodes.length)]!];
      if (random() >= missing) join(links, a, b);
    }
    super(links, faults, seed);
  }

  floodSome(count: number) {
    return Array.from({ length: count }, () => {
      this.net.run(this.random() * 60);
      return this.floodFrom(this.#pick());
    });
  }

  /** Dead from the start, and nobody knows. */
  die(count: number): void {
    for (let i = 0; i < count && this.net.alive.length > 2; i++) this.net.dead.add(this.#pick());
  }

  pause(count: number): void {
    for (let i = 0; i < count && this.net.awake.length > 2; i++) this.net.pause(this.#pick(), 2_000);
  }

  join(count: number): void {
    for (const id of randomIds(count, this.random)) this.link(id, this.#pick());
  }

  #pick(): NodeId {
    const { awake } = this.net;
    return awake[Math.floor(this.random() * awake.length)]!;
  }
}
