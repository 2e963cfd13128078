import type { Place } from './place.ts';
import type { NodeId } from './ring.ts';

/** In the order of their numbers on the wire, and of their weight: of two records with one sequence the later wins. */
export const memberStates = ['alive', 'dead', 'left'] as const;
export type MemberState = (typeof memberStates)[number];

/**
 * What is known of a member. It speaks for itself (`alive`, `left`), which `proof` shows; others may only say that it
 * is `dead`, and a member that hears that of itself answers with a higher sequence (as SWIM has it: Das, Gupta, Motivala 2002).
 */
export interface MemberRecord {
  readonly id: NodeId;
  /** Raised by the member whenever it has something new to say of itself; below 2^53. */
  readonly sequence: number;
  readonly state: MemberState;
  /** Where it is, as it found; `nowhere` while it does not know, and for the dead. */
  readonly place: Place;
  /** The member's signature and what it needs to be checked; empty for `dead`. */
  readonly proof: Uint8Array;
}

/** Whether `a` is the later word about a member. */
export function isNewer(a: MemberRecord, b: MemberRecord): boolean {
  if (a.sequence !== b.sequence) return a.sequence > b.sequence;
  return memberStates.indexOf(a.state) > memberStates.indexOf(b.state);
}
