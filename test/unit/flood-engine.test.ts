import { describe, expect, it } from 'vitest';
import { PortNo } from '../../ofp/index.ts';
import {
  decodeDigest,
  decodeFrb,
  digestTypes,
  encodeDigest,
  encodeFrb,
  type FloodCopy,
  FloodEngine,
  type Frb,
  floodEtherType,
  frbHeaderLength,
  rootIdleMs,
} from '../../switch/flood/index.ts';
import { LinkEncoder, linkHeaderLength, linkMessageTarget } from '../../switch/packet/index.ts';
import { floodPortNo } from '../../switch/ports/port-table.ts';
import { advance, type NodeId, seededRandom } from '../../topology/index.ts';
import { apply, BridgeLab, inPort, output } from './support/switch-lab.ts';

const self: NodeId = 5n << 120n;
const peer: NodeId = 9n << 120n;
const other: NodeId = 200n << 120n;
const source = { mac: new Uint8Array(6), etherType: floodEtherType };
const heard = { newest: 0, before: 0 };

const honest: Frb = {
  hopLimit: 9,
  root: peer,
  epoch: 7,
  sequence: 70,
  arc: { start: advance(peer, 1n), end: peer },
  inner: new Uint8Array(60),
  part: 0,
  lastPart: 0,
};

function engineOf(id = self, peers: readonly NodeId[] = [peer, other]): FloodEngine {
  const engine = new FloodEngine({ self: id, epoch: 1 });
  engine.setPeers(peers);
  return engine;
}

const send = (engine: FloodEngine, change: Partial<Frb> = {}, now = 0, from = peer) =>
  engine.receive(from, encodeFrb({ ...honest, ...change }, source), now);

function digest(type: keyof typeof digestTypes, sequences: readonly number[], number = 1): Uint8Array {
  const entries = sequences.map((sequence) => ({ root: peer, epoch: 7, sequence, bits: 0 }));
  return encodeDigest({ type, number, heard }, entries, source);
}

const namesIn = (copies: readonly FloodCopy[], type: keyof typeof digestTypes) =>
  copies.flatMap(({ to, frb }) => {
    const decoded = (frb[14]! & 0xf) === digestTypes[type] ? decodeDigest(type, frb) : undefined;
    if (decoded === undefined || typeof decoded === 'string') return [];
    return decoded.floods.map(({ sequence }) => ({ to, sequence }));
  });

