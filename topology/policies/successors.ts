import type { PolicyView, WantedEdge } from '../policy.ts';
import type { NodeId } from '../ring.ts';

/** The next nodes clockwise, of which a ring is made. */
export function successorsOf(view: PolicyView, count: number): NodeId[] {
  return view.members.slice(0, Math.max(1, Math.min(count, shareOf(view.nodes))));
}

/**
 * A second successor, or more than one long link, in a ring of a few nodes make it a mesh, where no frame is ever relayed.
 * So links along the ring, in and out, go to half of the other nodes at most, and so do long links.
 */
export function shareOf(nodes: number): number {
  return Math.floor((nodes - 1) / 4);
}

export function edges(kind: WantedEdge['kind'], peers: Iterable<NodeId>): WantedEdge[] {
  return Array.from(peers, (peer) => ({ peer, kind }));
}
