import { PacketInReason, PortConfig, PortNo } from '../../ofp/index.ts';
import { mergeActionSet } from '../actions/compile.ts';
import type { CompiledAction, Execution } from '../actions/execution.ts';
import { type FloodEngine, floodEtherType } from '../flood/index.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { FlowTables } from '../flow/flow-tables.ts';
import type { MacTable } from '../mac-table.ts';
import {
  isGroupAddressed,
  isLinkLocalGroup,
  KeyWord,
  type LinkRecord,
  linkHopLimit,
  Packet,
  split64,
} from '../packet/index.ts';
import type { Port } from '../ports/port.ts';
import { floodPortNo, type PortTable } from '../ports/port-table.ts';
import type { Program } from './program.ts';

/** A frame for the controllers. */
export interface PacketIn {
  /** `PacketInReason`. */
  readonly reason: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly inPort: number;
  readonly metadata: readonly [hi: number, lo: number];
  readonly tunnelId: readonly [hi: number, lo: number];
  /** The whole frame; a view that is valid until the call into the bridge that caused it returns. */
  readonly frame: Uint8Array;
  /** Bytes that the controller wants, or undefined: as many as its configuration says. */
  readonly maxLen: number | undefined;
}

/** A flood's frame as it enters the pipeline on this switch. */
export interface FloodArrival {
  readonly frame: Uint8Array;
  readonly root: bigint;
}

export interface PipelineCounters {
  /** Frames that went from peer to peer too often. */
  hopLimit: number;
  /** Frames sent to the flood port from where no flood may begin, or that are none. */
  floodMisuse: number;
  /** Flood copies for a peer whose port is gone. */
  noSuchPeer: number;
  noSuchPort: number;
}

export interface PipelineParts {
  /** Upper and lower half of this switch's id. */
  readonly selfHi: number;
  readonly selfLo: number;
  readonly tables: FlowTables;
  readonly ports: PortTable;
  readonly macs: MacTable;
  readonly flood: FloodEngine | undefined;
  /** Called while a frame is under way: may only queue. */
  packetIn(event: PacketIn): void;
  floodArrival(arrival: FloodArrival): void;
}

type ReservedOutput = (maxLen: number) => void;
type Emit = (port: Port) => void;

