import type { TopologyResult } from './experiment.ts';
import { floodDepths, gaps, hopsBetween, isInRing, pick, randomPairs } from './measure.ts';
import { limitMs, type Stage, stepMs } from './stage.ts';

const convergingPairs = 1_000;
const joins = 10;

export function grow(stage: Stage): TopologyResult['growth'] {
  const { net } = stage;
  const { nodes, spacingMs, isWorld } = stage.experiment;
  for (let i = 0; i < nodes; i++) {
    net.join(stage.nextId());
    net.run(spacingMs);
  }
  const start = net.clock.now();
  const ways = spacingMs === 0 ? converge(stage) : [];
  const ringMs = ways.at(-1)?.ms ?? stage.until(() => gaps(net) === 0);
  stage.until(() => net.alive.every(({ topology }) => topology.isSettled));
  const settledMs = net.clock.now() - start;
  const offersPerNode = net.sent.offers / nodes;
  // Where everybody is, is known after a while, and shortcuts follow.
  net.run(isWorld ? 180_000 : 20_000);
  return { ringMs, settledMs, offersPerNode, ways };
}

/** P2P-XBone's figure 5: the share of ways that are there while nodes that came at once find together. Until the ring is closed. */
function converge(stage: Stage): TopologyResult['growth']['ways'] {
  const { net, random } = stage;
  const pairs = randomPairs(net.alive, convergingPairs, random);
  const start = net.clock.now();
  const ways: { ms: number; share: number }[] = [];
  stage.until(() => {
    const found = pairs.filter(([from, to]) => hopsBetween(net, from, to) !== undefined).length;
    ways.push({ ms: net.clock.now() - start, share: found / pairs.length });
    return gaps(net) === 0;
  }, 2 * stepMs);
  return ways;
}

/** Control messages that a node sends in a second when nothing happens. */
export function idle(stage: Stage): number {
  const { net } = stage;
  const { sent, alive } = net;
  const before = sent.messages;
  net.run(5_000);
  return (sent.messages - before) / 5 / alive.length;
}

export function joinOneByOne(stage: Stage): TopologyResult['join'] {
  const { net, random } = stage;
  const worst = { firstLinkMs: 0, ringMs: 0, floodMs: 0, meshedMs: 0 };
  for (let i = 0; i < joins; i++) {
    const node = net.join(stage.nextId());
    const root = pick(net.alive, random).id;
    stage.until(() => node.firstLinkAt !== undefined);
    const first = node.firstLinkAt!;
    const times: Partial<Record<'ringMs' | 'floodMs' | 'meshedMs', number>> = {};
    stage.until(() => {
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
