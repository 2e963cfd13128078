import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OfpVersion } from '../../ofp/index.ts';
import { ControllerLab, type LabHost, type LabSwitch } from '../unit/support/controller-lab.ts';

const runs = Number(process.env.TREES_RUNS ?? 25);
const seed = Number(process.env.TREES_SEED ?? 1);

type Pair = readonly [number, number];
/** A port that comes up is probed before it carries anything, ms. */
const probingMs = 900;
/** Most time that a message between a switch and the controller takes, ms. */
const maxDelay = 12;

type LinkSwitch = (isUp: boolean) => void;

interface Shape {
  readonly parents: number[];
  readonly extra: Pair[];
  /** Which of the switches speak 1.0, with a single table: bits. */
  readonly single: number;
  /** How long messages of each switch to the controller take, ms. */
  readonly delays: number[];
}

/** Connected graphs: a random tree and links more. */
const graph = fc.integer({ min: 2, max: 10 }).chain((size) =>
  fc.record({
    parents: fc.tuple(...Array.from({ length: size - 1 }, (_, i) => fc.integer({ min: 0, max: i }))),
    extra: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { minLength: 1, maxLength: 8 }),
    single: fc.oneof(fc.constant(0), fc.nat(2 ** size - 1)),
    delays: fc.array(fc.integer({ min: 1, max: maxDelay }), { minLength: size, maxLength: size }),
  }),
);

class Cycles {
  readonly lab: ControllerLab;
  readonly switches: LabSwitch[];
  readonly pairs: Pair[];
  readonly links: LinkSwitch[];
  /** When links carry something, ms. */
  readonly #readyAt = new Map<number, number>();

  constructor({ parents, extra, single, delays }: Shape, maxTrees = 64) {
    this.lab = new ControllerLab({ learning: { maxTrees } });
    const versions = (i: number): OfpVersion[] => ((single >> i) & 1 ? [1] : [4]);
    this.switches = Array.from({ length: parents.length + 1 }, (_, i) => this.lab.addSwitch(versions(i), delays[i]));
    const pairs = [...parents.map((parent, i): Pair => [i + 1, parent]), ...extra];
    this.pairs = pairs.filter(([a, b]) => a !== b);
    this.links = this.pairs.map(([a, b]) => this.lab.link(this.switches[a]!, this.switches[b]!));
    for (const each of this.switches) this.lab.addHost(each);
    for (const each of this.switches) each.connect();
    this.lab.run(1500);
  }

  /** Links on the shortest way from one switch to each other one; undefined: there is none. */
  distances(from: number): (number | undefined)[] {
    const distances: (number | undefined)[] = [];
    distances[from] = 0;
    const reached = [from];
    for (const at of reached) {
      for (const [i, [a, b]] of this.pairs.entries()) {
        const other = a === at ? b : b === at ? a : at;
        if (!this.isReady(i) || distances[other] !== undefined) continue;
        distances[other] = distances[at]! + 1;
        reached.push(other);
      }
    }
    return distances;
  }

