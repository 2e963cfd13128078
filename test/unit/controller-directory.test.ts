import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  decodeAddress,
  decodeHost,
  encodeAddress,
  encodeHost,
  keyOf,
  sealedPart,
} from '../../src/controller/apps/directory-records.ts';
import { askMs, HostDirectory, maxQuestions, maxRecordsOwned } from '../../src/controller/apps/host-directory.ts';
import type { Station } from '../../src/controller/apps/hosts.ts';
import { Identity } from '../../src/identity/index.ts';
import { announcementSeal } from '../../src/node/announcement-seal.ts';
import { Directory, type LinkMessage, type NodeId, parseNodeId, switchIdOf } from '../../topology/index.ts';

const mac = (n: number) => Uint8Array.of(2, 0, 0, 0, n >> 8, n & 0xff);
const host = (n: number, vlan = 0) => ({ mac: mac(n), vlan });
const ip = Uint8Array.of(10, 0, 0, 7);
const minute = 60_000;

/** The directory of an overlay with one node, which answers at once, and one whose answers never come. */
const ring = { self: 1n, successors: () => [], predecessors: () => [], isLinked: () => false, send: () => {} };
const whole = () => new Directory({ ...ring, next: () => undefined });
function silent() {
  const asked: LinkMessage[] = [];
  const others: NodeId[] = [0n];
  const directory = new Directory({
    ...{ ...ring, successors: () => others, predecessors: () => others, isLinked: () => true },
    next: () => others[0],
    send: (_peer, message) => asked.push(message),
  });
  return { directory, asked };
}

interface Switch {
  readonly app: HostDirectory;
  /** What it was told of MAC addresses. */
  readonly told: { readonly mac: Uint8Array; readonly switchId: bigint; readonly sequence: number }[];
}

const identities = [1, 2, 3, 4].map((n) => Identity.fromSeed(new Uint8Array(32).fill(n)));
const [idA, idB, idC] = identities.map(({ nodeId }) => switchIdOf(parseNodeId(nodeId)!)) as [bigint, bigint, bigint];

/** `n`: of the identity. */
function switchOf(n: number, directory: Directory, isBelieved = true): Switch {
  const identity = identities[n]!;
  const self = switchIdOf(parseNodeId(identity.nodeId)!);
  const seal = announcementSeal(identity, 'test');
  const told: Switch['told'] = [];
  const take = (station: Station, switchId: bigint, sequence: number) => {
    told.push({ mac: station.mac, switchId, sequence });
    return isBelieved;
  };
  return { app: new HostDirectory({ self, directory, seal, told: take }), told };
}

let directory: Directory;
let [a, b, c] = [] as unknown as [Switch, Switch, Switch];
let now = 0;

/** Lets time pass, in ticks of a second. */
function run(ms: number, ...apps: readonly Switch[]): void {
  for (const end = now + ms; now < end; ) {
    now += 1_000;
    directory.tick(now);
    for (const { app } of apps) app.tick(now);
  }
}

function ask({ app }: Switch, address: Uint8Array, vlan = 0): boolean | undefined {
  let answer: boolean | undefined;
  app.findHost({ mac: address, vlan }, now, (isFound) => {
    answer = isFound;
  });
  return answer;
}

beforeEach(() => {
  now = 0;
  directory = whole();
  [a, b, c] = [switchOf(0, directory), switchOf(1, directory), switchOf(2, directory)];
});

