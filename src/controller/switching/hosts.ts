import type { ManagedSwitch } from '../runtime/switch.ts';

/** Seconds until a silent MAC is forgotten (IEEE 802.1Q 8.8.3: ageing time). */
export const ageSeconds = 300;

/** A host, at the port where its frames enter the network. */
export interface Host {
  /** Six bytes, as a number. */
  readonly mac: number;
  sw: ManagedSwitch;
  port: number;
  /** When it was learned there, ms. */
  since: number;
  /** All switches of its network know it; until then its frames pass the controller. */
  isPlaced: boolean;
  /** When its rules were sent last, ms. */
  sentAt: number;
  /** Its frames went to the controller last, ms. */
  seenAt: number;
  /** Moves since `movesSince`, ms. */
  moves: number;
  movesSince: number;
}

/** Switches that are joined, and their hosts. In another network the same address is another host. */
export interface Network {
  readonly switches: readonly ManagedSwitch[];
  readonly hosts: Map<number, Host>;
}

export interface HostLimits {
  readonly perPort: number;
  readonly perNetwork: number;
}

/** The hosts of all networks, and how many there are at each port. */
export class Hosts {
  readonly #limits: HostLimits;
  readonly #networks = new Map<ManagedSwitch, Network>();
  readonly #perPort = new Map<ManagedSwitch, Map<number, number>>();

  constructor(limits: HostLimits) {
    this.#limits = limits;
  }

  networkOf(sw: ManagedSwitch): Network {
    const known = this.#networks.get(sw);
    if (known !== undefined) return known;
    const made = { switches: [sw], hosts: new Map<number, Host>() };
    this.#networks.set(sw, made);
    return made;
  }

  /** Those that are at one switch. */
  *of(sw: ManagedSwitch): Iterable<Host> {
    for (const host of this.#networks.get(sw)?.hosts.values() ?? []) if (host.sw === sw) yield host;
  }

  /** For one more at this port. `isKnown`: it is in the network already. */
  hasRoom(sw: ManagedSwitch, port: number, isKnown = false): boolean {
    const { perPort, perNetwork } = this.#limits;
    if ((this.#perPort.get(sw)?.get(port) ?? 0) >= perPort) return false;
    return isKnown || this.networkOf(sw).hosts.size < perNetwork;
  }

  add(mac: number, sw: ManagedSwitch, port: number, now: number): Host {
    const host = { mac, sw, port, since: now, sentAt: now, seenAt: now, moves: 0, movesSince: now, isPlaced: false };
    this.networkOf(sw).hosts.set(mac, host);
    this.#count(sw, port, 1);
    return host;
  }

  move(host: Host, sw: ManagedSwitch, port: number, now: number): void {
    this.#count(host.sw, host.port, -1);
    Object.assign(host, { sw, port, since: now, isPlaced: false });
    this.#count(sw, port, 1);
  }

  /** False: it is not there any more. */
  remove({ mac, sw, port }: Host): boolean {
    if (!this.networkOf(sw).hosts.delete(mac)) return false;
    this.#count(sw, port, -1);
    return true;
  }

  has(host: Host): boolean {
    return this.networkOf(host.sw).hosts.get(host.mac) === host;
  }

  /**
   * Switches are joined otherwise. Returns each switch whose network is another one, with the network that it was in. Of two hosts
   * with one address the one that was learned later stays.
   */
  regroup(
    all: Iterable<ManagedSwitch>,
    partOf: (sw: ManagedSwitch) => readonly ManagedSwitch[],
  ): [ManagedSwitch, Network][] {
    const regrouped: [ManagedSwitch, Network][] = [];
    const before = new Set<Network>();
    const made = new Map<readonly ManagedSwitch[], Network>();
    for (const sw of all) {
      const [switches, old] = [partOf(sw), this.networkOf(sw)];
      if (switches.length === old.switches.length && switches.every((each, i) => each === old.switches[i])) continue;
      const network = made.get(switches) ?? { switches, hosts: new Map<number, Host>() };
      made.set(switches, network);
      before.add(old);
      regrouped.push([sw, old]);
      this.#networks.set(sw, network);
    }
    for (const { hosts } of before) {
      for (const host of hosts.values()) {
        const known = this.networkOf(host.sw).hosts.get(host.mac);
        if (known === host) continue;
        const stays = known === undefined || known.since <= host.since ? host : known;
        const goes = stays === host ? known : host;
        this.networkOf(host.sw).hosts.set(host.mac, stays);
        if (goes !== undefined) this.#count(goes.sw, goes.port, -1);
      }
    }
    return regrouped;
  }

  /** With all its hosts. */
  forget(sw: ManagedSwitch): void {
    this.#networks.delete(sw);
    this.#perPort.delete(sw);
  }

  #count(sw: ManagedSwitch, port: number, change: 1 | -1): void {
    const counts: Map<number, number> = this.#perPort.get(sw) ?? new Map();
    this.#perPort.set(sw, counts);
    const count = (counts.get(port) ?? 0) + change;
    if (count > 0) counts.set(port, count);
    else counts.delete(port);
  }
}