/** Runs frames through the tables, one at a time, and queues what comes out on the ports. */
export class Pipeline implements Execution {
  readonly packet = new Packet();
  readonly counters: PipelineCounters = { hopLimit: 0, floodMisuse: 0, noSuchPeer: 0, noSuchPort: 0 };
  stopped = false;
  readonly #parts: PipelineParts;
  readonly #reserved: ReadonlyMap<number, ReservedOutput>;
  readonly #emitters: { readonly [K in Port['kind']]: Emit };
  readonly #actionSet = new Map<string, CompiledAction>();
  readonly #record: LinkRecord = { hopLimit: 0, destinationHi: 0, destinationLo: 0, sourceHi: 0, sourceLo: 0 };
  #now = 0;
  #inPort = 0;
  /** The port the frame came in on; undefined for a packet-out on behalf of no port. */
  #origin: Port | undefined;
  #hopLimit = 0;
  #sourceHi = 0;
  #sourceLo = 0;
  #entry: FlowEntry | undefined;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#reserved = new Map<number, ReservedOutput>([
      [PortNo.IN_PORT, () => this.#origin && this.#emit(this.#origin)],
      [PortNo.TABLE, () => this.#runTables()],
      [PortNo.NORMAL, () => this.#normal()],
      [PortNo.FLOOD, () => this.#spread(PortConfig.NO_FLOOD)],
      [PortNo.ALL, () => this.#spread(0)],
      [PortNo.CONTROLLER, (maxLen) => this.#toController(maxLen)],
    ]);
    this.#emitters = {
      leaf: (port) => port.queueFrame(this.packet.share()),
      peer: (port) => this.#emitToPeer(port),
      flood: (port) => this.#emitToFlood(port),
    };
  }

  // HOT PATH
  /** A frame that entered at a leaf port and was loaded into `packet`. */
  runFromLeaf(port: Port, now: number): void {
    this.packet.setContext(port.no, 0, 0, 0, 0);
    this.#begin(port, port.no, linkHopLimit, this.#parts.selfHi, this.#parts.selfLo, now);
    this.#runTables();
  }

  // HOT PATH
  /** A frame that came in a link record: metadata begins as the source switch, tunnel_id is the destination. */
  runFromPeer(port: Port, record: Readonly<LinkRecord>, now: number): void {
    const { destinationHi, destinationLo, sourceHi, sourceLo } = record;
    this.packet.setContext(port.no, sourceHi, sourceLo, destinationHi, destinationLo);
    this.#begin(port, port.no, record.hopLimit - 1, sourceHi, sourceLo, now);
    this.#runTables();
  }

  /** The frame inside a flood: metadata begins as the root's switch. */
  runFromFlood(port: Port, root: bigint, now: number): void {
    const [hi, lo] = split64(root >> 64n);
    this.packet.setContext(port.no, hi, lo, 0, 0);
    this.#begin(port, port.no, linkHopLimit, hi, lo, now);
    this.#runTables();
  }

  /** A controller's packet. `inPort` may be a number without a port (CONTROLLER, ANY). */
  runActions(actions: readonly CompiledAction[], inPort: number, now: number): void {
    this.packet.setContext(inPort, 0, 0, 0, 0);
    this.#begin(this.#parts.ports.get(inPort), inPort, linkHopLimit, this.#parts.selfHi, this.#parts.selfLo, now);
    this.#runList(actions);
  }

  output(portNo: number, maxLen: number): void {
    if (portNo > PortNo.MAX) {
      this.#reserved.get(portNo)?.(maxLen);
    } else if (portNo !== this.#inPort) {
      const port = this.#parts.ports.get(portNo);
      if (port) this.#emit(port);
      else this.counters.noSuchPort += 1;
    }
  }

  invalidTtl(): void {
    this.stopped = true;
    this.#tellControllers(PacketInReason.INVALID_TTL, undefined);
  }

  #begin(origin: Port | undefined, inPort: number, hopLimit: number, hi: number, lo: number, now: number): void {
    this.#origin = origin;
    this.#inPort = inPort;
    this.#hopLimit = hopLimit;
    this.#sourceHi = hi;
    this.#sourceLo = lo;
    this.#now = now;
    this.#entry = undefined;
    this.stopped = false;
    if (this.#actionSet.size > 0) this.#actionSet.clear();
  }

  #runTables(): void {
    const { packet } = this;
    const { tables } = this.#parts;
    let tableId = 0;
    do {
      packet.refresh();
      const entry = tables.open(tableId).lookup(packet.key);
      if (!entry) return;
      this.#entry = entry;
      entry.packets += 1;
      entry.bytes += packet.frame.length;
      entry.usedAt = this.#now;
      this.#runProgram(entry.program);
      tableId = entry.program.goto;
    } while (tableId >= 0 && !this.stopped);
    if (!this.stopped) this.#runActionSet();
  }

  #runProgram(program: Program): void {
    this.#runList(program.apply);
    if (this.stopped) return;
    if (program.clear) this.#actionSet.clear();
    if (program.write.length > 0) mergeActionSet(this.#actionSet, program.write);
    const { metadata } = program;
    if (!metadata) return;
    const { key } = this.packet;
    key[KeyWord.METADATA] = (key[KeyWord.METADATA]! & ~metadata.maskHi) | metadata.valueHi;
    key[KeyWord.METADATA + 1] = (key[KeyWord.METADATA + 1]! & ~metadata.maskLo) | metadata.valueLo;
  }

  #runList(actions: readonly CompiledAction[]): void {
    for (let i = 0; i < actions.length && !this.stopped; i++) actions[i]!.run(this);
  }

  #runActionSet(): void {
    if (this.#actionSet.size === 0) return;
    const actions = [...this.#actionSet.values()].sort((a, b) => a.rank - b.rank);
    this.#actionSet.clear();
    this.#runList(actions);
  }

  #emit(port: Port): void {
    this.#emitters[port.kind](port);
  }

