import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDigest,
  digestTypes,
  encodeDigest,
  type FloodCopy,
  FloodEngine,
  floodEtherType,
  packDigest,
} from '../../switch/flood/index.ts';
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

describe('bounded flooding with repair', () => {
  it('reaches every node of any connected graph exactly once, whatever is lost, late, doubled or dead', () => {
    const fault = fc.record({
      loss: fc.constantFrom(0, 0.01, 0.05, 0.3),
      duplicate: fc.constantFrom(0, 0.1),
      jitterMs: fc.constantFrom(0, 200),
    });
    fc.assert(
      fc.property(ids(2, 40), fault, fc.nat(4), fc.nat(2), fc.nat(), (ring, faults, floods, extra, seed) => {
        const net = new FloodNet(ring, treeAndMore(ring, extra, seededRandom(seed)), faults, seed);
        const dead = ring.filter((_, i) => i > 0 && i % 9 === 4);
        for (const id of dead) net.dead.add(id);
        const roots = Array.from({ length: floods + 1 }, () => net.alive[Math.floor(net.random() * net.alive.length)]!);
        const names = roots.map((root) => net.flood(root));
        net.run(60_000);
        for (const [i, root] of roots.entries()) {
          for (const id of net.alive) {
            const expected = id === root || !net.reachable(root).has(id) ? 0 : 1;
            expect(net.deliveries(id, names[i]!)).toBe(expected);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('pulls nothing and sends n - 1 copies on a lossless ring', () => {
    fc.assert(
      fc.property(ids(1, 64), fc.nat(3), fc.nat(), (ring, shortcuts, seed) => {
        const random = seededRandom(seed);
        const links = linkRing(ring, shortcuts, (n) => Math.floor(random() * n));
        const net = new FloodNet(ring, links, { loss: 0, duplicate: 0, jitterMs: 0 }, seed);
        net.flood(ring[0]!);
        net.run(20_000);
        const total = (key: 'copiesSent' | 'copiesPulled' | 'ihaveSent') =>
          [...net.engines.values()].reduce((sum, engine) => sum + engine.counters[key], 0);
        expect(total('copiesSent')).toBe(ring.length - 1);
        expect(total('copiesPulled')).toBe(0);
        const ends = [...links.values()].reduce((sum, peers) => sum + peers.size, 0);
        expect(total('ihaveSent')).toBeLessThanOrEqual(ends);
        for (const engine of net.engines.values()) expect(engine.nextTick()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: 40 },
    );
  });

  it('lets a node with a single link miss nothing at 30 % loss', () => {
    const ring = [10n, 20n, 30n];
    const links = new Map([
      [10n, new Set([20n])],
      [20n, new Set([10n, 30n])],
      [30n, new Set([20n])],
    ]);
    const net = new FloodNet(ring, links, { loss: 0.3, duplicate: 0, jitterMs: 0 }, 5);
    const names = Array.from({ length: 100 }, () => {
      const name = net.flood(10n);
      net.run(100);
      return name;
    });
    net.run(30_000);
    expect(names.map((name) => net.deliveries(30n, name))).toEqual(names.map(() => 1));
  });

  it('lets a joiner hear the first flood after its first link is up', () => {
    const ring = Array.from({ length: 16 }, (_, i) => BigInt(i + 1) << 120n);
    const links = linkRing(ring.slice(0, 15), 1, (n) => n - 1);
    const joiner = ring[15]!;
    links.set(joiner, new Set());
    const net = new FloodNet(ring, links, { loss: 0, duplicate: 0, jitterMs: 0 }, 1);
    net.link(joiner, ring[7]!);
    const name = net.flood(ring[0]!);
    net.run(1_000);
    expect(net.deliveries(joiner, name)).toBe(1);
  });
});

/** A random tree over all nodes in random order, and some more links: connected, cyclic, and no ring. */
function treeAndMore(ring: readonly NodeId[], extra: number, random: Random): Map<NodeId, Set<NodeId>> {
  const peers = new Map(ring.map((id) => [id, new Set<NodeId>()]));
  const link = (a: NodeId, b: NodeId) => {
    if (a === b) return;
    peers.get(a)!.add(b);
    peers.get(b)!.add(a);
  };
  for (const [i, id] of ring.entries()) if (i > 0) link(id, ring[Math.floor(random() * i)]!);
  for (let i = 0; i < extra * ring.length; i++) {
    link(ring[Math.floor(random() * ring.length)]!, ring[Math.floor(random() * ring.length)]!);
  }
  return peers;
}

interface Faults {
  readonly loss: number;
  readonly duplicate: number;
  readonly jitterMs: number;
}

/** Flood engines alone, on links of 20 ms with faults, in virtual time. */
class FloodNet {
  readonly engines = new Map<NodeId, FloodEngine>();
  readonly dead = new Set<NodeId>();
  readonly random: Random;
  readonly #faults: Faults;
  readonly #links: ReadonlyMap<NodeId, Set<NodeId>>;
  readonly #delivered = new Map<string, number>();
  #now = 0;
  #floods = 0;
  #flying: { at: number; from: NodeId; to: NodeId; frb: Uint8Array }[] = [];

  constructor(ring: readonly NodeId[], links: ReadonlyMap<NodeId, Set<NodeId>>, faults: Faults, seed: number) {
    this.#links = links;
    this.#faults = faults;
    this.random = seededRandom(seed);
    for (const id of ring) {
      const engine = new FloodEngine({ self: id, epoch: 1 });
      engine.setPeers(links.get(id)!);
      this.engines.set(id, engine);
    }
  }

  get alive(): NodeId[] {
    return [...this.engines.keys()].filter((id) => !this.dead.has(id));
  }

  link(a: NodeId, b: NodeId): void {
    this.#links.get(a)!.add(b);
    this.#links.get(b)!.add(a);
    for (const id of [a, b]) this.engines.get(id)!.setPeers(this.#links.get(id)!);
  }

  flood(root: NodeId): string {
    this.#floods += 1;
    const frame = new Uint8Array(60);
    new DataView(frame.buffer).setUint32(14, this.#floods);
    this.#send(root, this.engines.get(root)!.originate(frame, this.#now));
    return String(this.#floods);
  }

  deliveries(id: NodeId, name: string): number {
    return this.#delivered.get(`${id} ${name}`) ?? 0;
  }

  reachable(root: NodeId): Set<NodeId> {
    const seen = new Set([root]);
    for (const id of seen) for (const peer of this.#links.get(id)!) if (!this.dead.has(peer)) seen.add(peer);
    return seen;
  }

  run(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; this.#now += 25) {
      const due = this.#flying.filter(({ at }) => at <= this.#now);
      this.#flying = this.#flying.filter(({ at }) => at > this.#now);
      for (const { from, to, frb } of due) this.#arrive(from, to, frb);
      for (const id of this.alive) {
        const engine = this.engines.get(id)!;
        if (engine.nextTick() <= this.#now) this.#send(id, engine.tick(this.#now));
      }
    }
  }

  #arrive(from: NodeId, to: NodeId, frb: Uint8Array): void {
    if (this.dead.has(to)) return;
    const { copies, inner } = this.engines.get(to)!.receive(from, frb, this.#now);
    this.#send(to, copies);
    if (inner === undefined) return;
    const name = new DataView(inner.frame.buffer, inner.frame.byteOffset).getUint32(14);
    const key = `${to} ${name}`;
    this.#delivered.set(key, (this.#delivered.get(key) ?? 0) + 1);
  }

  #send(from: NodeId, copies: readonly FloodCopy[]): void {
    for (const { to, frb } of copies) {
      for (const again of [false, true]) {
        if (again ? this.random() >= this.#faults.duplicate : this.random() < this.#faults.loss) continue;
        this.#flying.push({ at: this.#now + 20 + this.random() * this.#faults.jitterMs, from, to, frb });
      }
    }
  }
}
