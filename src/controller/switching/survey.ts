import type { Links } from '../links/links.ts';
import type { Tree } from '../links/paths.ts';
import type { Rule } from '../runtime/rule.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { HostRules } from './host-rules.ts';
import type { Hosts, Network } from './hosts.ts';
import type { Placing } from './placing.ts';
import type { Spreading } from './spreading.ts';
import type { Takeover } from './takeover.ts';

export interface SurveyOptions {
  readonly links: () => Links;
  readonly hosts: Hosts;
  readonly rules: HostRules;
  readonly placing: Placing;
  readonly spreading: Spreading;
  readonly takeover: Takeover;
  /** A network of more switches has one tree for all. */
  readonly maxTrees: number;
}

/** Where there are more than so many switches, what follows from a change of links is worked out so often, ms. */
const many = 64;
const manyMs = 1_000;

/** Works out what follows from how switches are joined: networks, trees, and what each switch holds for them. */
export class Survey {
  readonly switches = new Set<ManagedSwitch>();
  readonly #options: SurveyOptions;
  #dueAt: number | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  /** At once, where that is not too much work. */
  networkChanged(now: number): void {
    if (this.#options.takeover.isUnderWay) return;
    if (this.switches.size <= many || now - this.#madeAt >= manyMs) this.make(now);
    else this.#dueAt ??= this.#madeAt + manyMs;
  }

  tick(now: number): void {
    if (this.#dueAt !== undefined && now >= this.#dueAt) this.make(now);
  }

  make(now: number): void {
    this.#dueAt = undefined;
    this.#madeAt = now;
    const { links, hosts, placing, spreading } = this.#options;
    const { paths } = links();
    for (const sw of this.switches) {
      // What leads to other switches is no place for a host.
      placing.forgetAt(sw, (no) => {
        const port = links().portOf(sw, no);
        return port?.isLink === true && !port.hasOthers;
      });
    }
    for (const [sw, before] of hosts.regroup(this.switches, (each) => paths.partOf(each))) this.#joined(sw, before);
    for (const sw of this.switches) this.refresh(sw);
    spreading.change(this.#trees(), now);
  }

  /** The first one after a takeover: what switches hold is compared with what they are to hold. */
  begin(adopted: ReadonlyMap<ManagedSwitch, readonly Rule[]>, now: number): void {
    const { links, hosts, rules, spreading } = this.#options;
    const { paths } = links();
    hosts.regroup(this.switches, (each) => paths.partOf(each));
    spreading.begin(this.#trees());
    const isAsHeld = [...adopted.keys()].every((sw) => {
      const { switches } = hosts.networkOf(sw);
      return !sw.isStaged || rules.staged.ofNetwork(sw, switches).every((rule) => sw.rules.holds(rule));
    });
    if (!isAsHeld) spreading.begin(new Map());
    for (const sw of adopted.keys()) {
      for (const rule of rules.of(sw)) if (!sw.rules.release(rule)) sw.rules.send(rule);
    }
    this.make(now);
  }

  /** Brings in line what a switch holds for the network; hosts are told of one by one. */
  refresh(sw: ManagedSwitch): void {
    const { hosts, rules, takeover } = this.#options;
    if (!this.switches.has(sw) || takeover.heldBy(sw) !== undefined) return;
    const network = hosts.networkOf(sw);
    if (sw.isStaged) sw.rules.hold(rules.staged.cookies, rules.staged.ofNetwork(sw, network.switches));
    else rules.paired.review(sw, network);
  }

  /** A switch gets to know the hosts of a network that it became a part of, and those that it is parted from it forgets. */
  #joined(sw: ManagedSwitch, { hosts: before }: Network): void {
    const { hosts: all, rules } = this.#options;
    const { hosts } = all.networkOf(sw);
    for (const host of before.values()) if (!hosts.has(host.mac)) rules.takeBack(sw, host);
    for (const host of hosts.values()) if (before.get(host.mac) !== host) rules.send(sw, host);
  }

  #trees(): Map<ManagedSwitch, Tree> {
    const { links, hosts, maxTrees } = this.#options;
    const { paths } = links();
    const trees = new Map<ManagedSwitch, Tree>();
    for (const sw of this.switches) {
      const { switches } = hosts.networkOf(sw);
      trees.set(sw, paths.treeOf(switches.length > maxTrees ? switches[0]! : sw));
    }
    return trees;
  }
}
