import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLinkMessage,
  type EdgeKind,
  encodeLinkMessage,
  type LinkMessage,
  Liveness,
  maxNodeId,
  type NodeId,
  nextHop,
  seededRandom,
  sortClockwise,
  symphony,
  Topology,
} from '../../topology/index.ts';

const nodeId = fc.bigInt({ min: 0n, max: maxNodeId });

describe('link messages', () => {
  const interest = fc.constantFrom<EdgeKind | undefined>(undefined, 'successor', 'long');
  const message = fc.oneof<fc.Arbitrary<LinkMessage>[]>(
    fc.record({ type: fc.constantFrom('probe' as const, 'probeAck' as const), sequence: fc.nat(0xffff_ffff) }),
    fc.record({ type: fc.constant('edge' as const), interest }),
    fc.constant({ type: 'leave' as const }),
  );

  it('round-trip', () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(decodeLinkMessage(encodeLinkMessage(m))).toEqual(m);
      }),
    );
  });

  it('of any bytes are decoded to what encodes to the same bytes, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 7 }), (bytes) => {
        const m = decodeLinkMessage(bytes);
        if (m !== undefined) expect(encodeLinkMessage(m)).toEqual(bytes);
      }),
    );
  });
});

describe('next hops', () => {
  it('come nearer with every hop, and reach every node of a whole ring', () => {
    fc.assert(
      fc.property(fc.uniqueArray(nodeId, { minLength: 2, maxLength: 32 }), fc.nat(), fc.nat(), (ring, a, b) => {
        const sorted = sortClockwise(0n, ring);
        const target = ring[b % ring.length]!;
        let at = ring[a % ring.length]!;
        for (let hops = 0; at !== target; hops++) {
          expect(hops).toBeLessThan(ring.length);
          const i = sorted.indexOf(at);
          const peers = [sorted.at(i - 1)!, sorted[(i + 1) % sorted.length]!];
          at = nextHop(at, peers, target)!;
          expect(at).toBeDefined();
        }
      }),
    );
  });
});

describe('liveness', () => {
  it('takes a link down after three unanswered probes and not before', () => {
    const liveness = new Liveness();
    const verdicts = [0, 100, 300, 600, 899, 900].map((now) => liveness.tick(now, 300));
    expect(verdicts).toEqual([{ probe: 1 }, 'wait', { probe: 2 }, { probe: 3 }, 'wait', 'down']);
  });

  it('forgives misses when anything is heard, and counts nothing while the process stood still', () => {
    const liveness = new Liveness();
    liveness.tick(0, 300);
    liveness.answered(1, 40);
    expect(liveness.rttMs).toBe(40);
    expect(liveness.tick(60_000, 300)).toEqual({ probe: 2 });
    expect(liveness.tick(120_000, 300)).toEqual({ probe: 3 });
    liveness.heard();
    for (const now of [180_000, 240_000, 300_000]) expect(liveness.tick(now, 300)).toHaveProperty('probe');
    expect(liveness.tick(360_000, 300)).toBe('down');
  });
});

describe('symphony', () => {
  it('wants the next nodes clockwise, and long links that are neither ring neighbours nor linked already', () => {
    fc.assert(
      fc.property(fc.uniqueArray(nodeId, { minLength: 2, maxLength: 40 }), fc.nat(), (ids, seed) => {
        const [self, ...members] = ids as [NodeId, ...NodeId[]];
        const ring = sortClockwise(self, members);
        const wanted = symphony({ successors: 2, longLinks: 1 })({ self, members, links: new Map(), seed });
        const successors = wanted.filter(({ kind }) => kind === 'successor').map(({ peer }) => peer);
        const long = wanted.filter(({ kind }) => kind === 'long').map(({ peer }) => peer);
        expect(successors).toEqual(ring.slice(0, ids.length >= 9 ? 2 : 1));
        expect(long.length).toBe(ids.length >= 4 ? 1 : 0);
        for (const peer of long) expect([...successors, ring.at(-1)]).not.toContain(peer);
      }),
    );
  });
});

