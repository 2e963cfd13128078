import type { Message } from '../../ofp/index.ts';
import { type NodeId, switchIdOf } from '../../topology/index.ts';
import type { SwitchPorts } from './pipeline.ts';
import type { PortNames } from './ports.ts';

/** A port as the switch lists it. */
export type NamedPort = Pick<Message<'portStatus'>['desc'], 'portNo' | 'name'>;

/** The ports of a switch of an overlay, and what each is for, by their names. */
export class PortList {
  readonly #names: PortNames;
  readonly #byNumber = new Map<number, string>();
  /** Neighbours by the names of their ports; one that was let go of is still heard while its port is there. */
  readonly #peers = new Map<string, NodeId>();
  #current: SwitchPorts | undefined;

  constructor(names: PortNames) {
    this.#names = names;
  }

  /** As last settled: the same object while nothing changed, so that apps can tell. Undefined: the switch has no port for floods. */
  get current(): SwitchPorts | undefined {
    return this.#current;
  }

  /** All that there are. */
  list(ports: readonly NamedPort[]): void {
    this.#byNumber.clear();
    for (const port of ports) this.add(port);
  }

  add({ portNo, name }: NamedPort): void {
    this.#byNumber.set(portNo, name);
  }

  remove(port: number): void {
    this.#byNumber.delete(port);
  }

  /** These have ports, or will have. */
  expect(neighbours: ReadonlyMap<NodeId, unknown>): void {
    for (const id of neighbours.keys()) this.#peers.set(this.#names.peer(id), id);
  }

  isLeaf(port: number): boolean {
    const name = this.#byNumber.get(port);
    return name !== undefined && this.#names.isLeaf(name);
  }

  /** Works out `current`; ports of others than `neighbours` count until they go. */
  settle(neighbours: ReadonlyMap<NodeId, unknown>): SwitchPorts | undefined {
    const byName = new Map([...this.#byNumber].map(([port, name]) => [name, port]));
    const flood = byName.get(this.#names.flood);
    if (flood === undefined) {
      this.#current = undefined;
      return undefined;
    }
    const peers = new Map<bigint, number>();
    for (const [name, id] of this.#peers) {
      const port = byName.get(name);
      if (port !== undefined) peers.set(switchIdOf(id), port);
      else if (!neighbours.has(id)) this.#peers.delete(name);
    }
    const leaves = [...this.#byNumber.keys()].filter((port) => this.isLeaf(port));
    const ports = { flood, peers, leaves };
    if (this.#current === undefined || !areSame(this.#current, ports)) this.#current = ports;
    return this.#current;
  }
}

function areSame(a: SwitchPorts, b: SwitchPorts): boolean {
  return (
    a.flood === b.flood &&
    a.leaves.join() === b.leaves.join() &&
    a.peers.size === b.peers.size &&
    [...a.peers].every(([id, port]) => b.peers.get(id) === port)
  );
}