describe('a long frame', () => {
  const long = Uint8Array.from({ length: 1518 }, (_, i) => i & 0xff);

  it.each([60, 1278, 1279, 1518, 9018, 16 * 1278])(
    'of %i bytes is flooded in parts that each fit a datagram, and whole again',
    (length) => {
      const [root, leaf] = [engineOf(), engineOf(peer, [self])];
      const sent = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
      const copies = root.originate(sent, 0).filter(({ to }) => to === peer);
      expect(copies).toHaveLength(Math.ceil(length / (linkMessageTarget - linkHeaderLength - frbHeaderLength)));
      for (const { frb } of copies) expect(frb.length + linkHeaderLength).toBeLessThanOrEqual(linkMessageTarget);
      const got = copies.reverse().flatMap(({ frb }) => leaf.receive(self, frb, 0).inner ?? []);
      expect(got).toEqual([{ root: self, frame: sent }]);
      expect(leaf.sizes.parts).toBe(0);
    },
  );

  it('that is too long even for parts is a counted drop', () => {
    const root = engineOf();
    expect(root.originate(new Uint8Array(16 * 1278 + 1), 0)).toEqual([]);
    expect(root.counters.dropped).toEqual({ 'too-long': 1 });
  });

  it('is repaired part by part', () => {
    const [root, leaf] = [engineOf(self, [peer]), engineOf(peer, [self])];
    const [first, second] = root.originate(long, 0);
    expect(leaf.receive(self, second!.frb, 20).inner).toBeUndefined();
    // The telling of the lost part, the asking, the part.
    const told = root.tick(60);
    const asked = told.flatMap(({ frb }) => leaf.receive(self, frb, 80).copies);
    expect(namesIn(asked, 'iwant')).toEqual([{ to: self, sequence: 1 }]);
    const given = asked.flatMap(({ frb }) => root.receive(peer, frb, 100).copies);
    expect(given.map(({ frb }) => frb)).toEqual([first!.frb]);
    expect(leaf.receive(self, given[0]!.frb, 120).inner).toEqual({ root: self, frame: long });
  });

  it('of which a part never comes is given up after ten seconds', () => {
    const engine = engineOf();
    send(engine, { part: 0, lastPart: 1 });
    expect(engine.sizes.parts).toBe(1);
    engine.tick(9_999);
    expect(engine.sizes.parts).toBe(1);
    engine.tick(10_000);
    expect(engine.sizes.parts).toBe(0);
    expect(engine.counters.incomplete).toBe(1);
  });

  it('takes bounded room, however many of them are begun', () => {
    const engine = engineOf();
    for (let i = 0; i < 1_000; i++) send(engine, { root: peer + BigInt(i), lastPart: 15, inner: new Uint8Array(1278) });
    expect(engine.sizes.parts).toBe(256);
    expect(engine.counters.incomplete).toBe(744);
    for (let i = 0; i < 2_000; i++) {
      send(engine, {
        root: other + BigInt(i >> 3),
        sequence: i,
        part: i & 7,
        lastPart: 15,
        inner: new Uint8Array(1278),
      });
    }
    expect(engine.sizes.parts * 8 * 1278).toBeLessThanOrEqual(1.1 * 2 ** 20);
  });
});

describe('a root', () => {
  it('whose clock went back is stale, and heard again once it was forgotten', () => {
    const engine = engineOf();
    expect(send(engine, { epoch: 100 }).inner).toBeDefined();
    expect(send(engine, { epoch: 50 }, rootIdleMs - 1).inner).toBeUndefined();
    expect(send(engine, { epoch: 50 }, rootIdleMs).inner).toBeDefined();
    expect(send(engine, { epoch: 50 }, rootIdleMs + 1).inner).toBeUndefined();
    expect(engine.counters.dropped).toEqual({ stale: 1, duplicate: 1 });
  });

  /** What the peer is told of its own floods. */
  const told = (copies: readonly FloodCopy[]) =>
    copies.flatMap(({ to, frb }) => {
      const decoded = decodeDigest('ihave', frb);
      return to !== peer || typeof decoded === 'string' ? [] : decoded.floods.filter(({ root }) => root === peer);
    });

  it('is told the newest of its floods when it is a neighbour again, by who knows one', () => {
    const engine = engineOf();
    const newLink = (now: number) => {
      engine.tick(now);
      engine.setPeers([other]);
      engine.setPeers([other, peer]);
      return told([...engine.tick(now), ...engine.tick(now + 50)]);
    };
    expect(newLink(0)).toEqual([]);
    send(engine, { epoch: 100, sequence: 3 }, 1_000);
    expect(newLink(4_000)).toEqual([{ root: peer, epoch: 100, sequence: 3 }]);
    expect(told(engine.tick(5_000))).toEqual([]);
    expect(newLink(1_000 + rootIdleMs)).toEqual([]);
  });

  it('and floods all the same is told, too; not so one that another root floods through', () => {
    const engine = engineOf();
    send(engine, { epoch: 100, sequence: 3 });
    send(engine, { root: other, epoch: 100 });
    engine.tick(50);
    send(engine, { epoch: 50 }, 100);
    send(engine, { root: other, epoch: 50 }, 100);
    expect(told(engine.tick(200))).toEqual([{ root: peer, epoch: 100, sequence: 3 }]);
  });

  it('goes on after the newest of its floods that somebody has, as far as there is room for that', () => {
    const engine = engineOf();
    const about = (epoch: number, sequence: number) =>
      encodeDigest({ type: 'ihave', number: 0, heard }, [{ root: self, epoch, sequence, bits: 0 }], source);
    engine.originate(new Uint8Array(60), 0);
    const tellings: readonly (readonly [number, number, number])[] = [
      [0, 99, 1],
      [1, 1, 1],
      [1, 2, 2],
      [70, 1, 71],
      [Number.MAX_SAFE_INTEGER, 1, 71],
    ];
    for (const [epoch, sequence, expected] of tellings) {
      engine.receive(peer, about(epoch, sequence), 10);
      expect(engine.epoch).toBe(expected);
    }
    expect(engine.sizes.wanted).toBe(0);
    expect(decodeFrb(engine.originate(new Uint8Array(60), 20)[0]!.frb)).toMatchObject({ epoch: 71, sequence: 2 });
    // Its own flood of that earlier start says as much; those that it began since are its own.
    send(engine, { root: self, epoch: 71, sequence: 2 });
    send(engine, { root: self, epoch: 90, sequence: 1 });
    expect(engine.epoch).toBe(91);
    expect(engine.counters.dropped).toEqual({ own: 1, 'in-our-name': 1 });
  });
});

