import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { NodeId, PolicyChoice, Random } from '../../../topology/index.ts';
import { choosePolicy, seededRandom, sortClockwise } from '../../../topology/index.ts';
import { randomIds } from '../flood/links.ts';
import {
  distancesFrom,
  floodDepths,
  gaps,
  hopsBetween,
  isInRing,
  mean,
  pick,
  randomPairs,
  wayBetween,
} from './measure.ts';
import { type SimTopology, TopologyNetwork } from './network.ts';
import { worldLatency } from './world.ts';

export interface TopologyExperiment {
  readonly nodes: number;
  readonly seed: number;
  readonly policy: PolicyChoice['policy'];
  /** Nodes about a drawn point of which `symphony` takes the nearest by round-trip time. */
  readonly samples: number;
  /** One way, ms. */
  readonly latencyMs: number;
  /** Nodes live in five cities, and links are as long as that is far: `latencyMs` is the courier's alone. */
  readonly isWorld: boolean;
  /** From the joining of a node to that of the next while the overlay grows. */
  readonly spacingMs: number;
  /** Members that the courier names to a node that joins. */
  readonly contacts: number;
  /** Of churn; 0: none. */
  readonly churnMinutes: number;
}

export const ordinaryTopology: TopologyExperiment = {
  nodes: 100,
  seed: 1,
  policy: 'symphony',
  samples: 3,
  latencyMs: 20,
  isWorld: false,
  spacingMs: 20,
  contacts: 20,
  churnMinutes: 10,
};

export interface CrashResult {
  readonly nodes: number;
  /** Until the last link along the ring with a dead node was given up. */
  readonly detectedMs: number;
  /** Until each node had a link with its successor. */
  readonly closedMs: number;
  /** The longest that a pair of nodes had no way to each other, of those that were watched. */
  readonly longestOutageMs: number;
}

export interface ChurnResult {
  readonly kind: 'leaving' | 'dying';
  readonly minutes: number;
  /** Between nodes that were in the ring for a second and live. */
  readonly messages: number;
  readonly delivered: number;
}

export interface TopologyResult {
  readonly nodes: number;
  /** Since the last node joined. */
  readonly growth: {
    readonly ringMs: number;
    readonly settledMs: number;
    readonly offersPerNode: number;
    /** Where all join at once (a spacing of 0): the share of pairs that have a way, by time. */
    readonly ways: readonly { readonly ms: number; readonly share: number }[];
  };
  /** Of single nodes that join: from their first link, the worst of them. */
  readonly join: {
    readonly firstLinkMs: number;
    readonly ringMs: number;
    readonly floodMs: number;
    readonly meshedMs: number;
  };
  readonly stretch: {
    readonly degree: number;
    readonly unicast: number;
    readonly shortest: number;
    readonly ratio: number;
    /** Of unicast, one way on average, and of a link between the same two. */
    readonly unicastMs: number;
    readonly directMs: number;
    readonly floodDepth: number;
    readonly unreached: number;
  };
  readonly crash: readonly CrashResult[];
  readonly leave: {
    readonly sent: number;
    readonly lost: number;
    readonly floodsMissed: number;
    readonly tookMs: number;
  };
  readonly partition: { readonly dividedMs: number; readonly ringMs: number };
  /** Once with nodes that leave, once with nodes that die. */
  readonly churn: readonly ChurnResult[];
  /** MB for each node, by the growth of the heap. */
  readonly memoryMb: number;
  /** Control messages that a node sends in a second when nothing happens, and how many of them are probes. */
  readonly idleMessages: number;
}

const limitMs = 30_000;
const stepMs = 10;
const watchedPairs = 200;
const convergingPairs = 1_000;
const joins = 10;
const dividedMs = 30_000;

