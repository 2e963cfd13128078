import { type NodeId, sortClockwise } from '../../../topology/index.ts';
import type { CrashResult, TopologyResult } from './experiment.ts';
import { floodDepths, gaps, hopsBetween, pick, randomPairs } from './measure.ts';
import type { TopologyNetwork } from './network.ts';
import { limitMs, type Stage, stepMs } from './stage.ts';

const watchedPairs = 200;
const dividedMs = 30_000;

/** One node, two that are next to each other, or many anywhere, all at once. */
export function crashAtOnce(stage: Stage, count: number): CrashResult {
  const { net, random } = stage;
  const ring = sortClockwise(0n, net.nodes.keys());
  const first = Math.floor(random() * ring.length);
  const shuffled = [...ring].sort(() => random() - 0.5);
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
  const pairs = randomPairs(survivors, watchedPairs, random);
  for (const id of victims) net.crash(net.nodes.get(id)!);
  const start = net.clock.now();
  let [detectedMs, closedMs, longestOutageMs] = [limitMs, limitMs, 0];
  const since = new Map<number, number>();
  stage.until(() => {
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
export function leaveOne(stage: Stage): TopologyResult['leave'] {
  const { net, random } = stage;
  const node = pick(net.alive, random);
  const others = net.alive.filter((other) => other !== node);
  // Pairs whose frames go through it, if there are such.
  const through = randomPairs(others, 4_000, random).filter(([from, to]) => passes(net, from, to, node.id));
  const pairs = [...through.slice(0, watchedPairs), ...randomPairs(others, watchedPairs / 4, random)];
  const root = pick(others, random).id;
  const start = net.clock.now();
  net.leave(node);
  const result = { sent: 0, lost: 0, floodsMissed: 0, tookMs: 0 };
  stage.until(() => {
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

export function divide(stage: Stage): TopologyResult['partition'] {
  const { net } = stage;
  const half = new Set(net.alive.filter((_, i) => i % 2 === 0));
  net.divide((node) => (half.has(node) ? 1 : 0));
  net.run(dividedMs);
  net.divide(() => 0);
  return { dividedMs, ringMs: stage.until(() => gaps(net) === 0) };
}

function passes(net: TopologyNetwork, from: NodeId, to: NodeId, through: NodeId): boolean {
  for (let at = from, hops = 0; at !== to && hops < 64; hops++) {
    const hop = net.nodes.get(at)!.topology.routes.next(to)[0];
    if (hop === undefined) return false;
    if (hop === through) return true;
    at = hop;
  }
  return false;
}
