import { type NodeId, sortClockwise } from '../../../topology/index.ts';

/**
 * The links of a static ring, both ways: each node with its successor, and with `shortcuts` nodes that `pick` chooses by
 * their index.
 */
export function linkRing(
  ids: readonly NodeId[],
  shortcuts: number,
  pick: (n: number) => number,
): Map<NodeId, Set<NodeId>> {
  const sorted = sortClockwise(0n, ids);
  const peers = new Map(sorted.map((id) => [id, new Set<NodeId>()]));
  const link = (a: NodeId, b: NodeId) => {
    if (a === b) return;
    peers.get(a)!.add(b);
    peers.get(b)!.add(a);
  };
  for (const [i, id] of sorted.entries()) {
    link(id, sorted[(i + 1) % sorted.length]!);
    for (let s = 0; s < shortcuts; s++) link(id, sorted[pick(sorted.length)]!);
  }
  return peers;
}
