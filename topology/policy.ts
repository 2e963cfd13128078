import type { NodeId } from './ring.ts';

/** Why a node wants a link. */
export type EdgeKind = 'successor' | 'long';

export interface WantedEdge {
  readonly peer: NodeId;
  readonly kind: EdgeKind;
}

export interface PolicyView {
  readonly self: NodeId;
  /** Members that may be linked to; without `self`. */
  readonly members: readonly NodeId[];
  /** Links that exist or are being set up: what this node wants of each, or undefined where only the peer wants it. */
  readonly links: ReadonlyMap<NodeId, EdgeKind | undefined>;
  readonly seed: number;
}

/** Which links a node wants: a pure function, so that any view can be tried out without a network. */
export type Policy = (view: PolicyView) => WantedEdge[];