describe('hosts in the directory', () => {
  it('are found with their switch and mobility sequence', () => {
    a.app.settled({ ...host(1), sequence: 6 });
    run(1_000, a);
    expect(ask(c, mac(1))).toBe(true);
    expect(c.told).toEqual([{ mac: mac(1), switchId: idA, sequence: 6 }]);
    expect(ask(c, mac(2))).toBe(false);
  });

  it('are where they turned up last, whatever their switches knew of each other', () => {
    a.app.settled({ ...host(1), sequence: 6 });
    run(1_000, a);
    b.app.settled({ ...host(1), sequence: 0 });
    run(5_000, b);
    ask(c, mac(1));
    expect(c.told).toMatchObject([{ switchId: idB, sequence: 0 }]);
    // With the knowledge of it, at once; the former place keeps still.
    a.app.left(host(1), false);
    b.app.left(host(1), false);
    c.app.settled({ ...host(1), sequence: 9 });
    run(10 * minute, a, b, c);
    ask(a, mac(1));
    expect(a.told).toMatchObject([{ switchId: idC, sequence: 9 }]);
  });

  it('are others in another VLAN', () => {
    a.app.settled({ ...host(1, 7), sequence: 0 });
    b.app.settled({ ...host(1, 8), sequence: 0 });
    run(1_000, a, b);
    expect([0, 7, 8].map((vlan) => ask(c, mac(1), vlan))).toEqual([false, true, true]);
    expect(c.told.map(({ switchId }) => switchId)).toEqual([idA, idB]);
    a.app.left(host(1, 8), true);
    a.app.left(host(1, 7), true);
    run(3_000, a, b, c);
    expect([7, 8].map((vlan) => ask(c, mac(1), vlan))).toEqual([false, true]);
  });

  it('stay as long as their switch has them, and go when it withdraws them or is no more', () => {
    for (const n of [1, 2]) a.app.settled({ ...host(n), sequence: 0 });
    b.app.settled({ ...host(3), sequence: 0 });
    run(1_000, a, b);
    run(25 * minute, a);
    expect([1, 2, 3].map((n) => ask(c, mac(n)))).toEqual([true, true, false]);
    a.app.left(host(2), true);
    run(3_000, a, c);
    expect([1, 2].map((n) => ask(c, mac(n)))).toEqual([true, false]);
    expect(a.app.size).toBe(1);
  });

  it('are not believed where their switch is none', () => {
    a.app.settled({ ...host(1), sequence: 0 });
    run(1_000, a);
    expect(ask(switchOf(3, directory, false), mac(1))).toBe(false);
    directory.put({ key: keyOf(mac(5)), version: 1, value: Uint8Array.of(1, 2, 3) }, now);
    expect(ask(c, mac(5))).toBe(false);
    expect(c.told).toEqual([]);
  });

  it('are not believed unless their switch sealed them, for this key and version', () => {
    a.app.settled({ ...host(1), sequence: 0 });
    run(1_000, a);
    let genuine: Uint8Array | undefined;
    directory.get(keyOf(mac(1)), now, (record) => {
      genuine = record?.value;
    });
    const forged = genuine!.slice();
    forged[13] = 9;
    const inOthersName = Buffer.concat([
      encodeHost({ switchId: idB, sequence: 0 }),
      announcementSeal(identities[0]!, 'test').sign(
        sealedPart(keyOf(mac(4)), 1, encodeHost({ switchId: idB, sequence: 0 })),
      ),
    ]);
    directory.put({ key: keyOf(mac(1)), version: 7, value: genuine! }, now);
    directory.put({ key: keyOf(mac(2)), version: 1, value: genuine! }, now);
    directory.put({ key: keyOf(mac(3)), version: 1, value: forged }, now);
    directory.put({ key: keyOf(mac(4)), version: 1, value: inOthersName }, now);
    expect([1, 2, 3, 4].map((n) => ask(c, mac(n)))).toEqual([false, false, false, false]);
    expect(c.app.counters.directoryForged).toBe(4);
    expect(c.told).toEqual([]);
    // The switch that has the host puts it right when it looks again.
    run(5 * minute, a, c);
    expect(ask(c, mac(1))).toBe(true);
  });

  it('of which a stranger made a last version do no harm but their own', () => {
    directory.put({ key: keyOf(mac(1)), version: Number.MAX_SAFE_INTEGER, value: Uint8Array.of(1) }, now);
    a.app.settled({ ...host(1), sequence: 0 });
    run(minute, a);
    expect(ask(c, mac(1))).toBe(false);
    expect(a.app.counters.directoryPuts).toBeLessThan(40);
    run(15 * minute, a, c);
    expect(ask(c, mac(1))).toBe(true);
  });

  it('are put again until the directory answers', () => {
    const { directory: deaf, asked } = silent();
    const { app } = switchOf(0, deaf);
    app.settled({ ...host(1), sequence: 0 });
    const puts = () => asked.filter(({ type }) => type === 'query').length;
    for (now = 0; now < 20_000; now += 100) {
      deaf.tick(now);
      app.tick(now);
    }
    expect(puts()).toBeGreaterThan(9);
    expect(puts()).toBeLessThan(20);
  });

  it('are no more than so many of one switch', () => {
    for (let n = 0; n <= maxRecordsOwned; n++) a.app.settled({ ...host(n), sequence: 0 });
    expect(a.app.size).toBe(maxRecordsOwned);
    expect(a.app.counters.directoryFull).toBe(1);
  });
});

