import type { Logger } from 'pino';
import type { FloodEngine } from '../../switch/flood/index.ts';
import type { NodeId } from '../../topology/index.ts';
import type { SwitchPort } from '../control/index.ts';
import type { OverlayController, OverlayMembers, OverlayOptions } from '../controller/index.ts';
import type { Clock, Random } from '../lib/clock.ts';

/** What a node gives its switch. */
export interface SwitchCore {
  readonly self: NodeId;
  /** Of the node. */
  readonly name: string;
  /** What its controller is told, whichever switch it is. */
  readonly overlay: Omit<OverlayOptions, 'ports' | 'isSelfReliant' | 'send'>;
  readonly flood: FloodEngine;
  /** Messages of link records for a neighbour; returns how many its link took. */
  readonly sendFrames: (peer: NodeId, messages: readonly Uint8Array[]) => number;
  /** Whether so many frames wait for the link that more may be dropped soon; `linkDrained` tells when it is over. */
  readonly isCongested: (peer: NodeId) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The switch of a node, whichever it is: one in this process, or an Open vSwitch. */
export interface NodeSwitch {
  readonly controller: OverlayController;
  /** Those of links, and what else it can tell of. */
  readonly ports: readonly SwitchPort[];
  readonly flowCount: number;
  /** Rules in the notation of `ovs-ofctl dump-flows`. */
  readonly flows: readonly string[];
  /** What was dropped, by name. */
  readonly drops: Readonly<Record<string, number>>;
  /** Bytes that hosts here sent to hosts at other switches so far; a number may fall when rules go. */
  readonly bytesTo: ReadonlyMap<bigint, number>;
  /** Rejects when it cannot be used; `stop` is to be called then, too. */
  start?(): Promise<void>;
  /** Undoes all that `start` did. */
  stop?(): Promise<void>;
  linkUp(peer: NodeId): void;
  linkDown(peer: NodeId): void;
  /** Whether answers of a neighbour are overdue, for switches that can pass a link by in a hurry. */
  linkLate?(peer: NodeId, isLate: boolean): void;
  linkDrained?(peer: NodeId): void;
  /** Number of the port of the link to a neighbour. */
  portOf(peer: NodeId): number | undefined;
  /** Messages of link records from a neighbour. Views that are valid only during the call. */
  receive(peer: NodeId, messages: readonly Uint8Array[]): void;
  /** With whom links are up, each with its own neighbours, and who is in the overlay. */
  adjacency(neighbours: ReadonlyMap<NodeId, readonly NodeId[]>, overlay: OverlayMembers): void;
  tick(): void;
}