describe('a forged flood', () => {
  const isMade: readonly (readonly [string, Partial<Frb>, string])[] = [
    ['in the name of this switch', { root: self }, 'in-our-name'],
    ['in its name, from before it started', { root: self, epoch: 0 }, 'in-our-name'],
    ['with a hop limit of 0', { hopLimit: 0 }, 'hop-limit'],
    ['for an arc elsewhere', { arc: { start: peer, end: other } }, 'outside-arc'],
    ['with a part after the last one', { part: 3, lastPart: 2 }, 'bad-part'],
    ['with a part longer than parts are', { lastPart: 2, inner: new Uint8Array(1279) }, 'bad-part'],
  ];

  it.each(isMade)('%s is a counted drop', (_, change, reason) => {
    const engine = engineOf();
    expect(send(engine, change)).toEqual({ copies: [] });
    expect(engine.counters.dropped).toEqual({ [reason]: 1 });
    expect(engine.counters.accepted).toBe(0);
  });

  it('with an epoch that no clock shows is a counted drop, in copies and in digests', () => {
    const engine = engineOf();
    for (const bytes of [encodeFrb(honest, source), digest('ihave', [1]), digest('iwant', [1])]) {
      bytes[(bytes[14]! & 0xf) === 1 ? 34 : 44] = 0xff;
      expect(engine.receive(peer, bytes, 0)).toEqual({ copies: [] });
    }
    expect(engine.counters.dropped).toEqual({ 'bad-epoch': 3 });
    expect(engine.sizes.wanted).toBe(0);
  });

  it('makes one copy for each neighbour at most, once, and repeats make none', () => {
    const engine = engineOf();
    expect(send(engine).copies.length).toBeLessThanOrEqual(2);
    for (let i = 0; i < 100; i++) expect(send(engine)).toEqual({ copies: [] });
    expect(engine.counters.dropped).toEqual({ duplicate: 100 });
  });

  it.each([PortNo.NORMAL, 'flood port' as const])('from a leaf port starts no flood (sent to %s)', (to) => {
    const engine = new FloodEngine({ self, epoch: 1 });
    const lab = new BridgeLab({ selfId: self, flood: engine });
    const [a, p] = [lab.leaf(), lab.peer(peer)];
    lab.flow({ instructions: [apply(output(to === PortNo.NORMAL ? to : floodPortNo))] });
    lab.bridge.receive(a.no, [encodeFrb(honest, source)], 0);
    expect(p.sent).toEqual([]);
    expect(lab.bridge.counters.floodMisuse).toBe(1);
    expect(engine.counters).toMatchObject({ accepted: 0, originated: 0 });
  });

  it('of wants costs no more than the table of wants, and honest ones are noted when there is room again', () => {
    const engine = engineOf();
    for (let i = 0; i < 5_000; i += 41) {
      engine.receive(
        other,
        digest(
          'ihave',
          Array.from({ length: 41 }, (_, k) => 40_000 + 2 * (i + k)),
          i + 1,
        ),
        0,
      );
    }
    expect(engine.sizes.wanted).toBe(4_096);
    expect(engine.counters.wantsRefused).toBeGreaterThan(0);
    // Not noted, so not answered: the neighbour will tell again.
    engine.receive(peer, digest('ihave', [1], 77), 1);
    const answers = engine.tick(100).flatMap(({ to, frb }) => (to === peer ? [decodeDigest('ihave', frb)] : []));
    for (const answer of answers) expect(answer).not.toMatchObject({ heard: { newest: 77 } });
    for (let now = 0; now < 40_000; now += 500) engine.tick(now);
    expect(engine.sizes.wanted).toBe(0);
    engine.receive(peer, digest('ihave', [1], 78), 40_000);
    expect(engine.sizes.wanted).toBe(1);
  });
});

