import type { Policy } from '../policy.ts';
import { advance, clockwise, type NodeId } from '../ring.ts';
import { edges, successorsOf } from './successors.ts';

const idBits = 128;

/** Chord (Stoica et al. 2001), as P2P-XBone has it: successors, and the first node at or after each power of two. */
export function chord({ successors = 2 }: { readonly successors?: number | undefined } = {}): Policy {
  return (view) => {
    const next = successorsOf(view, successors);
    const fingers = new Set<NodeId>();
    let index = 0;
    for (let bit = 0; bit < idBits; bit++) {
      const start = clockwise(view.self, advance(view.self, 1n << BigInt(bit)));
      while (index < view.members.length && clockwise(view.self, view.members[index]!) < start) index += 1;
      const finger = view.members[index];
      if (finger !== undefined && !next.includes(finger)) fingers.add(finger);
    }
    return [...edges('successor', next), ...edges('finger', fingers)];
  };
}
