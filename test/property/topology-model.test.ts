import fc, { type Scheduler } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LinkMessage,
  type NodeId,
  pickHop,
  type Random,
  type RouteMode,
  seededRandom,
  sortClockwise,
  symphony,
  Topology,
} from '../../topology/index.ts';

const maxNodes = 14;
const tickMs = 50;

describe('topology managers', () => {
  it('end in the right ring, for any order of joins, leaves, crashes, glare, partitions, broken links, late and lost messages', async () => {
    const step = fc.record({
      what: fc.constantFrom(
        'join',
        'join',
        'join',
        'join',
        'leave',
        'crash',
        'glare',
        'cut',
        'part',
        'heal',
        'run',
        'run',
      ),
      pick: fc.nat(),
      events: fc.nat(40),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.scheduler(),
        fc.nat(),
        fc.constantFrom(0, 0.1, 0.3),
        async (steps, scheduler, seed, loss) => {
          const net = new Net(scheduler, seed, loss);
          for (const { what, pick, events } of steps) {
            net.step(what, pick);
            await net.pass(events);
          }
          await net.settle(90_000);
          net.expectRing();
          net.expectWays();
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);
});

/** An attempt at a link, and the link that it becomes. Each end has what arrives for it in order. */
interface Link {
  readonly waiting: Map<NodeId, LinkMessage[]>;
  readonly up: Set<NodeId>;
  /** Nothing arrives over it any more, and its ends find out, each in its own time. */
  isCut: boolean;
}

interface Node {
  readonly topology: Topology;
  readonly links: Map<NodeId, Link>;
  /** What its courier has to say, in order. */
  readonly news: ((topology: Topology) => void)[];
}

/** Managers among which everything that travels arrives when the scheduler says so. */
class Net {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #nodes = new Map<NodeId, Node>();
  #loss: number;
  /** Nodes with odd and with even ids do not reach each other. */
  #isParted = false;
  #now = 0;
  #nextTick = 0;

  constructor(scheduler: Scheduler, seed: number, loss: number) {
    this.#scheduler = scheduler;
    this.#random = seededRandom(seed);
    this.#loss = loss;
  }

  step(what: string, pick: number): void {
    const ids = [...this.#nodes.keys()];
    const id = ids[pick % ids.length];
    const other = ids[(pick >> 8) % ids.length];
    if (what === 'join' && ids.length < maxNodes) this.#join(ids);
    if (id === undefined || other === undefined) return;
    if (what === 'crash') this.#crash(id);
    else if (what === 'leave') this.#leave(id);
    else if (what === 'cut') this.#cut(id, [...this.#nodes.get(id)!.links.keys()][pick % 7]);
    else if (what === 'part') this.#part();
    else if (what === 'heal') this.#isParted = false;
    else if (what === 'glare' && id !== other) {
      // Both hear of each other at once, and each may come to dial.
      this.#nodes.get(id)!.topology.introduced([other], this.#now);
      this.#nodes.get(other)!.topology.introduced([id], this.#now);
    }
  }

  /** Lets up to `events` of what is under way arrive, and time pass with it. */
  async pass(events: number): Promise<void> {
    for (let i = 0; i < events; i++) {
      if (this.#scheduler.count() > 0) await this.#scheduler.waitNext(1);
      this.#advance(this.#random() * 20);
    }
  }

  /** From now on nothing is lost, and the courier names one member to each node again. */
  async settle(ms: number): Promise<void> {
    this.#loss = 0;
    this.#isParted = false;
    const ids = [...this.#nodes.keys()];
    for (const { topology } of this.#nodes.values()) {
      topology.introduced([ids[Math.floor(this.#random() * ids.length)]!], this.#now);
    }
    for (const end = this.#now + ms; this.#now < end; ) {
      await this.#scheduler.waitNext(this.#scheduler.count());
      this.#advance(tickMs);
    }
  }

  expectRing(): void {
    const ring = sortClockwise(0n, this.#nodes.keys());
    for (const [i, id] of ring.entries()) {
      const { topology, links } = this.#nodes.get(id)!;
      expect(topology.members).toEqual(sortClockwise(id, ring).slice(1));
      expect([...links.keys()].sort()).toEqual(topology.links.map(({ peer }) => peer).sort());
      // Now and then one looks whether a node that died is back.
      const real = topology.links.filter(({ peer }) => this.#nodes.has(peer));
      const edges = new Map(real.map((edge) => [edge.peer, edge]));
      if (ring.length > 1) expect(edges.get(ring[(i + 1) % ring.length]!)?.mine).toBe('successor');
      for (const [peer, edge] of edges) {
        expect(edge.state).toBe('up');
        const other = this.#nodes.get(peer)!;
        expect(other.links.get(id)).toBe(links.get(peer));
        const back = other.topology.links.find((theirs) => theirs.peer === id);
        expect([back?.mine, back?.theirs]).toEqual([edge.theirs, edge.mine]);
        expect(edge.mine ?? edge.theirs).toBeDefined();
      }
    }
  }

  /** Frames of every node find every other, in no more hops than there are nodes. */
  expectWays(): void {
    for (const from of this.#nodes.keys()) {
      for (const to of this.#nodes.keys()) {
        let [at, mode]: [NodeId, RouteMode] = [from, 'nearer'];
        for (let hops = 0; at !== to; hops++) {
          expect(hops).toBeLessThan(2 * this.#nodes.size);
          const route = this.#nodes.get(at)!.topology.routes.route(to, mode);
          expect(route.hops).not.toEqual([]);
          [at, mode] = [pickHop(route.hops, hops)!, route.mode];
        }
      }
    }
  }

  #advance(ms: number): void {
    this.#now += ms;
    for (; this.#nextTick <= this.#now; this.#nextTick += tickMs) {
      for (const { topology } of this.#nodes.values()) topology.tick(this.#now);
    }
  }

  #later(label: string, run: () => void): void {
    void this.#scheduler.schedule(Promise.resolve(label), label).then(run);
  }

  #join(others: readonly NodeId[]): void {
    const id = (BigInt(Math.floor(this.#random() * 2 ** 53)) << 75n) | BigInt(others.length & 1);
    const topology = new Topology({
      ...{ self: id, policy: symphony(), random: this.#random },
      ...{ sequence: 1 + Math.floor(this.#now), sign: () => new Uint8Array(), verify: () => true },
      sink: {
        dial: (peer) => this.#dial(id, peer),
        close: (peer) => this.#close(id, peer),
        send: (peer, message) => this.#send(id, peer, message),
        changed: () => {},
        relayed: () => {},
      },
    });
    this.#nodes.set(id, { topology, links: new Map(), news: [] });
    const named = others.filter(() => this.#random() < 3 / others.length);
    this.#tell(id, () => topology.introduced(named, this.#now));
  }

  #dial(id: NodeId, peer: NodeId): void {
    const link: Link = { waiting: new Map(), up: new Set(), isCut: false };
    this.#nodes.get(id)!.links.set(peer, link);
    if (this.#random() < this.#loss) return;
    this.#later('offer', () => {
      const other = this.#reaches(id, peer) ? this.#nodes.get(peer) : undefined;
      if (!this.#nodes.has(id) || !other?.topology.offered(id, this.#now)) return;
      other.links.set(id, link);
      if (this.#random() < this.#loss) return;
      this.#later('answer', () => {
        if (!this.#isOn(peer, id, link) || !this.#isOn(id, peer, link) || !this.#reaches(id, peer)) return;
        this.#up(peer, id, link);
        this.#later('open', () => {
          if (!this.#isOn(id, peer, link)) return;
          this.#up(id, peer, link);
          if (!this.#nodes.has(peer)) this.#later('silence', () => this.#lose(id, peer, link, 'silent'));
        });
      });
    });
  }

  #up(id: NodeId, peer: NodeId, link: Link): void {
    link.up.add(id);
    this.#nodes.get(id)!.topology.linkUp(peer, this.#now);
    for (let i = link.waiting.get(id)?.length ?? 0; i > 0; i--) this.#deliver(id, peer, link);
  }

  #send(id: NodeId, peer: NodeId, message: LinkMessage): void {
    const link = this.#nodes.get(id)?.links.get(peer);
    if (link === undefined) return;
    const waiting = link.waiting.get(peer) ?? [];
    link.waiting.set(peer, waiting);
    waiting.push(message);
    this.#later(message.type, () => link.up.has(peer) && this.#deliver(peer, id, link));
  }

  #deliver(id: NodeId, from: NodeId, link: Link): void {
    const message = link.waiting.get(id)!.shift();
    if (message !== undefined && !link.isCut && this.#isOn(id, from, link)) {
      this.#nodes.get(id)!.topology.receive(from, message, this.#now);
    }
  }

  #close(id: NodeId, peer: NodeId): void {
    const links = this.#nodes.get(id)?.links;
    const link = links?.get(peer);
    links?.delete(peer);
    if (link !== undefined && !link.isCut) this.#later('closed', () => this.#lose(peer, id, link, 'closed'));
  }

  /** A link dies, of which neither end hears at once. */
  #cut(id: NodeId, peer: NodeId | undefined): void {
    const link = peer === undefined ? undefined : this.#nodes.get(id)?.links.get(peer);
    if (peer === undefined || link === undefined || link.isCut) return;
    link.isCut = true;
    for (const [a, b] of [
      [id, peer],
      [peer, id],
    ] as const) {
      this.#later('silence', () => this.#lose(a, b, link, 'silent'));
    }
  }

  #part(): void {
    this.#isParted = true;
    for (const [id, { links }] of this.#nodes) {
      for (const peer of [...links.keys()]) if (!this.#reaches(id, peer)) this.#cut(id, peer);
    }
  }

  #reaches(a: NodeId, b: NodeId): boolean {
    return !this.#isParted || (a & 1n) === (b & 1n);
  }

  #lose(id: NodeId, peer: NodeId, link: Link, end: 'silent' | 'closed'): void {
    if (!this.#isOn(id, peer, link)) return;
    const node = this.#nodes.get(id)!;
    node.links.delete(peer);
    node.topology.linkDown(peer, this.#now, end);
  }

  /** Its neighbours miss it, and so does the courier. */
  #crash(id: NodeId): void {
    this.#nodes.delete(id);
    for (const [peer, { links }] of this.#nodes) {
      const link = links.get(id);
      if (link?.up.has(peer)) this.#later('silence', () => this.#lose(peer, id, link, 'silent'));
      this.#tell(peer, (topology) => topology.lost(id, this.#now));
    }
  }

  #leave(id: NodeId): void {
    const node = this.#nodes.get(id)!;
    node.topology.leave();
    this.#later('left', () => {
      if (this.#nodes.get(id) !== node) return;
      for (const peer of [...node.links.keys()]) this.#close(id, peer);
      this.#crash(id);
    });
  }

  #isOn(id: NodeId, peer: NodeId, link: Link): boolean {
    return this.#nodes.get(id)?.links.get(peer) === link;
  }

  #tell(id: NodeId, news: (topology: Topology) => void): void {
    const node = this.#nodes.get(id)!;
    node.news.push(news);
    this.#later('news', () => {
      const next = node.news.shift()!;
      if (this.#nodes.get(id) === node) next(node.topology);
    });
  }
}
