import { type FloodCopy, type FloodEngine, floodEtherType } from '../flood/index.ts';
import { KeyWord, type LinkRecord, linkHopLimit, maxLinkMark, type Packet } from '../packet/index.ts';
import type { Port } from '../ports/port.ts';
import type { PortTable } from '../ports/port-table.ts';
import type { Passage, SwitchId } from './passage.ts';

/** A flood's frame as it enters the pipeline on this switch. */
export interface FloodArrival {
  readonly frame: Uint8Array;
  /** Id of the node where the flood began. */
  readonly root: bigint;
}

export interface EgressCounters {
  /** Frames that went from peer to peer too often. */
  hopLimit: number;
  /** Frames sent to the flood port from where no flood may begin, or that are none. */
  floodMisuse: number;
  /** Flood copies for a peer whose port is gone. */
  noSuchPeer: number;
  /** Outputs to port numbers that no port has. */
  noSuchPort: number;
  /** Frames whose port is not in their VLAN. */
  wrongVlan: number;
}

/** The way out: queues a frame on ports, each kind in its own way, until the batch ends. */
export class Egress {
  readonly counters: EgressCounters = { hopLimit: 0, floodMisuse: 0, noSuchPeer: 0, noSuchPort: 0, wrongVlan: 0 };
  readonly #passage: Passage;
  readonly #self: SwitchId;
  readonly #ports: PortTable;
  readonly #flood: FloodEngine | undefined;
  readonly #floodArrival: (arrival: FloodArrival) => void;
  readonly #emitters: { readonly [K in Port['kind']]: (port: Port) => void };
  readonly #record: LinkRecord = {
    ...{ mark: 0, hopLimit: 0, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 0 },
  };
  /** Ports with something queued. */
  readonly #busy: Port[] = [];

  /** `floodArrival` is called while a frame is under way: it may only queue. */
  constructor(
    passage: Passage,
    self: SwitchId,
    ports: PortTable,
    flood: FloodEngine | undefined,
    floodArrival: (arrival: FloodArrival) => void,
  ) {
    this.#passage = passage;
    this.#self = self;
    this.#ports = ports;
    this.#flood = flood;
    this.#floodArrival = floodArrival;
    this.#emitters = {
      leaf: (port) => {
        this.#willQueue(port);
        port.queueFrame(passage.packet.share());
      },
      peer: (port) => this.#toPeer(port),
      flood: (port) => this.#toFlood(port),
    };
  }

  get hasVlans(): boolean {
    return this.#ports.hasVlans;
  }

  // HOT PATH
  /** To a port by number; never to the one that the frame came from. `prepare`: as for `spread`. */
  toPort(no: number, prepare?: (port: Port) => boolean): void {
    if (no === this.#passage.inPort) return;
    const port = this.#ports.get(no);
    if (!port) this.counters.noSuchPort += 1;
    else if (!prepare || prepare(port)) this.emit(port);
  }

  // HOT PATH
  /** To a port, whichever it is. */
  emit(port: Port): void {
    this.#emitters[port.kind](port);
  }

  /**
   * To every leaf port and into the overlay, but not back. Peer ports are not flooded one by one: the flood port stands for
   * all of them, once. `excluding`: `PortConfig` bits of ports to leave out. `prepare`: makes the packet what the port is to
   * get, or leaves the port out by false.
   */
  spread(excluding: number, prepare?: (port: Port) => boolean): void {
    const { origin } = this.#passage;
    for (const port of this.#ports.values()) {
      if (port === origin || port.kind === 'peer' || (port.config & excluding) !== 0) continue;
      if (port.kind === 'flood' && origin?.kind === 'peer') continue;
      if (!prepare || prepare(port)) this.emit(port);
    }
  }

  /** Whether it is a frame of a flood; it must be fresh. */
  isFlood(packet: Packet): boolean {
    return packet.etherType === (this.#flood?.etherType ?? floodEtherType);
  }

  /** A probe for loops, out of a leaf port. */
  sendProbe(port: Port, probe: Uint8Array): void {
    this.#willQueue(port);
    port.queueProbe(probe);
  }

  /** Hands what is queued to the sinks of the ports. */
  flush(): void {
    const port = this.#busy.pop();
    if (!port) return;
    try {
      port.flush();
    } finally {
      // The queued views are valid during this call only: the other ports get theirs even if a sink throws.
      this.flush();
    }
  }

  #willQueue(port: Port): void {
    if (!port.isQueueing) this.#busy.push(port);
  }

  #toPeer(port: Port): void {
    const { packet, hopLimit, sourceHi, sourceLo } = this.#passage;
    if (hopLimit <= 0) {
      this.counters.hopLimit += 1;
      return;
    }
    const record = this.#record;
    const mark = packet.key[KeyWord.PKT_MARK]!;
    record.mark = mark <= maxLinkMark ? mark : 0;
    record.hopLimit = hopLimit;
    record.destinationHi = packet.key[KeyWord.TUNNEL_ID]!;
    record.destinationLo = packet.key[KeyWord.TUNNEL_ID + 1]!;
    record.sourceHi = sourceHi;
    record.sourceLo = sourceLo;
    this.#willQueue(port);
    port.queueRecord(record, packet.frame);
  }

  /** A peer's flood goes on from here; anything from elsewhere becomes a flood of this switch. */
  #toFlood(floodPort: Port): void {
    const { packet, origin } = this.#passage;
    packet.refresh();
    const isFrb = this.isFlood(packet);
    if (!this.#flood || origin?.kind === 'flood' || isFrb !== (origin?.kind === 'peer')) {
      this.counters.floodMisuse += 1;
      return;
    }
    const { frame } = packet;
    floodPort.countLogical(frame);
    if (!isFrb) {
      this.sendCopies(this.#flood.originate(frame, this.#passage.now));
      return;
    }
    const { copies, inner } = this.#flood.receive(origin!.peer!, frame, this.#passage.now);
    this.sendCopies(copies);
    if (inner) this.#floodArrival(inner);
  }

  /** Frames of a flood for neighbours; each names its next hop only. */
  sendCopies(copies: readonly FloodCopy[]): void {
    const record = this.#record;
    record.mark = 0;
    record.hopLimit = linkHopLimit;
    record.destinationHi = 0;
    record.destinationLo = 0;
    record.sourceHi = this.#self.hi;
    record.sourceLo = this.#self.lo;
    for (const { to, frb } of copies) {
      const port = this.#ports.toPeer(to);
      if (!port) {
        this.counters.noSuchPeer += 1;
        continue;
      }
      this.#willQueue(port);
      port.queueRecord(record, frb);
    }
  }
}
