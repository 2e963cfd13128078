import { PacketInReason, PortConfig, PortNo } from '../../ofp/index.ts';
import { ActionSet } from '../actions/action-set.ts';
import type { CompiledAction, Execution } from '../actions/execution.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { FlowTables } from '../flow/flow-tables.ts';
import type { MacTable } from '../mac-table.ts';
import { KeyWord, type Packet } from '../packet/index.ts';
import type { Egress } from './egress.ts';
import { forwardNormally } from './normal.ts';
import type { Passage } from './passage.ts';
import type { MetadataWrite, Program } from './program.ts';

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

/** Cookie of a packet-in that no entry caused (section 7.4.1). */
const noCookie = 0xffff_ffff_ffff_ffffn;

/** Runs frames through the flow tables, one at a time. */
export class Pipeline implements Execution {
  stopped = false;
  readonly packet: Packet;
  readonly #passage: Passage;
  readonly #tables: FlowTables;
  readonly #egress: Egress;
  readonly #packetIn: (event: PacketIn) => void;
  readonly #reserved: ReadonlyMap<number, (maxLen: number) => void>;
  readonly #actionSet = new ActionSet();
  /** The entry whose actions run; undefined while those of a packet-out do. */
  #entry: FlowEntry | undefined;

  /** `packetIn` is called while a frame is under way: it may only queue. */
  constructor(
    passage: Passage,
    tables: FlowTables,
    egress: Egress,
    macs: MacTable,
    packetIn: (event: PacketIn) => void,
  ) {
    this.packet = passage.packet;
    this.#passage = passage;
    this.#tables = tables;
    this.#egress = egress;
    this.#packetIn = packetIn;
    this.#reserved = new Map<number, (maxLen: number) => void>([
      [PortNo.IN_PORT, () => passage.origin && egress.emit(passage.origin)],
      [PortNo.TABLE, () => this.#runTables()],
      [PortNo.NORMAL, () => forwardNormally(passage, macs, egress)],
      [PortNo.FLOOD, () => egress.spread(PortConfig.NO_FLOOD)],
      [PortNo.ALL, () => egress.spread(0)],
      [PortNo.CONTROLLER, (maxLen) => this.#toController(maxLen)],
      [PortNo.LOCAL, () => egress.toPort(PortNo.LOCAL)],
    ]);
  }

  // HOT PATH
  /** The frame of the passage, from table 0 on. */
  run(): void {
    this.#begin();
    this.#runTables();
  }

  /** A controller's actions on the frame of the passage. */
  runActions(actions: readonly CompiledAction[]): void {
    this.#begin();
    this.#runList(actions);
  }

  output(portNo: number, maxLen: number): void {
    if (portNo > PortNo.MAX) this.#reserved.get(portNo)?.(maxLen);
    else this.#egress.toPort(portNo);
  }

  invalidTtl(): void {
    this.stopped = true;
    this.#tellControllers(PacketInReason.INVALID_TTL, undefined);
  }

  #begin(): void {
    this.#entry = undefined;
    this.stopped = false;
    this.#actionSet.clear();
  }

  #runTables(): void {
    const { packet } = this;
    let tableId = 0;
    do {
      packet.refresh();
      const entry = this.#tables.open(tableId).lookup(packet.key);
      if (!entry) return;
      this.#entry = entry;
      entry.packets += 1;
      entry.bytes += packet.frame.length;
      entry.usedAt = this.#passage.now;
      this.#runProgram(entry.program);
      tableId = entry.program.goto;
    } while (tableId >= 0 && !this.stopped);
    if (!this.stopped && !this.#actionSet.isEmpty) this.#runList(this.#actionSet.take());
  }

  #runProgram({ apply, clear, write, metadata }: Program): void {
    this.#runList(apply);
    if (this.stopped) return;
    if (clear) this.#actionSet.clear();
    this.#actionSet.write(write);
    if (metadata) this.#writeMetadata(metadata);
  }

  #writeMetadata({ valueHi, valueLo, maskHi, maskLo }: MetadataWrite): void {
    const { key } = this.packet;
    key[KeyWord.METADATA] = (key[KeyWord.METADATA]! & ~maskHi) | valueHi;
    key[KeyWord.METADATA + 1] = (key[KeyWord.METADATA + 1]! & ~maskLo) | valueLo;
  }

  #runList(actions: readonly CompiledAction[]): void {
    for (let i = 0; i < actions.length && !this.stopped; i++) actions[i]!.run(this);
  }

  #toController(maxLen: number): void {
    const entry = this.#entry;
    // An entry of priority 0 that matches everything is the table-miss entry (section 5.4).
    const isMiss = entry !== undefined && entry.priority === 0 && entry.match.fields.length === 0;
    this.#tellControllers(isMiss ? PacketInReason.NO_MATCH : PacketInReason.ACTION, maxLen);
  }

  #tellControllers(reason: number, maxLen: number | undefined): void {
    const { origin, inPort } = this.#passage;
    if (origin && (origin.config & PortConfig.NO_PACKET_IN) !== 0) return;
    const { key } = this.packet;
    this.#packetIn({
      reason,
      tableId: this.#entry?.tableId ?? 0,
      cookie: this.#entry?.cookie ?? noCookie,
      inPort,
      metadata: [key[KeyWord.METADATA]!, key[KeyWord.METADATA + 1]!],
      tunnelId: [key[KeyWord.TUNNEL_ID]!, key[KeyWord.TUNNEL_ID + 1]!],
      frame: this.packet.share(),
      maxLen,
    });
  }
}