describe('IP addresses in the directory', () => {
  it('lead to the MAC address that has them, and to its switch', () => {
    a.app.settled({ ...host(1), sequence: 2 });
    a.app.addressed(ip, { mac: mac(1), isRouter: true });
    run(1_000, a);
    const found: unknown[] = [];
    c.app.findAddress(
      ip,
      () => false,
      now,
      (address) => found.push(address),
    );
    expect(found).toMatchObject([{ mac: mac(1), isRouter: true }]);
    expect(c.told).toMatchObject([{ switchId: idA, sequence: 2 }]);
    // Who knows the host asks for it no more.
    c.app.findAddress(
      ip,
      () => true,
      now,
      (address) => found.push(address),
    );
    expect(found).toHaveLength(2);
    expect(c.told).toHaveLength(1);
    // Without the host, the address is of no use.
    a.app.addressed(Uint8Array.of(10, 0, 0, 8), { mac: mac(9), isRouter: false });
    run(1_000, a);
    c.app.findAddress(
      Uint8Array.of(10, 0, 0, 8),
      () => false,
      now,
      (address) => found.push(address),
    );
    expect(found[2]).toBeUndefined();
  });

  it('belong to the host that said so last', () => {
    for (const [each, n] of [
      [a, 1],
      [b, 2],
    ] as const) {
      each.app.settled({ ...host(n), sequence: 0 });
      each.app.addressed(ip, { mac: mac(n), isRouter: false });
      run(5_000, each);
    }
    const found: unknown[] = [];
    c.app.findAddress(
      ip,
      () => true,
      now,
      (address) => found.push(address?.mac),
    );
    expect(found).toEqual([mac(2)]);
  });
});

describe('questions', () => {
  it('that nobody answers end in time, all that wait for one together', () => {
    const { directory: deaf, asked } = silent();
    const { app } = switchOf(0, deaf);
    const answers: boolean[] = [];
    for (let i = 0; i < 3; i++) app.findHost(host(1), 0, (isFound) => answers.push(isFound));
    app.tick(askMs - 1);
    expect(answers).toEqual([]);
    app.tick(askMs);
    expect(answers).toEqual([false, false, false]);
    expect(asked).toHaveLength(1);
    expect(app.counters).toMatchObject({ directoryQuestions: 1, directorySilent: 1 });
    // Not asked again for a while.
    app.findHost(host(1), askMs, (isFound) => answers.push(isFound));
    expect(answers).toHaveLength(4);
    expect(asked).toHaveLength(1);
  });

  it('are so many at once at most', () => {
    const { directory: deaf } = silent();
    const { app } = switchOf(0, deaf);
    let answers = 0;
    for (let n = 0; n < maxQuestions + 10; n++) {
      app.findHost(host(n), 0, () => {
        answers += 1;
      });
    }
    expect(answers).toBe(10);
  });
});

describe('records of hosts', () => {
  const bytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

  it('come out as they went in', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(0xffff_ffff), (switchId, sequence) => {
        expect(decodeHost(encodeHost({ switchId, sequence }))).toEqual({ switchId, sequence });
      }),
    );
    fc.assert(
      fc.property(bytes, fc.boolean(), (address, isRouter) => {
        const single = Uint8Array.from(address, (byte, i) => (i === 0 ? byte & 0xfe : byte));
        const record = { switchId: idA, mac: single, isRouter };
        expect(decodeAddress(encodeAddress(record))).toEqual(record);
      }),
    );
  });

  it('of any other content are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (value) => {
        expect(decodeHost(value) === undefined).toBe(value.length !== 14 || value[0] !== 0x11);
        expect(decodeAddress(value) === undefined).toBe(
          value.length !== 16 || value[0] !== 0x12 || value[10]! % 2 === 1,
        );
      }),
    );
    expect(decodeHost(encodeAddress({ switchId: idA, mac: mac(1), isRouter: false }))).toBeUndefined();
  });

  it('have keys all over the ring, other ones for MAC and IP addresses', () => {
    const keys = Array.from({ length: 4_000 }, (_, n) => keyOf(mac(n)));
    expect(new Set(keys).size).toBe(4_000);
    const parts = keys.map((key) => Number(key >> 124n));
    for (let part = 0; part < 16; part++) expect(parts.filter((each) => each === part).length).toBeGreaterThan(180);
    expect(keyOf(Uint8Array.of(10, 0, 0, 1))).not.toBe(keyOf(Uint8Array.of(10, 0, 0, 1, 0, 0)));
  });
});