  #emitToPeer(port: Port): void {
    if (this.#hopLimit <= 0) {
      this.counters.hopLimit += 1;
      return;
    }
    const { key, frame } = this.packet;
    const record = this.#record;
    record.hopLimit = this.#hopLimit;
    record.destinationHi = key[KeyWord.TUNNEL_ID]!;
    record.destinationLo = key[KeyWord.TUNNEL_ID + 1]!;
    record.sourceHi = this.#sourceHi;
    record.sourceLo = this.#sourceLo;
    port.queueRecord(record, frame);
  }

  /** A peer's flood goes on from here; anything from elsewhere becomes a flood of this switch. */
  #emitToFlood(floodPort: Port): void {
    const { flood } = this.#parts;
    const origin = this.#origin;
    this.packet.refresh();
    const isFrb = this.packet.etherType === floodEtherType;
    if (!flood || origin?.kind === 'flood' || isFrb !== (origin?.kind === 'peer')) {
      this.counters.floodMisuse += 1;
      return;
    }
    const { frame } = this.packet;
    floodPort.countLogical(frame);
    if (!isFrb) {
      this.#sendCopies(flood.originate(frame));
      return;
    }
    const { copies, inner } = flood.receive(origin!.peer!, frame);
    this.#sendCopies(copies);
    if (inner) this.#parts.floodArrival(inner);
  }

  #sendCopies(copies: readonly { readonly to: bigint; readonly frb: Uint8Array }[]): void {
    const record = this.#record;
    record.hopLimit = linkHopLimit;
    record.destinationHi = 0;
    record.destinationLo = 0;
    record.sourceHi = this.#parts.selfHi;
    record.sourceLo = this.#parts.selfLo;
    for (const { to, frb } of copies) {
      const port = this.#parts.ports.toPeer(to);
      if (port) port.queueRecord(record, frb);
      else this.counters.noSuchPeer += 1;
    }
  }

  /** What a learning switch without OpenFlow would do (section 4.5, NORMAL). */
  #normal(): void {
    const { packet } = this;
    const { macs, ports } = this.#parts;
    if (isLinkLocalGroup(packet.frame)) return;
    if (packet.etherType === floodEtherType && this.#origin?.kind === 'peer') {
      const flood = ports.get(floodPortNo);
      if (flood) this.#emit(flood);
      return;
    }
    packet.refresh();
    if (this.#origin) macs.learn(packet, this.#origin.no, this.#now);
    const known = isGroupAddressed(packet.frame) ? undefined : macs.lookup(packet, this.#now);
    if (known === undefined) this.#spread(PortConfig.NO_FLOOD);
    else this.output(known, 0);
  }

  /**
   * To every leaf port and into the overlay, but not back. Peer ports are not flooded one by one: the flood port stands for
   * all of them, once. `excluding`: `PortConfig` bits of ports to leave out.
   */
  #spread(excluding: number): void {
    for (const port of this.#parts.ports.values()) {
      if (port === this.#origin || port.kind === 'peer' || (port.config & excluding) !== 0) continue;
      if (port.kind === 'flood' && this.#origin?.kind === 'peer') continue;
      this.#emit(port);
    }
  }

  #toController(maxLen: number): void {
    const entry = this.#entry;
    // An entry of priority 0 that matches everything is the table-miss entry (section 5.4).
    const isMiss = entry !== undefined && entry.priority === 0 && entry.match.fields.length === 0;
    this.#tellControllers(isMiss ? PacketInReason.NO_MATCH : PacketInReason.ACTION, maxLen);
  }

  #tellControllers(reason: number, maxLen: number | undefined): void {
    if (this.#origin && (this.#origin.config & PortConfig.NO_PACKET_IN) !== 0) return;
    const { key } = this.packet;
    this.#parts.packetIn({
      reason,
      tableId: this.#entry?.tableId ?? 0,
      cookie: this.#entry?.cookie ?? 0xffff_ffff_ffff_ffffn,
      inPort: this.#inPort,
      metadata: [key[KeyWord.METADATA]!, key[KeyWord.METADATA + 1]!],
      tunnelId: [key[KeyWord.TUNNEL_ID]!, key[KeyWord.TUNNEL_ID + 1]!],
      frame: this.packet.share(),
      maxLen,
    });
  }
}
