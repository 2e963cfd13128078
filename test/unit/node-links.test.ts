import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Identity, sealEnvelope } from '../../src/identity/index.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { type Courier, Links } from '../../src/node/links.ts';
import { MemoryTunnelNetwork } from '../../src/tunnel/index.ts';
import { type LinkMessage, type NodeId, parseNodeId, seededRandom } from '../../topology/index.ts';

const log = pino({ level: 'silent' });

/** Two or more `Links` on one clock, with a courier that a test may tap, and that carries in order. */
class World {
  readonly clock = new VirtualClock();
  readonly carried: { to: string; payload: string }[] = [];
  readonly #random = seededRandom(1);
  readonly #network = new MemoryTunnelNetwork({
    clock: this.clock,
    random: this.#random,
    path: () => ({ latencyMs: 5, loss: 0 }),
  });
  readonly #ends = new Map<string, End>();
  isCourierDown = false;

  add(seed: number): End {
    const identity = Identity.fromSeed(new Uint8Array(32).fill(seed));
    const end = new End(identity, this.#network, this.#random, this.clock, (to, payload, courier) => {
      this.carried.push({ to, payload });
      if (!this.isCourierDown)
        this.clock.after(5, () => this.#ends.get(to)?.links.receive(identity.nodeId, payload, courier));
      return true;
    });
    this.#ends.set(identity.nodeId, end);
    return end;
  }
}

class End {
  readonly id: NodeId;
  readonly identity: Identity;
  readonly links: Links;
  readonly factory;
  readonly seen: string[] = [];
  readonly messages: LinkMessage[] = [];
  isLate = false;
  accepts: (peer: NodeId) => boolean = () => true;

  constructor(
    identity: Identity,
    network: MemoryTunnelNetwork,
    random: () => number,
    clock: VirtualClock,
    carry: (to: string, payload: string, courier: Courier) => boolean,
  ) {
    this.identity = identity;
    this.id = parseNodeId(identity.nodeId)!;
    this.factory = network.factory(identity.nodeId);
    this.links = new Links({
      identity,
      tunnels: this.factory,
      carry,
      clock,
      random,
      log,
      events: {
        offered: (peer) => {
          this.seen.push('offered');
          return this.accepts(peer);
        },
        up: () => this.seen.push('up'),
        down: (_peer, end) => this.seen.push(`down: ${end}`),
        message: (_peer, message) => this.messages.push(message),
        late: (_peer, isLate) => {
          this.isLate = isLate;
        },
        frames: (_peer, messages) => this.seen.push(`frames ${messages.length}`),
        drained: () => this.seen.push('drained'),
      },
    });
  }
}

function sealOffer(from: Identity, to: End, seq: number): string {
  const body = JSON.stringify({ kind: 'offer', sdp: 'memory', fingerprint: 'memory' });
  return sealEnvelope(from, { to: to.identity.nodeId, link: `link-${seq}`, seq, body });
}

function pair() {
  const world = new World();
  const [a, b] = [world.add(1), world.add(2)];
  a.links.dial(b.id, 'rendezvous');
  world.clock.advance(200);
  return { world, a, b };
}

/** Probes all links of `ends` for `ms`. */
function probe(world: World, ends: readonly End[], ms: number): void {
  for (let t = 0; t < ms; t += 100) {
    for (const end of ends) end.links.tick(() => 300);
    world.clock.advance(100);
  }
}