describe('the EtherType of floods', () => {
  it('is that of the configuration, and frames of another one are none', () => {
    const engine = new FloodEngine({ self, epoch: 1, etherType: 0x9999 });
    const lab = new BridgeLab({ selfId: self, flood: engine });
    const [a, p] = [lab.leaf(), lab.peer(peer)];
    lab.flow({ match: [inPort(a.no)], instructions: [apply(output(floodPortNo))] });
    lab.flow({ match: [inPort(p.no)], instructions: [apply(output(PortNo.NORMAL))] });
    lab.bridge.receive(a.no, [new Uint8Array(60)], 0);
    expect([...p.sent[0]!.subarray(linkHeaderLength + 12, linkHeaderLength + 14)]).toEqual([0x99, 0x99]);
    const link = { mark: 0, hopLimit: 9, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 9 };
    for (const etherType of [floodEtherType, 0x9999]) {
      const encoder = new LinkEncoder();
      encoder.append(link, encodeFrb(honest, { ...source, etherType }));
      lab.bridge.receive(p.no, encoder.take(), 0);
      expect(engine.counters.accepted).toBe(etherType === 0x9999 ? 1 : 0);
    }
  });
});

describe('tables', () => {
  it('stay bounded while 100 roots flood as fast as a link carries, and so do frames of repair', () => {
    const engine = engineOf();
    const random = seededRandom(3);
    let frames = 0;
    for (let now = 0; now < 2_000; now += 1) {
      for (let i = 0; i < 80; i++) {
        const root = peer + BigInt(Math.floor(random() * 100));
        send(engine, { root, sequence: now * 80 + i, inner: new Uint8Array(1_000) }, now);
      }
      if (now % 25 === 0) frames += engine.tick(now).length;
    }
    expect(engine.counters.accepted).toBe(160_000);
    expect(engine.sizes.roots).toBe(100);
    expect(engine.sizes.held).toBeLessThanOrEqual(4_096);
    // 4 MiB of frames of 1000 bytes.
    expect(engine.sizes.held).toBeGreaterThan(4_000);
    expect(frames / 2).toBeLessThan(20 * 4_096);
  });

  it('of roots keep the newest', () => {
    const engine = engineOf();
    for (let i = 0; i < 9_000; i++) send(engine, { root: peer + BigInt(i) });
    expect(engine.sizes.roots).toBe(8_192);
    expect(engine.counters.rootsEvicted).toBe(808);
  });
});

