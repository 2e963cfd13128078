import type { Message } from '../../../ofp/index.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { HostRules } from './host-rules.ts';
import { ageSeconds, type Hosts } from './hosts.ts';
import type { Placing } from './placing.ts';

export interface AgeingCounters {
  /** Hosts that were forgotten since they were silent. */
  aged: number;
}

/** Silent hosts of switches with a single table are looked for so often, ms. */
const sweepMs = 10_000;

/** Forgets hosts that are silent: rules that let their frames pass end by themselves, and say so. */
export class Ageing {
  readonly #hosts: Hosts;
  readonly #rules: HostRules;
  readonly #placing: Placing;
  readonly #counters: AgeingCounters;
  #sweepAt = 0;

  constructor(hosts: Hosts, rules: HostRules, placing: Placing, counters: AgeingCounters) {
    this.#hosts = hosts;
    this.#rules = rules;
    this.#placing = placing;
    this.#counters = counters;
  }

  ruleGone(sw: ManagedSwitch, rule: Message<'flowRemoved'>, now: number): void {
    const { staged, paired } = this.#rules;
    const { hosts } = this.#hosts.networkOf(sw);
    if (sw.isStaged) {
      const gone = staged.hostOf({ ...rule, table: rule.tableId });
      const host = gone && hosts.get(gone.mac);
      // A host that moved meanwhile has another rule by now.
      if (host?.sw !== sw || host.port !== gone?.port) return;
      this.#counters.aged += 1;
      this.#placing.forget(host);
      return;
    }
    const mac = paired.gone(sw, rule);
    const host = mac === undefined ? undefined : hosts.get(mac);
    // It was heard until the rule began to be idle.
    if (host?.sw === sw) host.seenAt = Math.max(host.seenAt, now - rule.idleTimeout * 1000);
  }

  /** Where hosts have rules for pairs only, a silent one may have none that ends. */
  tick(switches: Iterable<ManagedSwitch>, now: number): void {
    if (now < this.#sweepAt) return;
    this.#sweepAt = now + sweepMs;
    for (const sw of switches) {
      if (sw.isStaged) continue;
      for (const host of [...this.#hosts.of(sw)]) {
        if (now - host.seenAt <= ageSeconds * 1000 || this.#rules.paired.sends(sw, host.mac)) continue;
        this.#counters.aged += 1;
        this.#placing.forget(host);
      }
    }
  }
}
