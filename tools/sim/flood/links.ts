import {
  clockwise,
  type NodeId,
  type Policy,
  type PolicyView,
  type Random,
  sortClockwise,
  symphony,
} from '../../../topology/index.ts';

/** Who is linked to whom: both ways. */
export type Links = Map<NodeId, Set<NodeId>>;

/** Ids anywhere on the ring. */
export function randomIds(count: number, random: Random): NodeId[] {
  const ids = new Set<NodeId>();
  while (ids.size < count)
    ids.add((word(random) << 96n) | (word(random) << 64n) | (word(random) << 32n) | word(random));
  return [...ids];
}

function word(random: Random): bigint {
  return BigInt(Math.floor(random() * 2 ** 32));
}

/** Two successors and `floor(log2 n)` long links each, as the topology policy draws them. */
export function symphonyLinks(ids: readonly NodeId[], random: Random): Links {
  const policy = symphony({ successors: 2, longLinks: Math.floor(Math.log2(Math.max(2, ids.length))) });
  return linksOf(ids, policy, random);
}

/** As Symphony, with the lengths that the published implementation draws: the decimal logarithm for the natural one. */
export function decimalLinks(ids: readonly NodeId[], random: Random): Links {
  const sorted = sortClockwise(0n, ids);
  const n = sorted.length;
  const links: Links = new Map(ids.map((id) => [id, new Set()]));
  for (const [i, id] of sorted.entries()) {
    for (const steps of [1, 2]) join(links, id, sorted[(i + steps) % n]!);
    for (let l = 0; l < Math.floor(Math.log2(n)); l++) {
      join(links, id, sorted[(i + Math.floor(n * Math.exp(Math.log10(n) * (random() - 1)))) % n]!);
    }
  }
  return links;
}

function linksOf(ids: readonly NodeId[], policy: Policy, random: Random): Links {
  const links: Links = new Map(ids.map((id) => [id, new Set()]));
  // Sorted once: sorting them again for each node costs little then.
  const sorted = sortClockwise(0n, ids);
  for (const self of ids) {
    for (const { peer } of policy(viewOf(self, sorted, random))) join(links, self, peer);
  }
  return links;
}

/** What a node knows that has no links yet, and all others in its view. */
function viewOf(self: NodeId, ids: readonly NodeId[], random: Random): PolicyView {
  const members = sortClockwise(self, ids).filter((id) => id !== self);
  const seed = Math.floor(random() * 2 ** 32);
  return {
    self,
    members,
    nodes: members.length + 1,
    links: new Map(),
    rttMs: () => undefined,
    toldRttMs: () => undefined,
    seed,
    now: 0,
  };
}

/** The links of one node that joins later. */
export function joinRing(links: Links, self: NodeId, random: Random): void {
  const members = [...links.keys()];
  links.set(self, new Set());
  const policy = symphony({ successors: 2, longLinks: Math.floor(Math.log2(members.length + 1)) });
  for (const { peer } of policy(viewOf(self, members, random))) join(links, self, peer);
  for (const peer of nearestBefore(members, self, 2)) join(links, self, peer);
}

/** Closes the ring where a node is gone. */
export function leaveRing(links: Links, gone: NodeId): void {
  for (const peer of links.get(gone) ?? []) links.get(peer)?.delete(gone);
  links.delete(gone);
  const members = [...links.keys()];
  const before = nearestBefore(members, gone, 2);
  const after = sortClockwise(gone, members);
  for (const [i, id] of before.entries())
    for (let s = 0; s < 2 - i; s++) if (after[s] !== undefined) join(links, id, after[s]!);
}

export function join(links: Links, a: NodeId, b: NodeId): void {
  if (a === b) return;
  links.get(a)!.add(b);
  links.get(b)!.add(a);
}

export function cut(links: Links, a: NodeId, b: NodeId): void {
  links.get(a)!.delete(b);
  links.get(b)!.delete(a);
}

/** Nearest first. */
function nearestBefore(members: readonly NodeId[], id: NodeId, count: number): NodeId[] {
  return members
    .map((member) => ({ member, steps: clockwise(member, id) }))
    .sort((a, b) => (a.steps < b.steps ? -1 : 1))
    .slice(0, count)
    .map(({ member }) => member);
}
