import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader } from '../../topology/bytes.ts';
import { encodePlace, type NodeId, nowhere, seededRandom, sortClockwise, symphony } from '../../topology/index.ts';
import { distanceOf, Locator, type Place, readPlace, timeBetween } from '../../topology/place.ts';

describe('places', () => {
  it('come to tell round-trip times from samples to a few others', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = seededRandom(seed);
        const spots = Array.from({ length: 24 }, () => ({
          ...{ x: random() * 200, y: random() * 100, height: 1 + random() * 10 },
        }));
        const locators = spots.map(() => new Locator(random));
        let told: readonly Place[] = spots.map(() => nowhere);
        for (let second = 0; second < 120; second++) {
          for (const [i, locator] of locators.entries()) {
            for (const step of [1, 2, 5, 9, 14]) {
              const peer = (i + step) % spots.length;
              locator.sample(distanceOf(spots[i]!, spots[peer]!), told[peer]!, 250);
            }
          }
          if (second % 5 === 0) told = locators.map(({ place }) => place);
        }
        const errors = spots.flatMap((a, i) =>
          spots.slice(i + 1).map((b, k) => {
            const time = distanceOf(a, b);
            return Math.abs(timeBetween(locators[i]!.place, locators[i + 1 + k]!.place)! - time) / time;
          }),
        );
        expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(0.2);
      }),
      { numRuns: 15 },
    );
  });

  it('are hardly moved by one of eight neighbours that says whatever it likes of its own', () => {
    const tenths = (min: number) => fc.integer({ min, max: 32_767 }).map((n) => n / 10);
    const lie = fc.record<Place>({ x: tenths(-32_768), y: tenths(-32_768), height: tenths(0) });
    fc.assert(
      fc.property(fc.nat(), lie, (seed, place) => {
        const random = seededRandom(seed);
        const locator = new Locator(random);
        const honest = Array.from({ length: 7 }, () => ({ x: random() * 100, y: random() * 100, height: 1 }));
        const here = { x: 50, y: 50, height: 1 };
        const times = honest.map((other) => distanceOf(here, other));
        const widest = Math.max(...times);
        for (let second = 0; second < 120; second++) {
          for (const [i, other] of honest.entries()) locator.sample(times[i]!, other, widest);
          locator.sample(10, place, widest);
        }
        const off = honest.map((other, i) => Math.abs(distanceOf(locator.place, other) - times[i]!));
        expect(off.reduce((sum, ms) => sum + ms, 0) / off.length).toBeLessThan(widest / 2);
      }),
    );
  });

  it('stay within what fits a record, whatever others say', () => {
    const tenths = (min: number) => fc.integer({ min, max: 32_767 }).map((n) => n / 10);
    const place = fc.record<Place>({ x: tenths(-32_768), y: tenths(-32_768), height: tenths(0) });
    const rtt = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(rtt, place), { maxLength: 200 }), (samples) => {
        const locator = new Locator(seededRandom(1));
        for (const [time, other] of samples) locator.sample(time, other, time);
        const back = readPlace(new Reader(encodePlace(locator.place)));
        expect(distanceOf(back, { ...locator.place, height: 0 })).toBeCloseTo(locator.place.height, 6);
      }),
    );
  });
});

describe('a long link of symphony', () => {
  const ids = Array.from({ length: 64 }, (_, i) => BigInt(i) << 122n);
  const [self, ...others] = ids as [NodeId, ...NodeId[]];
  const view = { self, members: sortClockwise(self, others), nodes: 64, seed: 0, now: 100_000 };
  const longOf = (
    times: ReadonlyMap<NodeId, number>,
    held: readonly { readonly peer: NodeId; readonly since: number }[],
    told: ReadonlyMap<NodeId, number> = times,
  ) =>
    symphony({ longLinks: 2 })({
      ...view,
      rttMs: (id) => times.get(id),
      toldRttMs: (id) => told.get(id),
      links: new Map(held.map(({ peer, since }) => [peer, { kind: 'long' as const, nodes: 64, since }])),
    })
      .filter(({ kind }) => kind === 'long')
      .map(({ peer }) => peer);
  const [a, near, b] = [ids[20]!, ids[21]!, ids[40]!];
  const old = { peer: a, since: 0 };
  const other = { peer: b, since: 0 };

  it('gives way to one with a node beside its end that is much nearer, when it is old', () => {
    const times = new Map([
      [a, 100],
      [near, 40],
      [b, 10],
    ]);
    expect(longOf(times, [old, other])).toEqual([near, b]);
    expect(longOf(times, [{ peer: a, since: 50_000 }, other])).toEqual([a, b]);
    expect(longOf(new Map([...times, [near, 81]]), [old, other])).toEqual([a, b]);
    expect(longOf(new Map([[near, 1]]), [old, other])).toEqual([a, b]);
  });

  it('stays when places tell no such difference of the two: what they tell is off by as much', () => {
    const times = new Map([
      [a, 100],
      [near, 40],
    ]);
    expect(longOf(times, [old, other], new Map([...times, [a, 60]]))).toEqual([near, b]);
    expect(longOf(times, [old, other], new Map([...times, [a, 59]]))).toEqual([a, b]);
  });

  it('goes once the nearer one is there', () => {
    const times = new Map([
      [a, 100],
      [near, 40],
    ]);
    expect(longOf(times, [old, { peer: near, since: 99_000 }, other])).toEqual([near, b]);
  });
});