/** Grows an overlay and does to it, one after the other, what overlays have to bear. `progress` hears the share done. */
export function runTopology(
  experiment: TopologyExperiment,
  progress: (share: number) => void = () => {},
): TopologyResult {
  const run = new Run(experiment);
  const before = heapUsed();
  const steps = 8;
  let done = 0;
  const step = <T>(work: () => T): T => {
    const result = work();
    done += 1;
    progress(done / steps);
    return result;
  };
  const growth = step(() => run.grow());
  const memoryMb = (heapUsed() - before) / 2 ** 20 / experiment.nodes;
  const idleMessages = step(() => run.idle());
  const stretch = step(() => run.stretch());
  const join = step(() => run.join());
  const crash = step(() => [run.crash(1), run.crash(2), run.crash(Math.round(experiment.nodes / 10))]);
  const leave = step(() => run.leave());
  const partition = step(() => run.partition());
  const churn = step(() => (experiment.churnMinutes > 0 ? [run.churn('leaving'), run.churn('dying')] : []));
  return { nodes: experiment.nodes, growth, join, stretch, crash, leave, partition, churn, memoryMb, idleMessages };
}

/** Of what is in use, without what waits to be collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

class Run {
  readonly #experiment: TopologyExperiment;
  readonly #random: Random;
  readonly #net: TopologyNetwork;
  readonly #ids: NodeId[];

  constructor(experiment: TopologyExperiment) {
    const { latencyMs, isWorld, contacts, seed, nodes } = experiment;
    this.#experiment = experiment;
    this.#random = seededRandom(seed);
    const { policy } = choosePolicy(experiment);
    const world = isWorld ? { linkMs: worldLatency(seededRandom(seed + 1)) } : {};
    this.#net = new TopologyNetwork({ policy, random: this.#random, latencyMs, contacts, ...world });
    this.#ids = randomIds(4 * nodes + 1_000, this.#random);
  }

  grow(): TopologyResult['growth'] {
    const { nodes, spacingMs } = this.#experiment;
    for (let i = 0; i < nodes; i++) {
      this.#net.join(this.#ids.pop()!);
      this.#net.run(spacingMs);
    }
    const start = this.#net.clock.now();
    const ways = spacingMs === 0 ? this.#converge() : [];
    const ringMs = ways.at(-1)?.ms ?? this.#until(() => gaps(this.#net) === 0);
    this.#until(() => this.#isSettled());
    const settledMs = this.#net.clock.now() - start;
    const offersPerNode = this.#net.sent.offers / nodes;
    // Where everybody is, is known after a while, and shortcuts follow.
    this.#net.run(this.#experiment.isWorld ? 180_000 : 20_000);
    return { ringMs, settledMs, offersPerNode, ways };
  }

  /** P2P-XBone's figure 5: the share of ways that are there while nodes that came at once find together. Until the ring is closed. */
  #converge(): TopologyResult['growth']['ways'] {
    const net = this.#net;
    const pairs = randomPairs(net.alive, convergingPairs, this.#random);
    const start = net.clock.now();
    const ways: { ms: number; share: number }[] = [];
    this.#until(() => {
      const found = pairs.filter(([from, to]) => hopsBetween(net, from, to) !== undefined).length;
      ways.push({ ms: net.clock.now() - start, share: found / pairs.length });
      return gaps(net) === 0;
    }, 2 * stepMs);
    return ways;
  }

  idle(): number {
    const { sent, alive } = this.#net;
    const before = sent.messages;
    this.#net.run(5_000);
    return (sent.messages - before) / 5 / alive.length;
  }

  stretch(): TopologyResult['stretch'] {
    const net = this.#net;
    const sources = Array.from({ length: Math.min(40, net.alive.length) }, () => pick(net.alive, this.#random).id);
    const [unicast, shortest, depths]: [number[], number[], number[]] = [[], [], []];
    const [ways, links]: [number[], number[]] = [[], []];
    let unreached = 0;
    for (const source of sources) {
      const distances = distancesFrom(net, source);
      for (const [from, to] of randomPairs(net.alive, 50, this.#random).map(([, to]) => [source, to] as const)) {
        if (from === to) continue;
        const way = wayBetween(net, from, to);
        if (way === undefined) {
          unreached += 1;
          continue;
        }
        unicast.push(way.length - 1);
        shortest.push(distances.get(to)!);
        ways.push(way.slice(1).reduce((sum, id, i) => sum + net.latency(way[i]!, id), 0));
        links.push(net.latency(from, to));
      }
      depths.push(...[...floodDepths(net, source).values()].filter((depth) => depth > 0));
    }
    const degree = mean(net.alive.map(({ ends }) => ends.size));
    const ratio = mean(unicast) / mean(shortest);
    return {
      ...{ degree, unicast: mean(unicast), shortest: mean(shortest), ratio, floodDepth: mean(depths), unreached },
      ...{ unicastMs: mean(ways), directMs: mean(links) },
    };
  }

  join(): TopologyResult['join'] {
    const net = this.#net;
    const worst = { firstLinkMs: 0, ringMs: 0, floodMs: 0, meshedMs: 0 };
    for (let i = 0; i < joins; i++) {
      const node = net.join(this.#ids.pop()!);
      const root = pick(net.alive, this.#random).id;
      this.#until(() => node.firstLinkAt !== undefined);
      const first = node.firstLinkAt!;
      const times: Partial<Record<'ringMs' | 'floodMs' | 'meshedMs', number>> = {};
      this.#until(() => {
        const now = net.clock.now() - first;
        if (isInRing(net, node.id)) times.ringMs ??= now;
        if (times.floodMs === undefined && floodDepths(net, root).has(node.id)) times.floodMs = now;
        if (times.ringMs !== undefined && node.topology.isSettled) times.meshedMs ??= now;
        return times.meshedMs !== undefined && times.floodMs !== undefined;
      });
      worst.firstLinkMs = Math.max(worst.firstLinkMs, first - node.joinedAt);
      for (const key of ['ringMs', 'floodMs', 'meshedMs'] as const) {
        worst[key] = Math.max(worst[key], times[key] ?? limitMs);
      }
      net.run(1_000);
    }
    return worst;
  }

  /** One node, two that are next to each other, or many anywhere, all at once. */
  crash(count: number): CrashResult {
    const net = this.#net;
    const ring = sortClockwise(0n, net.nodes.keys());
    const first = Math.floor(this.#random() * ring.length);
    const shuffled = [...ring].sort(() => this.#random() - 0.5);
    const victims =
      count <= 2 ? [ring[first]!, ring[(first + 1) % ring.length]!].slice(0, count) : shuffled.slice(0, count);
    const gone = new Set(victims);
    const watched = victims.flatMap((id) =>
      net
        .ringPeersOf(id)
        .filter((peer) => !gone.has(peer))
        .map((peer) => [peer, id] as const),
    );
    const survivors = net.alive.filter(({ id }) => !gone.has(id));
    const pairs = randomPairs(survivors, watchedPairs, this.#random);
    for (const id of victims) net.crash(net.nodes.get(id)!);
    const start = net.clock.now();
    let [detectedMs, closedMs, longestOutageMs] = [limitMs, limitMs, 0];
    const since = new Map<number, number>();
    this.#until(() => {
      const now = net.clock.now() - start;
      if (detectedMs === limitMs && watched.every(([peer, id]) => !net.isLinked(peer, id))) detectedMs = now;
      if (closedMs === limitMs && gaps(net) === 0) closedMs = now;
      for (const [i, [from, to]] of pairs.entries()) {
        if (hopsBetween(net, from, to) !== undefined) since.delete(i);
        else {
          since.set(i, since.get(i) ?? now);
          longestOutageMs = Math.max(longestOutageMs, now - since.get(i)!);
        }
      }
      return now > 5_000 && closedMs < limitMs && since.size === 0;
    }, 5 * stepMs);
    return { nodes: count, detectedMs, closedMs, longestOutageMs };
  }

  /** A node leaves as one that was told to end; frames go between others all the time. */
  leave(): TopologyResult['leave'] {
    const net = this.#net;
    const node = pick(net.alive, this.#random);
    const others = net.alive.filter((other) => other !== node);
    // Pairs whose frames go through it, if there are such.
    const through = randomPairs(others, 4_000, this.#random).filter(([from, to]) => this.#passes(from, to, node.id));
    const pairs = [...through.slice(0, watchedPairs), ...randomPairs(others, watchedPairs / 4, this.#random)];
    const root = pick(others, this.#random).id;
    const start = net.clock.now();
    net.leave(node);
    const result = { sent: 0, lost: 0, floodsMissed: 0, tookMs: 0 };
    this.#until(() => {
      const now = net.clock.now() - start;
      result.sent += pairs.length;
      result.lost += pairs.filter(([from, to]) => hopsBetween(net, from, to) === undefined).length;
      const reached = floodDepths(net, root);
      result.floodsMissed += others.filter(({ id }) => !reached.has(id)).length;
      if (result.tookMs === 0 && !net.nodes.has(node.id)) result.tookMs = now;
      return now >= 4_000;
    });
    return result;
  }

  partition(): TopologyResult['partition'] {
    const net = this.#net;
    const half = new Set(net.alive.filter((_, i) => i % 2 === 0));
    net.divide((node) => (half.has(node) ? 1 : 0));
    net.run(dividedMs);
    net.divide(() => 0);
    return { dividedMs, ringMs: this.#until(() => gaps(net) === 0) };
  }

  /** CLOAK's section V: 30 nodes a minute join, lives have a median of 300 s, and each sends a message every 10 s. */
  churn(kind: ChurnResult['kind']): ChurnResult {
    const net = this.#net;
    const { churnMinutes: minutes } = this.#experiment;
    const end = net.clock.now() + minutes * 60_000;
    const later = (ms: number) => net.clock.now() - Math.log(1 - this.#random()) * ms;
    const deaths = new Map(net.alive.map((node) => [node, later(meanLifeMs)]));
    const sends = new Map(net.alive.map((node) => [node, net.clock.now() + this.#random() * messageEveryMs]));
    let [nextJoin, messages, delivered] = [later(joinEveryMs), 0, 0];
    for (let now = net.clock.now(); now < end; now = net.clock.now()) {
      net.run(50);
      if (now >= nextJoin) {
        const node = net.join(this.#ids.pop()!);
        nextJoin = later(joinEveryMs);
        deaths.set(node, later(meanLifeMs));
        sends.set(node, now + messageEveryMs);
      }
      for (const [node, at] of deaths) {
        if (now < at) continue;
        deaths.delete(node);
        sends.delete(node);
        if (kind === 'dying') net.crash(node);
        else net.leave(node);
      }
      const settled = [...sends.keys()].filter(
        ({ firstLinkAt }) => firstLinkAt !== undefined && now - firstLinkAt > 1_000,
      );
      for (const [node, at] of sends) {
        if (now < at || settled.length < 2) continue;
        sends.set(node, at + messageEveryMs);
        const target = pick(settled, this.#random);
        if (target === node) continue;
        messages += 1;
        if (hopsBetween(net, node.id, target.id) !== undefined) delivered += 1;
      }
    }
    net.run(3_000);
    return { kind, minutes, messages, delivered };
  }

  #passes(from: NodeId, to: NodeId, through: NodeId): boolean {
    for (let at = from, hops = 0; at !== to && hops < 64; hops++) {
      const hop = this.#net.nodes.get(at)!.topology.routes.next(to)[0];
      if (hop === undefined) return false;
      if (hop === through) return true;
      at = hop;
    }
    return false;
  }

  #isSettled(): boolean {
    return this.#net.alive.every(({ topology }: SimTopology) => topology.isSettled);
  }

  /** Virtual ms until it holds, or the limit. */
  #until(holds: () => boolean, step = stepMs): number {
    const start = this.#net.clock.now();
    while (!holds() && this.#net.clock.now() - start < limitMs) this.#net.run(step);
    return this.#net.clock.now() - start;
  }
}

const joinEveryMs = 2_000;
/** Exponential: the median is ln 2 of it. */
const meanLifeMs = 300_000 / Math.LN2;
const messageEveryMs = 10_000;
