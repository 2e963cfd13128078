import type { Packet } from '../../../switch/packet/index.ts';
import type { SwitchView } from '../pipeline.ts';
import type { Way } from '../routes.ts';
import type { RuleBook, SwitchChange } from '../rules.ts';
import type { HostLocation } from './hosts.ts';

/** A frame that the switch showed to its controller. */
export interface ShownFrame {
  /** Of the rule that showed it: see `Cookie`. */
  readonly cookie: bigint;
  readonly inPort: number;
  /** Where its sender is; undefined when that cannot be told. */
  readonly from: HostLocation | undefined;
  /** Its bytes and what is in them; valid until the call returns. */
  readonly packet: Packet;
}

/** Something that a person should know of; `kind` is the event, the rest are its fields. */
export interface Notice {
  readonly kind: 'mac claimed by two places';
  readonly mac: string;
  /** As `placeKey` writes them. */
  readonly places: readonly string[];
}

/** What an app acts upon. */
export interface AppReach {
  readonly rules: RuleBook;
  /** Messages that are no rules: packets and meters. */
  readonly send: (changes: readonly SwitchChange[]) => void;
  readonly notice: (notice: Notice) => void;
}

/** An app: a function of events, with state, that keeps its own rules in the switch. */
export interface App {
  /** Everything that it counts, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Ports or members are others than before. It comes often: rules that nothing changed for are not to be looked at. */
  viewed?(view: SwitchView): void;
  /** Ways are others than before, in the order of the apps. */
  routed?(ways: readonly Way[]): void;
  /** A new connection: the switch holds nothing but the rules of the book. */
  connected?(): void;
  tick?(now: number): void;
}
