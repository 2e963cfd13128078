import type { Links } from '../links/links.ts';
import type { ManagedSwitch } from '../runtime/switch.ts';

/** Port numbers by what is behind them. */
type Ports = Map<ManagedSwitch, number>;

/** The network between switches, as the links show it at one time. */
export class NetworkMap {
  /** Of each switch: those at the other end of a link of its own, both connected; of several links to one, that of the lowest port. */
  readonly #neighbours = new Map<ManagedSwitch, Ports>();
  /** The same by links that forward: a tree. */
  readonly #tree = new Map<ManagedSwitch, Ports>();
  /** By destination: the port of each switch that leads there. */
  readonly #hops = new Map<ManagedSwitch, Ports>();

  constructor(links: Pick<Links, 'links'>) {
    const ends = links.links;
    const heard = new Set(ends.map(({ from, to }) => key(from, to)));
    for (const { from, to } of ends) {
      // A link that works one way only is none.
      if (from.sw === to.sw || !heard.has(key(to, from)) || !from.sw.isConnected || !to.sw.isConnected) continue;
      keepLowest(this.#neighbours, from.sw, to.sw, from.no);
      if (from.isForwarding && to.isForwarding) keepLowest(this.#tree, from.sw, to.sw, from.no);
    }
  }

  neighboursOf(sw: ManagedSwitch): ReadonlyMap<ManagedSwitch, number> {
    return this.#neighbours.get(sw) ?? new Map();
  }

  /** The port by which frames for another switch leave; undefined when none leads there. */
  hop(from: ManagedSwitch, to: ManagedSwitch): number | undefined {
    const known = this.#hops.get(to) ?? this.#hopsTo(to);
    return known.get(from);
  }

  #hopsTo(destination: ManagedSwitch): Ports {
    const hops: Ports = new Map();
    const reached = [destination];
    for (const sw of reached) {
      for (const [neighbour] of this.#tree.get(sw) ?? []) {
        const port = this.#tree.get(neighbour)?.get(sw);
        if (port === undefined || neighbour === destination || hops.has(neighbour)) continue;
        hops.set(neighbour, port);
        reached.push(neighbour);
      }
    }
    this.#hops.set(destination, hops);
    return hops;
  }
}

type End = Links['links'][number]['from'];
const key = (from: End, to: End) => `${from.sw.name}/${from.no}>${to.sw.name}/${to.no}`;

function keepLowest(ports: Map<ManagedSwitch, Ports>, from: ManagedSwitch, to: ManagedSwitch, no: number): void {
  const known: Ports = ports.get(from) ?? new Map();
  ports.set(from, known);
  known.set(to, Math.min(no, known.get(to) ?? no));
}
