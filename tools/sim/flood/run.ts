import { type FloodCopy, FloodEngine } from '../../../switch/flood/index.ts';
import { type NodeId, type Random, seededRandom } from '../../../topology/index.ts';
import type { TracedFrame } from '../trace/frame-trace.ts';
import type { FloodExperiment } from './experiment.ts';
import { FloodLog, numberedFrame, numberOf } from './flood-log.ts';
import { IpopRule } from './ipop-rule.ts';
import { cut, decimalLinks, joinRing, type Links, leaveRing, randomIds, symphonyLinks } from './links.ts';
import { FloodNetwork, type FloodRule } from './network.ts';

/** Between floods, so that many are under way at any time. */
export const spacingMs = 10;
/** From a flood to its count. */
export const patienceMs = 20_000;
/** Until the neighbours of a dead node notice. */
const detectMs = 1_200;
const pauseMs = 2_000;
/** Floods this young, when the network parts, are owed to their own part only. */
const settleMs = 2_000;
const frameLength = 60;

/** What befalls nodes, at a share of all nodes a minute each. */
const happenings = ['churn', 'kill', 'pause', 'restart'] as const;
type Happening = (typeof happenings)[number];

/** One experiment under way: a network with faults, and its floods. */
export class FloodRun {
  readonly net: FloodNetwork<FloodRule>;
  readonly floods: FloodLog[] = [];
  readonly engines: FloodEngine[] = [];
  readonly #experiment: FloodExperiment;
  readonly #random: Random;
  readonly #due = new Map<Happening, number>();

  constructor(experiment: FloodExperiment, trace?: (frame: TracedFrame) => void) {
    this.#experiment = experiment;
    this.#random = seededRandom(experiment.seed);
    this.net = new FloodNetwork({
      links: buildLinks(experiment, this.#random),
      rule: (self, epoch) => this.#rule(self, epoch),
      faults: experiment,
      random: this.#random,
      delivered: ({ at, from, frame, now }) => this.floods[numberOf(frame)]!.arrived(at, from, now),
      ...(trace && { trace }),
    });
    for (const id of this.#pickSome(experiment.dead)) this.net.dead.add(id);
    if (experiment.partitionMs > 0) this.#partitionLater();
  }

  /** Starts floods of random nodes at this instant. Returns the copies of the last one. */
  start(count: number): readonly FloodCopy[] {
    let copies: readonly FloodCopy[] = [];
    for (let i = 0; i < count; i++) {
      const { net } = this;
      const root = this.#pick(net.awake);
      const number = this.floods.length;
      const members = [...net.rules.keys()];
      this.floods.push(new FloodLog({ number, root, startedAt: net.clock.now(), members }, net.reachable(root)));
      copies = net.flood(root, numberedFrame(number, frameLength));
    }
    return copies;
  }

  /** Lets time pass, and befall nodes what is due. */
  pass(ms: number): void {
    for (const what of happenings) {
      let due = (this.#due.get(what) ?? 0) + (this.#experiment[what] * this.#experiment.nodes * ms) / 60_000;
      for (; due >= 1; due -= 1) this.#befall[what]();
      this.#due.set(what, due);
    }
    this.net.run(ms);
  }

  /** What happens to whom. */
  readonly #befall: Readonly<Record<Happening, () => void>> = {
    churn: () => {
      this.#kill();
      this.#join();
    },
    kill: () => this.#kill(),
    pause: () => this.net.pause(this.#pick(this.net.awake), pauseMs),
    restart: () => this.#restart(),
  };

  /** A node dies without a word, and is noticed later. */
  #kill(): void {
    const { net } = this;
    const victim = this.#pick(net.alive);
    net.dead.add(victim);
    this.#excuse(victim);
    net.clock.after(detectMs, () => {
      const touched = [...net.links.keys()];
      leaveRing(net.links, victim);
      net.remove(victim);
      net.relink(touched);
    });
  }

  #join(): void {
    const { net } = this;
    const [joiner] = randomIds(1, this.#random);
    joinRing(net.links, joiner!, this.#random);
    net.add(joiner!);
    net.relink(net.links.get(joiner!)!);
  }

  /** The process ends and starts anew at once, with the links it had; of what came before, it knows nothing. */
  #restart(): void {
    const victim = this.#pick(this.net.awake);
    this.#excuse(victim);
    this.net.add(victim, (2 * this.#random() - 1) * this.#experiment.clockJumpMs);
  }

  #partitionLater(): void {
    const { net } = this;
    const { floods, partitionMs } = this.#experiment;
    const beginMs = (floods * spacingMs) / 2;
    const half = new Set(this.#pickSome(0.5));
    net.clock.after(beginMs, () => {
      net.cutOff = half;
      for (const { root, startedAt, expected } of this.floods) {
        if (startedAt < net.clock.now() - settleMs) continue;
        for (const id of expected) if (half.has(id) !== half.has(root)) expected.delete(id);
      }
    });
    net.clock.after(beginMs + partitionMs, () => {
      net.cutOff = new Set();
    });
  }

  /** Nobody owes this node the floods under way any more, and what it got of any flood was in another life. */
  #excuse(id: NodeId): void {
    for (const { expected, startedAt, arrivals } of this.floods) {
      if (startedAt > this.net.clock.now() - patienceMs) expected.delete(id);
      arrivals.delete(id);
    }
  }

  #rule(self: NodeId, epoch: number): FloodRule {
    if (this.#experiment.rule === 'ipop') return new IpopRule(self);
    const engine = new FloodEngine({ self, epoch });
    this.engines.push(engine);
    return engine;
  }

  #pick(ids: readonly NodeId[]): NodeId {
    return ids[Math.floor(this.#random() * ids.length)]!;
  }

  #pickSome(share: number): NodeId[] {
    const shuffled = [...this.net.rules.keys()]
      .map((id) => ({ id, key: this.#random() }))
      .sort((a, b) => a.key - b.key);
    return shuffled.slice(0, Math.round(share * shuffled.length)).map(({ id }) => id);
  }
}

function buildLinks({ nodes, rule, missing }: FloodExperiment, random: Random): Links {
  const ids = randomIds(nodes, random);
  const links = rule === 'ipop' ? decimalLinks(ids, random) : symphonyLinks(ids, random);
  for (const [a, peers] of links) for (const b of peers) if (a < b && random() < missing) cut(links, a, b);
  return links;
}
