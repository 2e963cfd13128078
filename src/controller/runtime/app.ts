import type { Message } from '../../../ofp/index.ts';
import type { Meter } from './requests.ts';
import type { Rule } from './rule.ts';
import type { ManagedSwitch } from './switch.ts';

export type PacketIn = Message<'packetIn'>;

/** Where an app's rules go in a switch that has a table for each stage. */
export interface Stage {
  /** First of its tables. */
  readonly table: number;
  /** The table after its last one: where frames go on. */
  readonly next: number;
}

/**
 * A part of the controller with rules of its own. It is told what happens to switches and changes their `rules`; it does no I/O and
 * keeps no time. Times are in ms.
 */
export interface App {
  readonly name: string;
  /** Stands in the cookies of its rules. Unique. */
  readonly owner: number;
  /** How many tables it takes. */
  readonly tables: number;
  /** It cannot do without a table for each stage (OpenFlow 1.3). */
  readonly needsStages: boolean;
  /** That its rules need. */
  readonly meters?: readonly Meter[];
  /** Told once, before anything else. */
  place(stage: Stage): void;
  /** A switch connected. `held`: rules of this app that it holds. What is put into `sw.rules` now is compared with them. */
  connected?(sw: ManagedSwitch, held: readonly Rule[], now: number): void;
  /** Rules that follow from what it knows, and are not in `sw.rules`. */
  rulesBesides?(sw: ManagedSwitch): Iterable<Rule>;
  disconnected?(sw: ManagedSwitch): void;
  /** A port came, went or changed; `sw.ports` says so already. */
  portChanged?(sw: ManagedSwitch, no: number, now: number): void;
  /** `sw.forwarding` is another one. */
  forwardingChanged?(sw: ManagedSwitch, now: number): void;
  /** Links came or went, or which ports forward: the ways between switches are others. */
  networkChanged?(now: number): void;
  /** True: it was for this app, and for no other. */
  packetIn?(sw: ManagedSwitch, message: PacketIn, inPort: number, now: number): boolean;
  /** A rule of this app ended by itself; it is still in `sw.rules`. */
  ruleGone?(sw: ManagedSwitch, rule: Message<'flowRemoved'>, now: number): void;
  /** The switch has been away for too long. */
  forgotten?(sw: ManagedSwitch, now: number): void;
  tick?(now: number): void;
}
