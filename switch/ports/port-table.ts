import { PortNo } from '../../ofp/index.ts';
import { SwitchError } from '../errors.ts';
import { Port, type PortOptions } from './port.ts';

/** The logical port that floods the overlay (OpenFlow 1.3 section 4.4). */
export const floodPortNo = 65_000;

/** Numbers of each kind; all below 0xff00, since Open vSwitch's tools refuse others. */
const ranges = {
  leaf: { first: 1, last: 1000 },
  peer: { first: 1001, last: 64_999 },
} as const;

/** The ports of a bridge by number and by peer. A number comes back only after all others of its kind were used. */
export class PortTable {
  readonly #byNo = new Map<number, Port>();
  readonly #names = new Set<string>();
  /** Ports to one peer, the newest last: a link may be replaced by another before it goes. */
  readonly #byPeer = new Map<bigint, Port[]>();
  readonly #next = { leaf: ranges.leaf.first as number, peer: ranges.peer.first as number };

  /** Whether any port is in some VLANs only. */
  hasVlans = false;

  get(no: number): Port | undefined {
    return this.#byNo.get(no);
  }

  /** Whether a frame can leave for the overlay. */
  get hasPeers(): boolean {
    return this.#byPeer.size > 0 || this.#byNo.has(floodPortNo);
  }

  toPeer(id: bigint): Port | undefined {
    return this.#byPeer.get(id)?.at(-1);
  }

  values(): IterableIterator<Port> {
    return this.#byNo.values();
  }

  /** Peers with a port that is up. */
  *peers(): IterableIterator<bigint> {
    for (const [id, ports] of this.#byPeer) if (ports.at(-1)!.isUp) yield id;
  }

  /** Throws `SwitchError` for options that make no sense and when every number is taken. */
  add(options: PortOptions, now: number): Port {
    if (!/^[\x21-\x7e]{1,15}$/.test(options.name)) {
      throw new SwitchError(
        'SWITCH_PORT_NAME',
        `port name ${JSON.stringify(options.name)} is not 1 to 15 ASCII characters`,
      );
    }
    if (options.mac.length !== 6)
      throw new SwitchError('SWITCH_PORT_MAC', `a MAC has 6 bytes, not ${options.mac.length}`);
    if (this.#names.has(options.name))
      throw new SwitchError('SWITCH_PORT_TAKEN', `port ${options.name} exists already`);
    const peer = options.kind === 'peer' ? options.peer : undefined;
    if (options.no !== undefined && (this.#byNo.has(options.no) || !isPortNo(options.no))) {
      throw new SwitchError('SWITCH_PORT_TAKEN', `port number ${options.no} cannot be had`);
    }
    const no = options.no ?? this.#allocate(options.kind);
    const port = new Port(no, options.kind, options, peer, now);
    this.addPort(port);
    return port;
  }

  addPort(port: Port): void {
    this.#byNo.set(port.no, port);
    this.#names.add(port.name);
    this.hasVlans ||= port.vlans !== undefined;
    if (port.peer !== undefined) this.#byPeer.set(port.peer, [...(this.#byPeer.get(port.peer) ?? []), port]);
  }

  /** Throws `SwitchError` when there is none. */
  remove(no: number): Port {
    const port = this.#byNo.get(no);
    if (!port || port.kind === 'flood') throw new SwitchError('SWITCH_NO_SUCH_PORT', `no port ${no} to remove`);
    this.#byNo.delete(no);
    this.#names.delete(port.name);
    this.hasVlans = [...this.#byNo.values()].some(({ vlans }) => vlans !== undefined);
    if (port.peer === undefined) return port;
    const others = this.#byPeer.get(port.peer)!.filter((other) => other !== port);
    if (others.length > 0) this.#byPeer.set(port.peer, others);
    else this.#byPeer.delete(port.peer);
    return port;
  }

  #allocate(kind: 'leaf' | 'peer'): number {
    const { first, last } = ranges[kind];
    for (let tried = first; tried <= last; tried++) {
      const no = this.#next[kind];
      this.#next[kind] = no === last ? first : no + 1;
      if (!this.#byNo.has(no)) return no;
    }
    throw new SwitchError('SWITCH_PORTS_FULL', `all ${last - first + 1} ${kind} port numbers are taken`);
  }
}

const isPortNo = (no: number) => (no > 0 && no <= ranges.peer.last) || no === PortNo.LOCAL;
