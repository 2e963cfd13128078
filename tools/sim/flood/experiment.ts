import { FloodEngine } from '../../../switch/flood/index.ts';
import { type NodeId, type Random, seededRandom } from '../../../topology/index.ts';
import { IpopRule } from './ipop-rule.ts';
import { cut, decimalLinks, joinRing, type Links, leaveRing, randomIds, symphonyLinks } from './links.ts';
import { FloodNetwork, type FloodRule } from './network.ts';

export interface FloodExperiment {
  readonly nodes: number;
  readonly floods: number;
  readonly seed: number;
  /** `ipop`: the published rule, on the links that its implementation draws. */
  readonly rule: 'ringlet' | 'ipop';
  /** Shares, 0 to 1: of frames on each hop, of nodes, of links. */
  readonly loss: number;
  readonly dead: number;
  readonly missing: number;
  readonly duplicate: number;
  /** Nodes that die and nodes that join, each, as a share of all nodes a minute. */
  readonly churn: number;
  /** One way, ms; jitter comes on top and lets frames overtake each other. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Roots that start a flood at the same instant. */
  readonly atOnce: number;
}

export const ordinaryExperiment: FloodExperiment = {
  nodes: 128,
  floods: 200,
  seed: 1,
  rule: 'ringlet',
  loss: 0,
  dead: 0,
  missing: 0,
  duplicate: 0,
  churn: 0,
  latencyMs: 20,
  jitterMs: 10,
  atOnce: 1,
};

export interface FloodResult {
  readonly floods: number;
  /** Floods that every node got which lived and could be reached from their start to their end, 0 to 1. */
  readonly complete: number;
  /** Mean share of those nodes that a flood got to. */
  readonly coverage: number;
  /** Deliveries of one flood to one node beyond the first. */
  readonly duplicatesAtLeaves: number;
  /** Frames with a payload that arrived, for each flood and node. */
  readonly copiesPerNode: number;
  /** Floods named to neighbours, and asked for, for each flood and node. */
  readonly ihavePerNode: number;
  readonly iwantPerNode: number;
  readonly meanDegree: number;
  /** Virtual ms from the start of a flood until 95 % and all of its nodes had it, of complete floods. */
  readonly most: { readonly p50: number; readonly p99: number };
  readonly all: { readonly p50: number; readonly p99: number };
}

/** Between floods, so that many are under way at any time. */
const spacingMs = 40;
/** From the last flood to the count. */
const patienceMs = 20_000;
const detectMs = 1_200;
const frameLength = 60;

interface Flood {
  readonly root: NodeId;
  readonly at: number;
  readonly expected: Set<NodeId>;
  readonly arrivals: Map<NodeId, number>;
}

/** Runs floods on a network with faults and counts what became of them. `progress` hears the share done, 0 to 1. */
export function runFloods(experiment: FloodExperiment, progress: (share: number) => void = () => {}): FloodResult {
  const random = seededRandom(experiment.seed);
  const run = new Run(experiment, random);
  const rounds = Math.ceil(experiment.floods / experiment.atOnce);
  for (let round = 0; round < rounds; round++) {
    run.start(Math.min(experiment.atOnce, experiment.floods - round * experiment.atOnce));
    run.pass(spacingMs * experiment.atOnce);
    progress((round + 1) / rounds);
  }
  run.pass(patienceMs);
  return run.result();
}

class Run {
  readonly #experiment: FloodExperiment;
  readonly #random: Random;
  readonly #net: FloodNetwork<FloodRule>;
  readonly #floods: Flood[] = [];
  readonly #engines: FloodEngine[] = [];
  #duplicates = 0;
  #churnDue = 0;

