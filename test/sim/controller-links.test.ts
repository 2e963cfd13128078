import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OfpVersion } from '../../ofp/index.ts';
import { ControllerLab, type LabSwitch } from '../unit/support/controller-lab.ts';

type Pair = readonly [number, number];

/** Connected graphs: a random tree and some links more, also between switches that are linked already. */
const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    parents: fc.tuple(...Array.from({ length: size - 1 }, (_, i) => fc.integer({ min: 0, max: i }))),
    extra: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 10 }),
    single: fc.integer({ min: -1, max: size - 1 }),
  }),
);

function build({ parents, extra, single }: { parents: number[]; extra: Pair[]; single: number }) {
  const lab = new ControllerLab();
  // One of them may speak 1.0, with a single table.
  const versions = (i: number): OfpVersion[] => (i === single ? [1] : [4]);
  const switches = Array.from({ length: parents.length + 1 }, (_, i) => lab.addSwitch(versions(i)));
  const pairs: Pair[] = [...parents.map((parent, i): Pair => [i + 1, parent]), ...extra];
  const links = pairs.map(([a, b]) => lab.link(switches[a]!, switches[b]!));
  for (const each of switches) lab.addHost(each);
  for (const each of switches) each.connect();
  return { lab, switches, pairs, links };
}

/** Every host says something to all; every other one hears it once, and it itself does not. */
function expectOnce(lab: ControllerLab, reach: (from: number, to: number) => boolean = () => true): void {
  for (const { heard } of lab.hosts) heard.length = 0;
  lab.carried = 0;
  for (const [i, host] of lab.hosts.entries()) host.broadcast(i);
  lab.run(200);
  for (const [to, { heard }] of lab.hosts.entries()) {
    const expected = [...lab.hosts.keys()].filter((from) => from !== to && reach(from, to));
    expect([...heard].sort((a, b) => a - b)).toEqual(expected);
  }
}

/** Which switches are joined by those links that are left. */
function parts(size: number, pairs: readonly Pair[]): number[] {
  const part = Array.from({ length: size }, (_, i) => i);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [a, b] of pairs) {
      const least = Math.min(part[a]!, part[b]!);
      if (part[a] !== least || part[b] !== least) changed = true;
      part[a] = least;
      part[b] = least;
    }
  }
  return part;
}

describe('whatever the network looks like', () => {
  test('a broadcast reaches every host once', () => {
    fc.assert(
      fc.property(graph, (shape) => {
        const { lab } = build(shape);
        lab.run(1500);
        expectOnce(lab);
        // The second time everybody is known.
        expectOnce(lab);
      }),
      { numRuns: 40 },
    );
  });

  test('and so it does within a second after links were lost or came back, one-sidedly too', () => {
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat(1000)), fc.boolean(), (shape, picks, isOneSided) => {
        const { lab, links, pairs, switches } = build(shape);
        lab.run(1500);
        expectOnce(lab);
        if (links.length === 0) return;
        const lost = new Set([...picks.take(3)].map((pick) => pick % links.length));
        for (const i of lost) links[i]!(false, isOneSided ? 'one' : 'both');
        lab.run(700);
        const part = parts(
          switches.length,
          pairs.filter((_, i) => !lost.has(i)),
        );
        expectOnce(lab, (from, to) => part[from] === part[to]);
        for (const i of lost) links[i]!(true, isOneSided ? 'one' : 'both');
        lab.run(1500);
        expectOnce(lab);
      }),
      { numRuns: 40 },
    );
  });

  test('a controller that takes over changes nothing, and every frame meanwhile goes its way once', () => {
    fc.assert(
      fc.property(graph, (shape) => {
        const { lab } = build({ ...shape, single: -1 });
        lab.run(1500);
        expectOnce(lab);
        lab.restart();
        for (let i = 0; i < 20; i++) {
          lab.run(30);
          expectOnce(lab);
        }
        for (const sw of lab.controller.switches) expect(sw.counters.flowMods).toBe(0);
      }),
      { numRuns: 12 },
    );
  });
});

test('unicast goes to the one it is for, by the tree, also after it moved', () => {
  const lab = new ControllerLab();
  const switches = Array.from({ length: 5 }, () => lab.addSwitch());
  for (const [i, each] of switches.entries()) lab.link(each, switches[(i + 1) % 5]!);
  const hosts = switches.map((each) => lab.addHost(each));
  for (const each of switches) each.connect();
  lab.run(1500);
  expectOnce(lab);
  for (const { heard } of hosts) heard.length = 0;
  hosts[0]!.send(hosts[3]!.mac, 77);
  lab.run(100);
  expect(hosts.map(({ heard }) => heard)).toEqual([[], [], [], [77], []]);
  const moved = lab.addHost(switches[1] as LabSwitch);
  moved.mac.set(hosts[3]!.mac);
  lab.run(700);
  moved.broadcast(5);
  lab.run(100);
  for (const { heard } of lab.hosts) heard.length = 0;
  hosts[0]!.send(moved.mac, 78);
  lab.run(100);
  expect(lab.hosts.map(({ heard }) => heard)).toEqual([[], [], [], [], [], [78]]);
});

test('a link that fails without a word is found out, and makes no loop when it works again', () => {
  const lab = new ControllerLab();
  const switches = Array.from({ length: 4 }, () => lab.addSwitch());
  const links = switches.map((each, i) => lab.link(each, switches[(i + 1) % 4]!));
  for (const each of switches) lab.addHost(each);
  for (const each of switches) each.connect();
  lab.run(1500);
  expectOnce(lab);
  for (const link of links) {
    link(false, 'none');
    lab.run(6000);
    expectOnce(lab);
    link(true, 'none');
    for (let i = 0; i < 20; i++) {
      lab.run(100);
      expectOnce(lab);
    }
  }
});

test('a segment that is not ours joins two ports of one switch: one of them forwards', () => {
  const lab = new ControllerLab();
  const only = lab.addSwitch();
  lab.link(only, only);
  lab.addHost(only);
  lab.addHost(only);
  only.connect();
  lab.run(1500);
  expectOnce(lab);
  expect(lab.carried).toBeLessThan(4);
});
