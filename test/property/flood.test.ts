import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeFrb,
  encodeFrb,
  FloodEngine,
  FloodWindow,
  floodEtherType,
  frbHeaderLength,
  windowSize,
} from '../../switch/flood/index.ts';
import { maxNodeId, seededRandom, sortClockwise } from '../../topology/index.ts';
import { linkRing } from '../unit/support/ring-links.ts';

const source = { mac: new Uint8Array(6), etherType: floodEtherType };
const nodeId = fc.bigInt({ min: 0n, max: maxNodeId });
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const frame = fc.uint8Array({ minLength: 14, maxLength: 200 });

describe('flood frames', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(
        fc.record({
          hopLimit: u16,
          root: nodeId,
          epoch: fc.maxSafeNat(),
          sequence: u32,
          arc: fc.record({ start: nodeId, end: nodeId }),
          inner: frame,
          part: fc.nat(7),
          lastPart: fc.integer({ min: 7, max: 15 }),
        }),
        fc.uint8Array({ minLength: 6, maxLength: 6 }),
        u16,
        (frb, mac, etherType) => {
          const bytes = encodeFrb(frb, { mac, etherType });
          expect([...bytes.subarray(6, 14)]).toEqual([...mac, etherType >> 8, etherType & 0xff]);
          expect(bytes.length).toBe(frbHeaderLength + frb.inner.length);
          expect(decodeFrb(bytes)).toEqual(frb);
        },
      ),
    );
  });

  it('of any bytes are decoded or refused, and never throw', () => {
    const engine = new FloodEngine({ self: 5n, epoch: 1 });
    engine.setPeers([1n, 9n]);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 200 }), (bytes) => {
        const { copies } = engine.receive(9n, bytes, 0);
        expect(copies.length).toBeLessThanOrEqual(2);
        engine.tick(1_000_000);
      }),
    );
  });

  it('that are cut short anywhere are counted as truncated', () => {
    const whole = encodeFrb(
      {
        hopLimit: 3,
        root: 1n,
        epoch: 1,
        sequence: 1,
        arc: { start: 0n, end: 9n },
        inner: new Uint8Array(14),
        part: 0,
        lastPart: 0,
      },
      source,
    );
    for (let length = 14; length < whole.length; length++)
      expect(decodeFrb(whole.subarray(0, length))).toBe('truncated');
  });
});

describe('flood window', () => {
  it('agrees with a set of all that was seen, within the window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ epoch: fc.nat(2), sequence: fc.nat(3 * windowSize) }), { minLength: 1 }),
        (arrivals) => {
          const [first, ...rest] = arrivals;
          const window = new FloodWindow(first!.epoch, first!.sequence);
          let { epoch, sequence: highest } = first!;
          let seen = new Set([first!.sequence]);
          for (const next of rest) {
            if (next.epoch > epoch) {
              epoch = next.epoch;
              highest = Number.NEGATIVE_INFINITY;
              seen = new Set();
            }
            const stale = next.epoch < epoch || highest - next.sequence >= windowSize;
            const expected = stale ? 'stale' : seen.has(next.sequence) ? 'duplicate' : 'new';
            expect(window.accept(next.epoch, next.sequence)).toBe(expected);
            if (expected !== 'new') continue;
            seen.add(next.sequence);
            highest = Math.max(highest, next.sequence);
          }
        },
      ),
    );
  });
});

describe('flood on a static ring with random shortcuts', () => {
  it('reaches every node exactly once with n - 1 copies, whatever the order of delivery', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(nodeId, { minLength: 1, maxLength: 64 }),
        fc.nat(3),
        fc.nat(),
        fc.nat(4),
        (ring, shortcuts, seed, floods) => {
          const random = seededRandom(seed);
          const net = ringNetwork(ring, shortcuts, random);
          for (let i = 0; i <= floods; i++) {
            const root = ring[Math.floor(random() * ring.length)]!;
            const { received, copies } = net.flood(
              root,
              Uint8Array.from({ length: 60 }, () => random() * 256),
            );
            expect(copies).toBe(ring.length - 1);
            expect(sortClockwise(0n, received)).toEqual(
              sortClockwise(
                0n,
                ring.filter((id) => id !== root),
              ),
            );
          }
          for (const engine of net.engines.values()) expect(engine.counters.dropped).toEqual({});
        },
      ),
    );
  });

  it('drops and counts duplicates, own floods, strangers, wrong arcs and spent hop limits', () => {
    const engine = new FloodEngine({ self: 5n, epoch: 7 });
    engine.setPeers([1n, 9n]);
    const frb = {
      hopLimit: 4,
      root: 1n,
      epoch: 1,
      sequence: 1,
      arc: { start: 2n, end: 1n },
      inner: new Uint8Array(20),
      part: 0,
      lastPart: 0,
    };
    const receive = (from: bigint, change: Partial<typeof frb> = {}) =>
      engine.receive(from, encodeFrb({ ...frb, ...change }, source), 0);
    expect(receive(1n).inner?.root).toBe(1n);
    expect(receive(1n)).toEqual({ copies: [] });
    expect(receive(9n, { sequence: 2, root: 5n })).toEqual({ copies: [] });
    expect(receive(77n, { sequence: 3 })).toEqual({ copies: [] });
    expect(receive(1n, { sequence: 4, arc: { start: 6n, end: 9n } })).toEqual({ copies: [] });
    expect(receive(1n, { sequence: 5, hopLimit: 0 })).toEqual({ copies: [] });
    expect(receive(1n, { epoch: 0 })).toEqual({ copies: [] });
    expect(receive(1n, { sequence: 6, hopLimit: 1 })).toMatchObject({ copies: [], inner: { root: 1n } });
    expect(engine.counters.dropped).toEqual({
      duplicate: 1,
      'in-our-name': 1,
      'not-a-peer': 1,
      'outside-arc': 1,
      'hop-limit': 1,
      stale: 1,
    });
  });
});

function ringNetwork(ring: readonly bigint[], shortcuts: number, random: () => number) {
  const peers = linkRing(ring, shortcuts, (n) => Math.floor(random() * n));
  const engines = new Map(ring.map((id) => [id, new FloodEngine({ self: id, epoch: 1 })]));
  for (const [id, engine] of engines) engine.setPeers(peers.get(id)!);
  return {
    engines,
    flood(root: bigint, inner: Uint8Array) {
      const flying = engines
        .get(root)!
        .originate(inner, 0)
        .map((copy) => ({ ...copy, from: root }));
      const received: bigint[] = [];
      let copies = 0;
      while (flying.length > 0) {
        const [next] = flying.splice(Math.floor(random() * flying.length), 1);
        copies += 1;
        const receipt = engines.get(next!.to)!.receive(next!.from, next!.frb, 0);
        flying.push(...receipt.copies.map((copy) => ({ ...copy, from: next!.to })));
        if (receipt.inner === undefined) continue;
        received.push(next!.to);
        expect(receipt.inner).toEqual({ root, frame: inner });
      }
      return { received, copies };
    },
  };
}