describe('repair', () => {
  it('asks the sender at once when it says that it sent a copy, and goes on below with its arc', () => {
    const engine = engineOf();
    const asked = engine.receive(peer, digest('isent', [70]), 0).copies;
    expect(namesIn(asked, 'iwant')).toEqual([{ to: peer, sequence: 70 }]);
    expect(engine.receive(other, digest('ihave', [71]), 0).copies).toEqual([]);
  });

  it('waits for a flood that others only have, then asks one after the other', () => {
    const engine = engineOf();
    engine.receive(peer, digest('ihave', [70]), 0);
    engine.receive(other, digest('ihave', [70]), 10);
    const asked = [...Array(20).keys()].flatMap((i) =>
      namesIn(engine.tick(i * 25), 'iwant').map(({ to }) => ({ to, at: i * 25 })),
    );
    expect(asked.slice(0, 2).map(({ to }) => to)).toEqual([peer, other]);
    expect(asked[0]!.at).toBe(150);
  });

  it('asks later where floods mostly come late, and at once again where they do not', () => {
    const engine = engineOf();
    let sequence = 0;
    /** How long after an ISENT the flood is asked for, up to 300 ms. */
    const waits = (): number => {
      sequence += 1;
      const now = sequence * 1_000;
      for (let ms = 0; ms <= 300; ms += 20) {
        const asked = ms === 0 ? engine.receive(peer, digest('isent', [sequence]), now).copies : engine.tick(now + ms);
        if (namesIn(asked, 'iwant').length > 0) return ms;
      }
      return Number.POSITIVE_INFINITY;
    };
    const comes = (times: number) => {
      for (let i = 0; i < times; i++) send(engine, { sequence }, sequence * 1_000 + 310 + i);
    };
    for (let i = 0; i < 10; i++) {
      expect(waits()).toBe(0);
      comes(1);
    }
    for (let i = 0; i < 5; i++) {
      waits();
      comes(2);
    }
    // Five times in vain: 20 ms each, less what faded meanwhile.
    expect(waits()).toBe(100);
    comes(1);
    for (let i = 0; i < 40; i++) {
      waits();
      comes(2);
    }
    expect(waits()).toBeGreaterThanOrEqual(240);
    comes(1);
    for (let i = 0; i < 450; i++) {
      sequence += 1;
      comes(1);
    }
    expect(waits()).toBe(0);
  });

  it('tells a neighbour once, and again when there is no answer, ever more seldom', () => {
    const engine = engineOf(self, [other]);
    engine.originate(new Uint8Array(60), 0);
    const told = [...Array(320).keys()].filter((i) => namesIn(engine.tick(i * 25), 'isent').length > 0);
    const gaps = told.slice(1).map((at, i) => at - told[i]!);
    expect(gaps.length).toBeGreaterThan(2);
    for (const [i, gap] of gaps.entries()) if (i > 0) expect(gap).toBeGreaterThanOrEqual(gaps[i - 1]!);
    engine.tick(10_000);
    expect(engine.nextTick()).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not tell who sent it, nor who told of it before', () => {
    const third = 100n << 120n;
    const engine = engineOf(self, [peer, other, third]);
    engine.receive(other, digest('ihave', [70], 0), 0);
    send(engine, { arc: { start: self, end: advance(self, 1n) } }, 10);
    expect(namesIn(engine.tick(100), 'ihave')).toEqual([{ to: third, sequence: 70 }]);
  });

  it('gives no arc to a neighbour that says nothing, until it does', () => {
    const engine = engineOf();
    const copiesTo = (now: number) => engine.originate(new Uint8Array(60), now).map(({ to }) => to);
    expect(copiesTo(0)).toEqual([peer, other]);
    for (let now = 0; now < 1_000; now += 25) {
      engine.tick(now);
      engine.receive(peer, digest('ihave', [], 0), now);
    }
    expect(copiesTo(1_000)).toEqual([peer]);
    engine.receive(other, digest('ihave', [], 0), 1_001);
    expect(copiesTo(1_002)).toEqual([peer, other]);
    expect(decodeFrb(engine.originate(new Uint8Array(60), 1_003)[0]!.frb)).toMatchObject({ root: self });
  });
});