describe('topology managers', () => {
  it('end in a whole ring with agreed links, for any order of joins, leaves, crashes and deliveries', () => {
    const step = fc.record({
      what: fc.constantFrom('join', 'join', 'leave', 'crash', 'run'),
      pick: fc.nat(),
      ms: fc.nat(3000),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), (steps, seed) => {
        const net = new Net(seed);
        for (const { what, pick, ms } of steps) net.step(what, pick, ms);
        net.run(120_000);
        const ring = sortClockwise(0n, net.nodes.keys());
        for (const [i, id] of ring.entries()) {
          const links = new Map(net.nodes.get(id)!.links.map((link) => [link.peer, link]));
          if (ring.length > 1) expect(links.get(ring[(i + 1) % ring.length]!)?.mine).toBe('successor');
          const long = [...links.values()].filter(({ mine, theirs }) => mine === 'long' || theirs === 'long');
          if (ring.length >= 5) expect(long.length).toBeGreaterThan(0);
          for (const [peer, link] of links) {
            expect(link.state).toBe('up');
            const back = net.nodes.get(peer)!.links.find((other) => other.peer === id);
            expect([back?.mine, back?.theirs]).toEqual([link.theirs, link.mine]);
            expect(link.mine ?? link.theirs).toBeDefined();
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Topology managers on a lossless network that delivers late and in random order between pairs. */
class Net {
  readonly nodes = new Map<NodeId, Topology>();
  readonly #random: () => number;
  #now = 0;
  #events: { at: number; run: () => void }[] = [];
  /** Which dial made the link that a node has with another; an event of an older one is void. */
  readonly #dials = new Map<string, number>();
  readonly #busyUntil = new Map<string, number>();
  #lastDial = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  step(what: string, pick: number, ms: number): void {
    const ids = [...this.nodes.keys()];
    const id = ids[pick % ids.length];
    if (what === 'join' && ids.length < 16) this.#join();
    else if (what === 'leave' && id !== undefined) this.#remove(id, true);
    else if (what === 'crash' && id !== undefined) this.#remove(id, false);
    else this.run(ms);
  }

  run(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; this.#now += 50) {
      this.#events.sort((a, b) => a.at - b.at);
      while (this.#events[0] !== undefined && this.#events[0].at <= this.#now) this.#events.shift()!.run();
      if (this.#now % 100 === 0) for (const node of this.nodes.values()) node.tick(this.#now);
    }
  }

  #later(run: () => void, ms = this.#random() * 100): void {
    this.#events.push({ at: this.#now + ms, run });
  }

  #ifCurrent(id: NodeId, peer: NodeId, dial: number, run: (node: Topology) => void): void {
    if (this.#dials.get(`${id}>${peer}`) === dial) this.#with(id, run);
  }

  /** Ordered for each pair, as courier and control lane are. */
  #carry(from: NodeId, to: NodeId, run: (node: Topology) => void): void {
    const pair = `${from}>${to}`;
    const at = Math.max(this.#busyUntil.get(pair) ?? 0, this.#now + this.#random() * 100);
    this.#busyUntil.set(pair, at);
    this.#events.push({ at, run: () => this.#with(to, run) });
  }

  #join(): void {
    const id = BigInt(Math.floor(this.#random() * 2 ** 53)) << 75n;
    const on = (peer: NodeId, run: (node: Topology) => void) => this.#carry(id, peer, run);
    this.nodes.set(
      id,
      new Topology({
        self: id,
        policy: symphony({ successors: 2, longLinks: 1 }),
        random: this.#random,
        sink: {
          dial: (peer) => {
            const dial = ++this.#lastDial;
            this.#dials.set(`${id}>${peer}`, dial);
            on(peer, (node) => {
              if (!this.nodes.has(id) || !node.offered(id, this.#now)) return;
              this.#dials.set(`${peer}>${id}`, dial);
              this.#later(() => this.#ifCurrent(peer, id, dial, (other) => other.linkUp(id, this.#now)));
              // The end that dialled is up once the answer is there, which comes behind what the other end sent before.
              this.#carry(peer, id, () => this.#ifCurrent(id, peer, dial, (self) => self.linkUp(peer, this.#now)));
            });
          },
          close: (peer) => {
            const dial = this.#dials.get(`${id}>${peer}`)!;
            this.#dials.delete(`${id}>${peer}`);
            on(peer, () => this.#ifCurrent(peer, id, dial, (node) => node.linkDown(id, this.#now)));
          },
          announce: (peer, interest) => on(peer, (node) => node.neighbourWants(id, interest, this.#now)),
          changed: () => {},
        },
      }),
    );
    for (const other of this.nodes.keys()) {
      if (other === id) continue;
      on(other, (node) => node.memberJoined(id, this.#now));
      on(id, (node) => this.nodes.has(other) && node.memberJoined(other, this.#now));
    }
  }

  #remove(id: NodeId, graceful: boolean): void {
    const neighbours = this.nodes.get(id)!.neighbours;
    this.nodes.delete(id);
    for (const peer of this.nodes.keys()) {
      const linked = neighbours.includes(peer);
      if (linked && graceful) this.#later(() => this.#with(peer, (node) => node.neighbourLeft(id, this.#now)));
      this.#later(() => this.#with(peer, (node) => node.linkDown(id, this.#now)), 1000);
      this.#later(() => this.#with(peer, (node) => node.memberLeft(id, this.#now)), 200 + this.#random() * 100);
    }
  }

  #with(id: NodeId, run: (node: Topology) => unknown): void {
    const node = this.nodes.get(id);
    if (node !== undefined) run(node);
  }
}
