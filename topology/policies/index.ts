import type { Policy } from '../policy.ts';
import type { NodeId } from '../ring.ts';
import { chord } from './chord.ts';
import { allToAll, listed } from './listed.ts';
import { symphony } from './symphony.ts';

export const policyNames = ['symphony', 'chord', 'all-to-all', 'social', 'static'] as const;
export type PolicyName = (typeof policyNames)[number];

export interface PolicyChoice {
  readonly policy: PolicyName;
  readonly successors?: number | undefined;
  readonly longLinks?: number | undefined;
  readonly samples?: number | undefined;
  /** Whom `social` and `static` link to. */
  readonly peers?: readonly NodeId[] | undefined;
}

export interface ChosenPolicy {
  readonly policy: Policy;
  /** Whether a link that this peer wants is accepted. */
  readonly admits: (peer: NodeId) => boolean;
  /** Who is next to each other on the ring is linked, so that a neighbour nearer to anybody can be found. */
  readonly makesRing: boolean;
}

const everybody = () => true;

const makers: { readonly [Name in PolicyName]: (choice: PolicyChoice, peers: ReadonlySet<NodeId>) => ChosenPolicy } = {
  symphony: (choice) => ({ policy: symphony(choice), admits: everybody, makesRing: true }),
  chord: (choice) => ({ policy: chord(choice), admits: everybody, makesRing: true }),
  'all-to-all': () => ({ policy: allToAll(), admits: everybody, makesRing: true }),
  social: (_, peers) => ({ policy: listed('friend', peers), admits: (peer) => peers.has(peer), makesRing: false }),
  static: (_, peers) => ({ policy: listed('static', peers), admits: everybody, makesRing: false }),
};

export function choosePolicy(choice: PolicyChoice): ChosenPolicy {
  return makers[choice.policy](choice, new Set(choice.peers));
}
