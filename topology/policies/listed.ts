import type { Policy } from '../policy.ts';
import type { NodeId } from '../ring.ts';
import { edges } from './successors.ts';

/** A link with every member. */
export function allToAll(): Policy {
  return (view) => edges('mesh', view.members);
}

/** Links with those of `peers` that are members. For `friend`, nobody else is linked with: TinCan's social overlay. */
export function listed(kind: 'friend' | 'static', peers: ReadonlySet<NodeId>): Policy {
  return (view) =>
    edges(
      kind,
      view.members.filter((id) => peers.has(id)),
    );
}
