import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Barriers } from './barriers.ts';
import type { HostRules } from './host-rules.ts';
import type { Host, Hosts } from './hosts.ts';

/** Tells all switches where hosts are, and that they are no more; the switch of a host lets its frames pass when the others know. */
export class Placing {
  readonly #hosts: Hosts;
  readonly #rules: HostRules;
  readonly #barriers: Barriers;
  /** Hosts that not all switches have been told of. */
  readonly #unplaced = new Set<Host>();

  constructor(hosts: Hosts, rules: HostRules, barriers: Barriers) {
    this.#hosts = hosts;
    this.#rules = rules;
    this.#barriers = barriers;
  }

  announce(host: Host): void {
    const { switches } = this.#hosts.networkOf(host.sw);
    host.isPlaced = switches.length === 1;
    for (const sw of switches) this.#rules.send(sw, host);
    if (!host.isPlaced) this.#unplaced.add(host);
  }

  forgetAt(sw: ManagedSwitch, isMeant: (port: number) => boolean): void {
    for (const host of [...this.#hosts.of(sw)]) if (isMeant(host.port)) this.forget(host);
  }

  forget(host: Host): void {
    const { switches } = this.#hosts.networkOf(host.sw);
    this.#rules.takeBackPairs(host);
    if (this.#hosts.remove(host)) for (const sw of switches) this.#rules.takeBack(sw, host);
  }

  /** Those that were announced since the last tick wait for their switches together. */
  tick(now: number): void {
    if (this.#unplaced.size === 0) return;
    const hosts = [...this.#unplaced].filter((host) => this.#hosts.has(host));
    this.#unplaced.clear();
    const networks = new Set(hosts.map(({ sw }) => this.#hosts.networkOf(sw)));
    const sinces = hosts.map(({ since }) => since);
    this.#barriers.after(
      [...networks].flatMap(({ switches }) => switches),
      now,
      () => {
        for (const [i, host] of hosts.entries()) {
          // One that moved meanwhile waits for other barriers.
          if (!this.#hosts.has(host) || host.since !== sinces[i]) continue;
          host.isPlaced = true;
          if (host.sw.isStaged) host.sw.rules.send(this.#rules.staged.sourceRule(host));
        }
      },
    );
  }
}