describe('links', () => {
  it('come up from a dial, carry messages and frames, and know their round-trip time', () => {
    const { world, a, b } = pair();
    a.links.send(b.id, { type: 'edge', interest: 'long' });
    expect(b.links.sendFrames(a.id, [new Uint8Array(60), new Uint8Array(70)])).toBe(2);
    probe(world, [a, b], 1_000);
    expect(a.seen).toEqual(['up', 'frames 2']);
    expect(b.seen).toEqual(['offered', 'up']);
    expect(b.messages).toEqual([{ type: 'edge', interest: 'long' }]);
    expect(a.links.all.map(({ peer, up, rttMs }) => [peer, up, rttMs])).toEqual([[b.id, true, 10]]);
  });

  it('go down about a second after the other end died without a word', () => {
    const { world, a, b } = pair();
    probe(world, [a, b], 2_000);
    expect(a.isLate).toBe(false);
    b.factory.kill();
    probe(world, [a], 500);
    expect(a.isLate).toBe(true);
    probe(world, [a], 100);
    expect(a.seen).toEqual(['up']);
    probe(world, [a], 600);
    expect(a.seen).toEqual(['up', 'down: silent']);
    expect(a.links.all).toEqual([]);
  });

  it('refuse signalling that is forged, damaged, for somebody else, or no signal at all', () => {
    const { world, a, b } = pair();
    const c = world.add(3);
    const offer = world.carried[0]!.payload;
    const body = JSON.stringify({ kind: 'offer', sdp: 'x', fingerprint: 'y' });
    const refused = [
      '',
      'null',
      offer.replace('memory', 'mamory'),
      sealEnvelope(c.identity, { to: a.identity.nodeId, link: 'l', seq: 9, body }),
      sealEnvelope(c.identity, { to: b.identity.nodeId, link: 'l', seq: 9, body: '{"kind":"offer"}' }),
      sealEnvelope(c.identity, { to: b.identity.nodeId, link: 'l', seq: 9, body: 'not JSON' }),
    ];
    for (const payload of refused) b.links.receive(a.identity.nodeId, payload, 'rendezvous');
    expect(b.links.counters.envelopesRefused).toBe(refused.length);
    expect(b.seen).toEqual(['offered', 'up']);
  });

  it('are not disturbed by a courier that plays an old offer again', () => {
    const { world, a, b } = pair();
    for (const { payload } of [...world.carried]) b.links.receive(a.identity.nodeId, payload, 'rendezvous');
    world.clock.advance(500);
    expect(b.seen).toEqual(['offered', 'up']);
    expect(b.links.counters.envelopesStale).toBeGreaterThan(0);
  });

  it('are not disturbed by a second courier that brings the same again', () => {
    const { world, a, b } = pair();
    const taken = a.links.counters.envelopesStale;
    for (const { to, payload } of [...world.carried]) {
      if (to === a.identity.nodeId) a.links.receive(b.identity.nodeId, payload, 'overlay');
    }
    world.clock.advance(500);
    expect(a.seen).toEqual(['up']);
    expect(a.links.counters.envelopesStale).toBeGreaterThan(taken);
    expect(a.links.all).toHaveLength(1);
  });

  it('are not replaced by an offer that was written before them and comes late', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2)];
    const written = world.clock.wallTime();
    world.clock.advance(50);
    a.links.dial(b.id, 'rendezvous');
    world.clock.advance(200);
    const body = JSON.stringify({ kind: 'offer', sdp: 'memory', fingerprint: 'memory' });
    const late = sealEnvelope(b.identity, { to: a.identity.nodeId, link: 'late', seq: written, body });
    a.links.receive(b.identity.nodeId, late, 'overlay');
    world.clock.advance(200);
    expect(a.seen).toEqual(['up']);
    expect(a.links.counters.envelopesStale).toBe(1);
  });

  it('come up by an offer that was declined at first, when the peer insists', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2)];
    b.accepts = () => false;
    a.links.dial(b.id, 'rendezvous');
    world.clock.advance(250);
    b.accepts = () => true;
    world.clock.advance(300);
    expect([a.seen, b.seen]).toEqual([['up'], ['offered', 'offered', 'up']]);
  });

  it('take an offer of a peer every 200 ms, and then the next one that it insists on', () => {
    const { world, b } = pair();
    const hostile = Identity.fromSeed(new Uint8Array(32).fill(9));
    const offer = (seq: number) => sealOffer(hostile, b, seq);
    for (let i = 0; i < 100; i++) b.links.receive(hostile.nodeId, offer(i), 'overlay');
    expect(b.seen).toEqual(['offered', 'up', 'offered']);
    expect(b.links.counters.offersRefused).toBe(99);
    world.clock.advance(200);
    b.links.receive(hostile.nodeId, offer(99), 'overlay');
    expect(b.seen.filter((what) => what === 'offered')).toHaveLength(3);
  });

  it('take so many offers of strangers at once, and so many a second', () => {
    const world = new World();
    const b = world.add(2);
    b.accepts = () => false;
    const strangers = Array.from({ length: 200 }, (_, i) =>
      Identity.fromSeed(new Uint8Array(32).fill(9, i % 32).fill(i, 0, 1)),
    );
    for (const one of strangers) b.links.receive(one.nodeId, sealOffer(one, b, 1), 'rendezvous');
    expect([b.seen.length, b.links.counters.offersRefused]).toEqual([128, 72]);
    world.clock.advance(1_000);
    for (const one of strangers) b.links.receive(one.nodeId, sealOffer(one, b, 1), 'rendezvous');
    expect([b.seen.length, b.links.counters.offersRefused]).toEqual([192, 208]);
  });

  it('answer an offer that is played again and again no more often than every 200 ms', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2)];
    a.links.dial(b.id, 'rendezvous');
    world.clock.advance(4);
    const offer = world.carried[0]!.payload;
    world.isCourierDown = true;
    world.clock.advance(100);
    const answers = () => world.carried.filter(({ to }) => to === a.identity.nodeId).length;
    const once = answers();
    for (let i = 0; i < 1_000; i++) {
      b.links.receive(a.identity.nodeId, offer, 'overlay');
      world.clock.advance(1);
    }
    expect(once).toBeGreaterThan(0);
    expect(answers()).toBeGreaterThan(once);
    expect(answers()).toBeLessThanOrEqual(6 * once);
    expect(b.links.counters.envelopesStale).toBeGreaterThan(990);
  });

  it('drop messages of a neighbour that are too many at once', () => {
    const { world, a, b } = pair();
    for (let i = 0; i < 10_000; i++) a.links.send(b.id, { type: 'release' });
    world.clock.advance(10);
    expect(b.messages).toHaveLength(8_192);
    expect(b.links.counters.controlFlooded).toBe(10_000 - 8_192);
    world.clock.advance(1_000);
    a.links.send(b.id, { type: 'refuse' });
    world.clock.advance(10);
    expect(b.messages.at(-1)).toEqual({ type: 'refuse' });
  });

  it('do not come up when the topology declines the offer', () => {
    const world = new World();
    const [a, b] = [world.add(1), world.add(2)];
    b.accepts = () => false;
    a.links.dial(b.id, 'rendezvous');
    world.clock.advance(20_000);
    expect(b.links.all).toEqual([]);
    expect(a.seen).toEqual(['down: closed']);
  });

  it('count a malformed message of a neighbour and live on', () => {
    const { world, a, b } = pair();
    const tunnel = a.links.all[0]!.tunnel!;
    for (const bytes of [[], [0xff], [0x1f], [0x10, 1], [0x12, 9]]) tunnel.sendControl(Uint8Array.from(bytes));
    probe(world, [a, b], 1_000);
    expect(b.links.counters.controlMalformed).toBe(5);
    expect(b.seen).toEqual(['offered', 'up']);
  });

  it('close without a word to the topology that asked for it, and with one at the other end', () => {
    const { world, a, b } = pair();
    a.links.close(b.id, 'not wanted');
    world.clock.advance(100);
    expect(a.seen).toEqual(['up']);
    expect(b.seen).toEqual(['offered', 'up', 'down: closed']);
  });
});
