import { distance, type NodeId } from './ring.ts';

/**
 * The peer that a frame for `target` goes to: the target itself if it is a peer, else the peer nearest to it on the
 * ring, if that is strictly nearer than `self`. Distances fall with every hop, so that no view, however stale,
 * makes a loop. Undefined when no peer is nearer.
 */
export function nextHop(self: NodeId, peers: Iterable<NodeId>, target: NodeId): NodeId | undefined {
  let best: NodeId | undefined;
  let bestDistance = distance(self, target);
  for (const peer of peers) {
    const d = distance(peer, target);
    if (d < bestDistance || (d === bestDistance && best !== undefined && peer < best)) {
      best = peer;
      bestDistance = d;
    }
  }
  return best;
}
