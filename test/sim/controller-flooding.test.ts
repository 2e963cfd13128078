import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrb } from '../../switch/flood/index.ts';
import { ControllerLab, type LabSwitch } from '../unit/support/controller-lab.ts';

/** Connected graphs: a random tree and some links more, also between switches that are linked already. */
const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.record({
    parents: fc.tuple(...Array.from({ length: size - 1 }, (_, i) => fc.integer({ min: 0, max: i }))),
    extra: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 10 }),
  }),
);

function build({ parents, extra }: { parents: number[]; extra: [number, number][] }) {
  const lab = new ControllerLab({ apps: ['bounded-flood'] });
  const switches = Array.from({ length: parents.length + 1 }, () => lab.addSwitch());
  const pairs = [...parents.map((parent, i): [number, number] => [i + 1, parent]), ...extra];
  const links = pairs.map(([a, b]) => lab.link(switches[a]!, switches[b]!));
  for (const each of switches) for (let i = 0; i < 2; i++) lab.addHost(each);
  for (const each of switches) each.connect();
  lab.run(1500);
  return { lab, switches, links };
}

function everybody(lab: ControllerLab, from: number): number[] {
  return [...lab.hosts.keys()].filter((to) => to !== from);
}

/** Every host says something to all; every other one hears it once, and it itself does not. */
function expectOnce(lab: ControllerLab): void {
  for (const { heard } of lab.hosts) heard.length = 0;
  for (const [i, host] of lab.hosts.entries()) host.broadcast(i);
  lab.run(3000);
  for (const [to, { heard }] of lab.hosts.entries()) {
    expect([...heard].sort((a, b) => a - b)).toEqual(everybody(lab, to));
  }
}

describe('bounded floods by packet-in and packet-out, whatever the network looks like', () => {
  test('reach every host once', () => {
    fc.assert(
      fc.property(graph, (shape) => {
        const { lab } = build(shape);
        expectOnce(lab);
        // The second time everybody is known.
        expectOnce(lab);
      }),
      { numRuns: 40 },
    );
  });

  test('and do so while links are lost, as long as others are left, since what was lost is pulled over those', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 9 }), fc.nat(), fc.nat(12), (size, pick, waited) => {
        // A ring of which any one link may go.
        const parents = Array.from({ length: size - 1 }, (_, i) => i);
        const { lab, links } = build({ parents, extra: [[size - 1, 0]] });
        for (const [i, host] of lab.hosts.entries()) host.broadcast(i);
        lab.run(waited);
        links[pick % links.length]!(false);
        lab.run(5000);
        for (const [to, { heard }] of lab.hosts.entries()) {
          expect([...heard].sort((a, b) => a - b)).toEqual(everybody(lab, to));
        }
        expectOnce(lab);
      }),
      { numRuns: 40 },
    );
  });

  test('are no way in for frames that hosts make up', () => {
    const { lab, switches } = build({ parents: [0, 1], extra: [[2, 0]] });
    const arc = { start: 1n, end: 0n };
    const source = { mac: Uint8Array.of(2, 0, 0, 0, 0, 9), etherType: 0x88b6 };
    const forged = encodeFrb(
      { hopLimit: 9, root: 5n, epoch: 9, sequence: 1, arc, part: 0, lastPart: 0, inner: new Uint8Array(60) },
      source,
    );
    const leaf = switches[0]!.bridge.ports.find(({ name }) => name.startsWith('h'))!.no;
    switches[0]!.bridge.receive(leaf, [forged], lab.clock.now());
    lab.run(500);
    expect(lab.composition.forwarder.counters).toMatchObject({ floodsForged: 1 });
    expect(lab.hosts.flatMap(({ heard }) => heard)).toEqual([]);
  });
});

test('unicast goes by rules to the one it is for, also after it moved to another switch', () => {
  const { lab, switches } = build({ parents: [0, 1, 2, 3], extra: [[4, 0]] });
  expectOnce(lab);
  const [from, to] = [lab.hosts[0]!, lab.hosts[7]!];
  for (const { heard } of lab.hosts) heard.length = 0;
  const packetIns = () => [...lab.controller.switches].reduce((sum, { counters }) => sum + counters.packetIns, 0);
  from.send(to.mac, 77);
  lab.run(100);
  expect(lab.hosts.flatMap(({ heard }, i) => heard.map((what) => [i, what]))).toEqual([[7, 77]]);
  const moved = lab.addHost(switches[1] as LabSwitch);
  moved.mac.set(to.mac);
  lab.run(700);
  moved.broadcast(5);
  lab.run(1000);
  for (const { heard } of lab.hosts) heard.length = 0;
  const before = packetIns();
  for (let i = 0; i < 10; i++) from.send(moved.mac, i);
  lab.run(40);
  expect(lab.hosts.at(-1)!.heard).toEqual([...Array(10).keys()]);
  expect(to.heard).toEqual([]);
  // Probes of links come in meanwhile, and no frame of these.
  expect(packetIns() - before).toBeLessThan(10);
});

test('a controller that takes over knows the hosts by the rules, which stay', () => {
  const { lab } = build({ parents: [0, 1], extra: [[2, 0]] });
  expectOnce(lab);
  const hosts = () => [...lab.controller.switches].flatMap((sw) => [...lab.composition.forwarder.hostsOf(sw)]).length;
  expect(hosts()).toBe(lab.hosts.length);
  lab.restart();
  lab.run(1500);
  expect(hosts()).toBe(lab.hosts.length);
  for (const { heard } of lab.hosts) heard.length = 0;
  lab.hosts[0]!.send(lab.hosts[5]!.mac, 9);
  lab.run(100);
  expect(lab.hosts.map(({ heard }) => heard)).toEqual([[], [], [], [], [], [9]]);
  expectOnce(lab);
});

test('frames of more hosts than a port may have are dropped and counted', () => {
  const lab = new ControllerLab({ apps: ['bounded-flood'], learning: { maxHostsPerPort: 3 } });
  const only = lab.addSwitch();
  const host = lab.addHost(only);
  const other = lab.addHost(only);
  only.connect();
  lab.run(1000);
  for (let i = 0; i < 9; i++) {
    host.mac.set([2, 0, 0, 9, 9, i]);
    host.broadcast(i);
  }
  lab.run(200);
  expect(other.heard).toEqual([0, 1, 2]);
  expect(lab.composition.forwarder.counters).toMatchObject({ learned: 3 });
  expect((lab.composition.forwarder.counters as { tooMany: number }).tooMany).toBeGreaterThanOrEqual(6);
});