  isReady(link: number): boolean {
    return (this.#readyAt.get(link) ?? 0) <= this.lab.clock.now();
  }

  isUp(link: number): boolean {
    return this.#readyAt.get(link) !== Number.POSITIVE_INFINITY;
  }

  set(link: number, isUp: boolean): void {
    this.#readyAt.set(link, isUp ? this.lab.clock.now() + probingMs : Number.POSITIVE_INFINITY);
    this.links[link]!(isUp);
  }

  /** Everybody says something to all, so that everybody is known. */
  introduceAll(): void {
    for (let i = 0; i < 2; i++) {
      for (const host of this.lab.hosts) host.broadcast(0);
      this.lab.run(100);
    }
    for (const { heard } of this.lab.hosts) heard.length = 0;
  }
}

const hostsWhoHeard = (hosts: readonly LabHost[], number: number): number[] =>
  hosts.flatMap(({ heard }, i) => heard.filter((each) => each === number).map(() => i));

describe('whatever the network looks like', () => {
  test('a broadcast takes the shortest way to everybody, over one link for each switch', () => {
    fc.assert(
      fc.property(graph, (shape) => {
        const net = new Cycles(shape);
        net.introduceAll();
        const { hosts } = net.lab;
        for (const [from, host] of hosts.entries()) {
          const distances = net.distances(from);
          net.lab.run(1);
          net.lab.carried = 0;
          host.broadcast(from + 1);
          for (let ms = 0; ms <= net.switches.length; ms++) {
            const reached = hosts.flatMap((_, to) => (to !== from && distances[to]! <= ms ? [to] : []));
            expect(hostsWhoHeard(hosts, from + 1)).toEqual(reached);
            net.lab.run(1);
          }
          // Probes go by links as well.
          expect(net.lab.carried).toBeLessThan(hosts.length + 2 * net.pairs.length + 1);
        }
      }),
      { numRuns: 40 },
    );
  });

  test(`no broadcast is heard twice while links come and go, and none is missed but those that a dead link swallowed (seed ${seed})`, () => {
    const event = fc.record({ link: fc.nat(), wait: fc.integer({ min: 1, max: 400 }) });
    const events = fc.array(event, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(graph, events, fc.constantFrom(2, 64), (shape, changes, maxTrees) => {
        const net = new Cycles(shape, maxTrees);
        net.introduceAll();
        const { lab } = net;
        let number = 0;
        const expected: { readonly all: number[]; readonly at: number }[] = [];
        const downs: number[] = [];
        const speak = (ms: number) => {
          for (let spent = 0; spent < ms; spent += 5) {
            const from = number % lab.hosts.length;
            const distances = net.distances(from);
            const all = lab.hosts.flatMap((_, to) => (to !== from && distances[to] !== undefined ? [to] : []));
            number += 1;
            expected[number] = { all, at: lab.clock.now() };
            lab.hosts[from]!.broadcast(number);
            lab.run(5);
          }
        };
        // The last ones before a link goes down may be under way over it; then the port says so, and the switches are told.
        const isSure = (at: number) => downs.every((down) => at < down - 100 || at >= down + 2 * maxDelay + 5);
        for (const { link, wait } of changes) {
          const which = link % net.links.length;
          const isUp = !net.isUp(which);
          speak(wait);
          if (!isUp) downs.push(lab.clock.now());
          net.set(which, isUp);
          speak(50);
        }
        speak(1000);
        lab.run(100);
        for (let i = 1; i <= number; i++) {
          const heard = hostsWhoHeard(lab.hosts, i);
          expect(new Set(heard).size, `broadcast ${i} twice`).toBe(heard.length);
          // Two parts that grow together may hear each other sooner than they must.
          const { all, at } = expected[i]!;
          if (isSure(at)) expect(heard.filter((to) => all.includes(to))).toEqual(all);
        }
      }),
      {
        ...{ numRuns: runs, seed },
        // A frame gets to the controller from a link of which one end is known to be down by then.
        examples: [
          [
            { parents: [0, 0, 0, 2], extra: [[0, 2]], single: 19, delays: [10, 1, 1, 1, 1] },
            [
              { link: 0, wait: 316 },
              { link: 120455051, wait: 241 },
              { link: 0, wait: 1 },
            ],
            2,
          ],
        ],
      },
    );
  }, 600_000);
});

test('a switch has two rules for each host and for each other switch, and a link that goes touches none of those of hosts', () => {
  const changes = [1, 12].map((hostsEach) => {
    const lab = new ControllerLab();
    const switches = Array.from({ length: 6 }, () => lab.addSwitch());
    const links = switches.map((each, i) => lab.link(each, switches[(i + 1) % 6]!));
    for (const each of switches) for (let i = 0; i < hostsEach; i++) lab.addHost(each);
    for (const each of switches) each.connect();
    lab.run(1500);
    for (const host of lab.hosts) host.broadcast(1);
    lab.run(200);
    const managed = [...lab.controller.switches];
    for (const sw of managed) {
      const rules = sw.rules.size + [...lab.controller.rulesBesides(sw)].length;
      expect(rules).toBeLessThanOrEqual(2 * lab.hosts.length + 2 * 6 + 2 * sw.ports.size + 8);
    }
    const flowMods = () => managed.reduce((sum, { counters }) => sum + counters.flowMods, 0);
    const before = flowMods();
    links[0]!(false);
    lab.run(1000);
    return flowMods() - before;
  });
  expect(changes[0]).toBeGreaterThan(0);
  expect(changes[1]).toBe(changes[0]);
});
