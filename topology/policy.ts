import type { NodeId } from './ring.ts';

/** Why a node wants a link. */
export const edgeKinds = ['successor', 'long', 'finger', 'mesh', 'friend', 'static', 'demand'] as const;
export type EdgeKind = (typeof edgeKinds)[number];

export interface WantedEdge {
  readonly peer: NodeId;
  readonly kind: EdgeKind;
}

/** A link that exists or is being set up. */
export interface HeldEdge {
  /** What this node wants of it; undefined where only the peer wants it. */
  readonly kind: EdgeKind | undefined;
  /** How many nodes there seemed to be when this node chose it. */
  readonly nodes: number;
  /** When it came up, or its set-up began, ms. */
  readonly since: number;
}

export interface PolicyView {
  readonly self: NodeId;
  /** Members that may be linked to, in clockwise order from `self`, which is not among them. */
  readonly members: readonly NodeId[];
  /** How many nodes there seem to be, this one included. */
  readonly nodes: number;
  readonly links: ReadonlyMap<NodeId, HeldEdge>;
  /** Smoothed round-trip time to a member, where it was measured or can be told from where it is. */
  readonly rttMs: (id: NodeId) => number | undefined;
  /** As it can be told from where the member is, measured or not: to compare with another that is told likewise. */
  readonly toldRttMs: (id: NodeId) => number | undefined;
  readonly seed: number;
  /** ms */
  readonly now: number;
}

/** Which links a node wants, the most urgent first: a pure function, so that any view can be tried out without a network. */
export type Policy = (view: PolicyView) => WantedEdge[];
