import { NO_BUFFER, PortNo } from '../../../ofp/index.ts';
import type { Links } from '../links/links.ts';
import { macAt } from '../mac.ts';
import type { PacketIn } from '../runtime/app.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';
import type { Hosts } from './hosts.ts';

export interface RelayCounters {
  /** Frames for everybody that the controller sent to all ports of hosts. */
  relayed: number;
}

const noData = new Uint8Array(0);

/** Sends frames that came to the controller to where they are to go, past all switches in between. */
export class Relay {
  readonly #links: () => Links;
  readonly #hosts: Hosts;
  readonly #counters: RelayCounters;

  constructor(links: () => Links, hosts: Hosts, counters: RelayCounters) {
    this.#links = links;
    this.#hosts = hosts;
    this.#counters = counters;
  }

  /** To the host that it is for, or to all ports of hosts. */
  deliver(sw: ManagedSwitch, inPort: number, message: PacketIn): void {
    const { switches, hosts } = this.#hosts.networkOf(sw);
    const to = hosts.get(macAt(message.data, 0));
    if (to !== undefined) {
      // By the link that leads there it came from there.
      if (to.sw === sw || this.#links().paths.hop(sw, to.sw) !== inPort)
        this.#at(to.sw, [to.port], sw, inPort, message);
      return;
    }
    this.#counters.relayed += 1;
    for (const each of switches) {
      if (each.isConnected) this.#at(each, this.#links().leavesOf(each), sw, inPort, message);
    }
  }

  /** Out of ports of the switch where it came in. */
  send(sw: ManagedSwitch, inPort: number, out: readonly number[], { bufferId, data }: PacketIn): void {
    if (out.length === 0) return;
    const actions = out.map((port) => ({ type: 'output' as const, port, maxLen: 0 }));
    if (bufferId === NO_BUFFER || inPort === PortNo.CONTROLLER) sw.packetOut(inPort, { actions, data });
    else sw.packetOut(inPort, { actions, bufferId, data: noData });
  }

  /** At another switch than the one where it came in, it passes the tables of all apps. */
  #at(sw: ManagedSwitch, out: readonly number[], from: ManagedSwitch, inPort: number, message: PacketIn): void {
    if (sw !== from) this.send(sw, PortNo.CONTROLLER, sw.isStaged ? [PortNo.TABLE] : out, message);
    else {
      const others = out.filter((port) => port !== inPort);
      this.send(sw, inPort, others, message);
    }
  }
}
