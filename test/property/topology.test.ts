import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choosePolicy,
  decodeLinkMessage,
  type EdgeKind,
  edgeKinds,
  encodeLinkMessage,
  type LinkMessage,
  Liveness,
  type MemberRecord,
  maxNodeId,
  memberStates,
  type NodeId,
  type PolicyView,
  routeModes,
  sortClockwise,
  symphony,
} from '../../topology/index.ts';

const nodeId = fc.bigInt({ min: 0n, max: maxNodeId });
const nodeIds = fc.uniqueArray(nodeId, { minLength: 2, maxLength: 40 });

describe('link messages', () => {
  const bytes = fc.uint8Array({ maxLength: 256 });
  const number = fc.nat(0xffff_ffff);
  const tenths = (min: number) => fc.integer({ min, max: 32_767 }).map((n) => n / 10);
  const record = fc.record<MemberRecord>({
    id: nodeId,
    sequence: fc.maxSafeNat(),
    state: fc.constantFrom(...memberStates),
    place: fc.record({ x: tenths(-32_768), y: tenths(-32_768), height: tenths(0) }),
    proof: bytes,
  });
  const records = fc.array(record, { maxLength: 9 });
  const hopLimit = fc.nat(255);
  const message = fc.oneof<fc.Arbitrary<LinkMessage>[]>(
    fc.record({ type: fc.constant('probe' as const), sequence: number }),
    fc.record({ type: fc.constant('probeAck' as const), sequence: number }),
    fc.record({
      type: fc.constant('edge' as const),
      interest: fc.constantFrom<(EdgeKind | undefined)[]>(undefined, ...edgeKinds),
    }),
    fc.record({ type: fc.constantFrom('refuse' as const, 'release' as const) }),
    fc.record({ type: fc.constant('leave' as const), records }),
    fc.record({ type: fc.constant('gossip' as const), records }),
    fc.record({
      type: fc.constantFrom('neighbours' as const, 'want' as const),
      ids: fc.array(nodeId, { maxLength: 40 }),
    }),
    fc.record({
      ...{ type: fc.constant('query' as const), number, hopLimit, isFinal: fc.boolean(), key: nodeId, body: bytes },
    }),
    fc.record({ type: fc.constant('answer' as const), number, body: bytes }),
    fc.record({
      type: fc.constant('relay' as const),
      hopLimit,
      mode: fc.constantFrom(...routeModes),
      to: nodeId,
      body: bytes,
    }),
  );

  it('round-trip', () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(decodeLinkMessage(encodeLinkMessage(m))).toEqual(m);
      }),
    );
  });

  it('of any bytes are decoded to what encodes to the same bytes, or refused', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      // One that was right, cut or with one byte changed.
      fc.tuple(message, fc.nat(200), fc.nat(255), fc.boolean()).map(([m, at, value, cut]) => {
        const encoded = encodeLinkMessage(m);
        if (cut) return encoded.slice(0, at % (encoded.length + 1));
        encoded[at % encoded.length] = value;
        return encoded;
      }),
    );
    fc.assert(
      fc.property(anything, (input) => {
        const m = decodeLinkMessage(input);
        if (m !== undefined) expect(encodeLinkMessage(m)).toEqual(input);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('liveness', () => {
  it('takes a link down after three unanswered probes and not before', () => {
    const liveness = new Liveness();
    liveness.tick(0, 300);
    liveness.answered(1, 100);
    const verdicts = [399, 400, 500, 700, 1_000, 1_299, 1_300].map((now) => liveness.tick(now, 300));
    expect(verdicts).toEqual(['wait', { probe: 2 }, 'wait', { probe: 3 }, { probe: 4 }, 'wait', 'down']);
  });

  it('waits for the last answer no longer than four round trips', () => {
    const liveness = new Liveness();
    liveness.tick(0, 300);
    liveness.answered(1, 40);
    const verdicts = [340, 640, 940, 1_099, 1_100].map((now) => liveness.tick(now, 300));
    expect(verdicts).toEqual([{ probe: 2 }, { probe: 3 }, { probe: 4 }, 'wait', 'down']);
  });

  it('gives the first answer three seconds, and a long way the time that it takes', () => {
    const liveness = new Liveness();
    const sent = new Map<number, number>();
    for (let now = 0; now < 60_000; now += 50) {
      for (const [probe, at] of sent) if (now - at === 1_200) liveness.answered(probe, now);
      const verdict = liveness.tick(now, 300);
      expect(verdict).not.toBe('down');
      if (typeof verdict === 'object') sent.set(verdict.probe, now);
    }
    expect(liveness.rttMs).toBe(1_200);
    const silent = new Liveness();
    const verdicts = [0, 300, 600, 900, 1_200, 2_999, 3_000, 3_300].map((now) => silent.tick(now, 300));
    expect(verdicts.indexOf('down')).toBe(7);
  });

  it('probes a peer that is heard every two seconds only', () => {
    const liveness = new Liveness();
    const probes: number[] = [];
    for (let now = 0; now < 9_000; now += 50) {
      liveness.heard(now);
      if (liveness.tick(now, 300) !== 'wait') probes.push(now);
    }
    expect(probes).toEqual([0, 2_000, 4_000, 6_000, 8_000]);
  });

  it('calls a peer late when its answer takes two round trips, and longer than round trips vary', () => {
    const liveness = new Liveness();
    let sent = { probe: 0, at: 0 };
    for (let now = 0; now < 12_000; now += 10) {
      if (now - sent.at === 40) liveness.answered(sent.probe, now);
      expect(liveness.isLate(now)).toBe(false);
      const verdict = liveness.tick(now, 300);
      if (typeof verdict === 'object') sent = { probe: verdict.probe, at: now };
    }
    expect(liveness.rttMs).toBe(40);
    liveness.tick(13_000, 300);
    expect([13_000, 13_079, 13_080, 13_700].map((now) => liveness.isLate(now))).toEqual([false, false, true, true]);
    liveness.heard(13_700);
    expect(liveness.isLate(13_700)).toBe(false);
  });

  it('forgives misses when anything is heard, and counts nothing while the process stood still', () => {
    const liveness = new Liveness();
    liveness.tick(0, 300);
    liveness.answered(1, 40);
    expect(liveness.rttMs).toBe(40);
    expect(liveness.tick(60_000, 300)).toEqual({ probe: 2 });
    expect(liveness.tick(120_000, 300)).toEqual({ probe: 3 });
    liveness.heard(120_000);
    for (const now of [180_000, 240_000, 300_000]) expect(liveness.tick(now, 300)).toHaveProperty('probe');
    expect(liveness.tick(360_000, 300)).toBe('down');
  });
});

function viewOf(ids: readonly NodeId[], seed = 0): PolicyView {
  const [self, ...others] = ids as [NodeId, ...NodeId[]];
  const members = sortClockwise(self, others);
  return {
    self,
    members,
    nodes: ids.length,
    links: new Map(),
    rttMs: () => undefined,
    toldRttMs: () => undefined,
    seed,
    now: 0,
  };
}

describe('symphony', () => {
  it('wants the next nodes clockwise, and long links that are neither ring neighbours nor linked already', () => {
    fc.assert(
      fc.property(nodeIds, fc.nat(), (ids, seed) => {
        const view = viewOf(ids, seed);
        const wanted = symphony()(view);
        const successors = wanted.filter(({ kind }) => kind === 'successor').map(({ peer }) => peer);
        const long = wanted.filter(({ kind }) => kind === 'long').map(({ peer }) => peer);
        expect(successors).toEqual(view.members.slice(0, ids.length >= 9 ? 2 : 1));
        const room = Math.max(1, Math.min(Math.floor(Math.log2(ids.length)), Math.floor((ids.length - 1) / 4)));
        expect(long.length).toBe(ids.length >= 4 ? room : 0);
        expect(new Set(long).size).toBe(long.length);
        for (const peer of long) expect([...successors, view.members.at(-1)]).not.toContain(peer);
      }),
    );
  });

  it('draws the lengths of long links from the harmonic distribution', () => {
    // Half of the draws fall short of the square root of the number of nodes, and 1 / log2(n) within each octave.
    const nodes = 1024;
    const ids = Array.from({ length: nodes }, (_, i) => BigInt(i) << 118n);
    const view = viewOf(ids);
    const octaves = new Array<number>(10).fill(0);
    const draws = 4_000;
    for (let seed = 0; seed < draws; seed++) {
      const wanted = symphony({ longLinks: 1 })({ ...view, seed }).find(({ kind }) => kind === 'long')!;
      octaves[Math.floor(Math.log2(Number(wanted.peer >> 118n)))]! += 1;
    }
    // The first octaves lose to the successors, which are no long links.
    for (const count of octaves.slice(3)) expect(count / draws).toBeCloseTo(0.1, 1);
  });

  it('keeps a long link until there are twice or half as many nodes', () => {
    const ids = Array.from({ length: 64 }, (_, i) => BigInt(i) << 122n);
    const view = viewOf(ids);
    const links = (nodes: number) => new Map([[ids[30]!, { kind: 'long' as const, nodes, since: 0 }]]);
    const isKept = (nodes: number) =>
      symphony({ longLinks: 3 })({ ...view, links: links(nodes) }).some(({ peer }) => peer === ids[30]);
    expect([33, 64, 127].map(isKept)).toEqual([true, true, true]);
    expect([32, 128].map(isKept)).toEqual([false, false]);
  });

  it('takes the nearest by round-trip time of those about the point that it drew', () => {
    const ids = Array.from({ length: 64 }, (_, i) => BigInt(i) << 122n);
    const times = new Map(ids.map((id, i) => [id, 10 + (i % 3) * 50]));
    const view = { ...viewOf(ids), rttMs: (id: NodeId) => times.get(id) };
    for (let seed = 0; seed < 50; seed++) {
      for (const { peer, kind } of symphony({ longLinks: 1 })({ ...view, seed })) {
        if (kind === 'long' && peer < ids[60]! && peer > ids[4]!) expect(times.get(peer)).toBe(10);
      }
    }
  });
});

describe('the other policies', () => {
  it('chord wants the first node at or after each power of two', () => {
    fc.assert(
      fc.property(nodeIds, (ids) => {
        const view = viewOf(ids);
        const wanted = new Set(
          choosePolicy({ policy: 'chord' })
            .policy(view)
            .map(({ peer }) => peer),
        );
        for (let bit = 0n; bit < 128n; bit++) {
          const point = BigInt.asUintN(128, view.self + (1n << bit));
          const first = sortClockwise(point, ids)[0]!;
          if (first !== view.self) expect(wanted).toContain(first);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('all-to-all wants every member; social and static those that are listed', () => {
    fc.assert(
      fc.property(nodeIds, nodeId, (ids, stranger) => {
        const view = viewOf(ids);
        const peersOf = (policy: 'all-to-all' | 'social' | 'static', peers: readonly NodeId[]) =>
          choosePolicy({ policy, peers })
            .policy(view)
            .map(({ peer }) => peer);
        const friends = [...view.members.slice(0, 2), stranger];
        expect(peersOf('all-to-all', [])).toEqual(view.members);
        expect(peersOf('social', friends)).toEqual(view.members.filter((id) => friends.includes(id)));
        expect(peersOf('static', friends)).toEqual(view.members.filter((id) => friends.includes(id)));
        expect(choosePolicy({ policy: 'social', peers: friends }).admits(stranger)).toBe(true);
        expect(choosePolicy({ policy: 'social', peers: [] }).admits(stranger)).toBe(false);
      }),
    );
  });
});
