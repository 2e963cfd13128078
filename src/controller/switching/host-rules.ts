import type { Links } from '../links/links.ts';
import type { Stage } from '../runtime/app.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Banned } from './bans.ts';
import type { Host, Hosts } from './hosts.ts';
import { type PairCounters, PairedRules } from './paired.ts';
import type { Spreading } from './spreading.ts';
import { StagedRules, stagedTables } from './staged.ts';

/**
 * The rules for hosts, in either of two ways: a switch with a table for each stage is told of every host; one with a single table of
 * the pairs that talk, when they do.
 */
export class HostRules {
  readonly paired: PairedRules;
  readonly #owner: number;
  readonly #links: () => Links;
  readonly #hosts: Hosts;
  readonly #spreading: Spreading;
  #staged: StagedRules;

  constructor(owner: number, links: () => Links, hosts: Hosts, spreading: Spreading, counters: PairCounters) {
    this.#owner = owner;
    this.#links = links;
    this.#hosts = hosts;
    this.#spreading = spreading;
    this.paired = new PairedRules(owner, links, spreading, counters);
    this.#staged = new StagedRules(owner, { table: 0, next: stagedTables }, links, spreading);
  }

  get staged(): StagedRules {
    return this.#staged;
  }

  place(stage: Stage): void {
    this.#staged = new StagedRules(this.#owner, stage, this.#links, this.#spreading);
  }

  /** All that a switch is to hold. */
  *of(sw: ManagedSwitch): Iterable<Rule> {
    if (!sw.isStaged) yield* this.paired.rulesOf(sw);
    else for (const host of this.#hosts.networkOf(sw).hosts.values()) yield* this.#staged.ofHost(sw, host);
  }

  send(sw: ManagedSwitch, host: Host): void {
    if (sw.isStaged) for (const rule of this.#staged.ofHost(sw, host)) sw.rules.send(rule);
  }

  takeBack(sw: ManagedSwitch, host: Host): void {
    if (sw.isStaged) for (const rule of this.#staged.ofHost(sw, host)) sw.rules.sendRemoval(rule);
  }

  /** Pairs that the host is one of are told of anew when they talk. */
  takeBackPairs({ sw, mac }: Host): void {
    for (const each of this.#hosts.networkOf(sw).switches) if (!each.isStaged) this.paired.forget(each, mac);
  }

  ban(sw: ManagedSwitch, what: Banned, seconds: number): void {
    sw.rules.send((sw.isStaged ? this.#staged : this.paired).ban(what, seconds));
  }

  /** Takes up the hosts that the rules of a switch tell of. */
  adopt(sw: ManagedSwitch, held: readonly Rule[], now: number): void {
    if (!sw.isStaged) this.paired.adopt(sw, held);
    const heard = sw.isStaged ? held.flatMap((rule) => this.#staged.hostOf(rule) ?? []) : this.paired.heard(sw);
    const { hosts } = this.#hosts.networkOf(sw);
    for (const { mac, port } of heard) {
      const isLeaf = sw.ports.has(port) && !this.#links().portOf(sw, port)?.isLink;
      if (isLeaf && !hosts.has(mac) && this.#hosts.hasRoom(sw, port)) {
        this.#hosts.add(mac, sw, port, now).isPlaced = true;
      }
    }
  }
}