  constructor(experiment: FloodExperiment, random: Random) {
    this.#experiment = experiment;
    this.#random = random;
    const { latencyMs, jitterMs, loss, duplicate } = experiment;
    this.#net = new FloodNetwork({
      links: buildLinks(experiment, random),
      rule: (self) => this.#rule(self),
      faults: { latencyMs, jitterMs, loss, duplicate },
      random,
      delivered: (at, frame, now) => this.#delivered(at, frame, now),
    });
    for (const id of this.#pickSome(experiment.dead)) this.#net.dead.add(id);
  }

  start(count: number): void {
    for (let i = 0; i < count; i++) {
      const { alive } = this.#net;
      const root = alive[Math.floor(this.#random() * alive.length)]!;
      const frame = new Uint8Array(frameLength);
      new DataView(frame.buffer).setUint32(14, this.#floods.length);
      this.#floods.push({ root, at: this.#net.clock.now(), expected: this.#net.reachable(root), arrivals: new Map() });
      this.#net.flood(root, frame);
    }
  }

  pass(ms: number): void {
    const { churn, nodes } = this.#experiment;
    this.#churnDue += (churn * nodes * ms) / 60_000;
    for (; this.#churnDue >= 1; this.#churnDue -= 1) this.#churn();
    this.#net.run(ms);
  }

  result(): FloodResult {
    const floods = this.#floods.map((flood) => this.#judge(flood));
    const complete = floods.filter(({ coverage }) => coverage === 1);
    const perNode = (sum: number) => sum / this.#floods.length / this.#net.alive.length;
    const sum = (of: (engine: FloodEngine) => number) => this.#engines.reduce((total, engine) => total + of(engine), 0);
    const degrees = [...this.#net.links.values()].reduce((total, peers) => total + peers.size, 0);
    return {
      floods: floods.length,
      complete: complete.length / floods.length,
      coverage: floods.reduce((total, { coverage }) => total + coverage, 0) / floods.length,
      duplicatesAtLeaves: this.#duplicates,
      copiesPerNode: perNode(this.#net.received.data),
      ihavePerNode: perNode(sum(({ counters }) => counters.ihaveSent)),
      iwantPerNode: perNode(sum(({ counters }) => counters.iwantSent)),
      meanDegree: degrees / this.#net.links.size,
      most: percentiles(complete.map(({ mostMs }) => mostMs)),
      all: percentiles(complete.map(({ allMs }) => allMs)),
    };
  }

  /** Nodes that died meanwhile do not count. */
  #judge({ root, at, expected, arrivals }: Flood) {
    const due = [...expected].filter((id) => id !== root && this.#net.rules.has(id) && !this.#net.dead.has(id));
    const times = due.flatMap((id) => arrivals.get(id) ?? []).sort((a, b) => a - b);
    const coverage = due.length === 0 ? 1 : times.length / due.length;
    const mostMs = (times[Math.ceil(times.length * 0.95) - 1] ?? at) - at;
    return { coverage, mostMs, allMs: (times.at(-1) ?? at) - at };
  }

  #rule(self: NodeId): FloodRule {
    if (this.#experiment.rule === 'ipop') return new IpopRule(self);
    const engine = new FloodEngine({ self, epoch: 1 });
    this.#engines.push(engine);
    return engine;
  }

  #delivered(at: NodeId, frame: Uint8Array, now: number): void {
    const flood = this.#floods[new DataView(frame.buffer, frame.byteOffset).getUint32(14)]!;
    if (flood.arrivals.has(at)) this.#duplicates += 1;
    else flood.arrivals.set(at, now);
  }

  /** One node dies without a word, and is noticed later; one joins at once. */
  #churn(): void {
    const net = this.#net;
    const { alive, links } = net;
    const victim = alive[Math.floor(this.#random() * alive.length)]!;
    net.dead.add(victim);
    net.clock.after(detectMs, () => {
      const touched = [...links.keys()];
      leaveRing(links, victim);
      net.remove(victim);
      net.relink(touched);
    });
    const [joiner] = randomIds(1, this.#random);
    joinRing(links, joiner!, this.#random);
    net.add(joiner!);
    net.relink(links.get(joiner!)!);
  }

  #pickSome(share: number): NodeId[] {
    const shuffled = [...this.#net.rules.keys()]
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

function percentiles(times: number[]): { p50: number; p99: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
  return { p50: at(0.5), p99: at(0.99) };
}
