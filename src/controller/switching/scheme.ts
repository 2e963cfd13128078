import type { Message } from '../../../ofp/index.ts';
import type { PacketIn } from '../runtime/app.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { LearnedHost, SwitchHosts } from './hosts.ts';

/** Which rules make a switch forward to the hosts that were learned: one way for each kind of switch. */
export interface Scheme {
  /** The hosts that the rules of a switch tell of. */
  read(held: readonly Rule[]): Iterable<{ readonly mac: number; readonly port: number }>;
  /** Those that follow from what hosts it has. */
  rulesOf(sw: ManagedSwitch, hosts: SwitchHosts): Iterable<Rule>;
  /** The switch is there: what it holds whoever its hosts are. */
  begin(sw: ManagedSwitch, hosts: SwitchHosts, held: readonly Rule[]): void;
  /** Other ports forward. */
  forwardingChanged(sw: ManagedSwitch): void;
  /** `before`: its port until now. */
  learned(sw: ManagedSwitch, hosts: SwitchHosts, host: LearnedHost, before: number | undefined): void;
  forgotten(sw: ManagedSwitch, hosts: SwitchHosts, host: LearnedHost): void;
  /** A frame of a host that is known. */
  frame(sw: ManagedSwitch, hosts: SwitchHosts, source: LearnedHost, message: PacketIn, now: number): void;
  /** A rule of the switch ended; the host that went silent with it, if that is what it says. */
  silent(sw: ManagedSwitch, hosts: SwitchHosts, rule: Message<'flowRemoved'>, now: number): LearnedHost | undefined;
  /** Hosts that have been silent for too long, where no rule tells. */
  aged(sw: ManagedSwitch, hosts: SwitchHosts, now: number): Iterable<LearnedHost>;
  /** Drops frames for `seconds`, of a host or of all hosts at a port that are not known. */
  ban(sw: ManagedSwitch, what: { readonly mac: number } | { readonly port: number }, seconds: number): void;
  switchForgotten(sw: ManagedSwitch): void;
}

/** Priorities, the same in all schemes. */
export const priorities = { bannedHost: 200, host: 100, bannedPort: 50, port: 10, miss: 0 } as const;

/** Seconds until a silent MAC is forgotten (IEEE 802.1Q 8.8.3: ageing time). */
export const ageSeconds = 300;
