import { FlowModFlags, GroupType, MeterNo, PacketInReason, PortConfig, PortNo } from '../../ofp/index.ts';
import { ActionSet } from '../actions/action-set.ts';
import { remarkDscp } from '../actions/dscp.ts';
import type { CompiledAction, Execution, ToController } from '../actions/execution.ts';
import type { FlowEntry } from '../flow/flow-entry.ts';
import type { FlowTables } from '../flow/flow-tables.ts';
import type { Bucket } from '../group/group.ts';
import type { GroupTable } from '../group/group-table.ts';
import type { MacTable } from '../mac-table.ts';
import type { MeterTable } from '../meter/meter-table.ts';
import { KeyWord, type Packet } from '../packet/index.ts';
import type { Egress } from './egress.ts';
import { forwardNormally } from './normal.ts';
import type { Passage } from './passage.ts';
import type { MetadataWrite, Program } from './program.ts';

/** A frame for the controllers. */
export interface PacketIn {
  /** `PacketInReason` up to 1.3. */
  readonly reason: number;
  /** `PacketInReason` of 1.4 and later, which tells action sets, groups and packet-outs apart. */
  readonly cause: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly inPort: number;
  readonly metadata: readonly [hi: number, lo: number];
  readonly tunnelId: readonly [hi: number, lo: number];
  /** What only actions write, from `KeyWord.REGISTERS` on; undefined: nothing was written. */
  readonly registers: Uint32Array | undefined;
  /** Controllers that gave themselves this id are meant; 0 at first. */
  readonly controllerId: number;
  /** What an action gave along for the controller. */
  readonly userdata: Uint8Array | undefined;
  /** The whole frame; a view that is valid until the call into the bridge that caused it returns. */
  readonly frame: Uint8Array;
  /** Bytes that the controller wants, or undefined: as many as its configuration says. */
  readonly maxLen: number | undefined;
}

/** Counts of packets that the pipeline did not carry through. */
export interface PipelineCounters {
  /** Sent to a group that is not there, or through more buckets than one packet may. */
  groupDrops: number;
  /** Dropped by a band of a meter. */
  meterDrops: number;
}

/** What flow entries refer to, and where packets go besides ports. */
export interface PipelineParts {
  readonly tables: FlowTables;
  readonly groups: GroupTable;
  readonly meters: MeterTable;
  readonly egress: Egress;
  readonly macs: MacTable;
  /** Called while a frame is under way: it may only queue. */
  packetIn(event: PacketIn): void;
}

/** Buckets that the copies of one packet go through, and groups within groups: beyond it, the packet is dropped there. */
const bucketLimit = 1024;
const groupDepth = 32;

/** Cookie of a packet-in that no entry caused (section 7.4.1). */
const noCookie = 0xffff_ffff_ffff_ffffn;

/** Runs frames through the flow tables, one at a time. */
export class Pipeline implements Execution {
  stopped = false;
  readonly stack: bigint[] = [];
  /** No controller: what no entry of table 0 takes, and what the table-miss entry has for controllers, goes the NORMAL way. */
  isAlone = false;
  readonly packet: Packet;
  readonly counters: PipelineCounters = { groupDrops: 0, meterDrops: 0 };
  readonly #passage: Passage;
  readonly #parts: PipelineParts;
  readonly #reserved: ReadonlyMap<number, (maxLen: number) => void>;
  readonly #actionSet = new ActionSet();
  /** The entry whose actions run; undefined while those of a packet-out do. */
  #entry: FlowEntry | undefined;
  /** `PacketInReason` of an output to the controllers, unless the entry is the table-miss entry. */
  #cause: number = PacketInReason.ACTION;
  #bucketsLeft = bucketLimit;
  #depth = 0;

  constructor(passage: Passage, parts: PipelineParts) {
    const { egress } = parts;
    this.packet = passage.packet;
    this.#passage = passage;
    this.#parts = parts;
    this.#reserved = new Map<number, (maxLen: number) => void>([
      [PortNo.IN_PORT, () => passage.origin && egress.emit(passage.origin)],
      [PortNo.TABLE, () => this.#onCopy(() => this.#runTables())],
      [PortNo.NORMAL, () => forwardNormally(passage, parts.macs, egress)],
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
    this.#cause = PacketInReason.PACKET_OUT;
    this.#runList(actions);
  }

  output(portNo: number, maxLen: number): void {
    if (portNo > PortNo.MAX) this.#reserved.get(portNo)?.(maxLen);
    else this.#parts.egress.toPort(portNo);
  }

  toController({ maxLen, controllerId, reason, userdata }: ToController): void {
    const isAction = reason === PacketInReason.ACTION;
    this.#tellControllers(reason, isAction ? this.#cause : reason, maxLen, controllerId, userdata);
  }

  invalidTtl(): void {
    this.stopped = true;
    this.#tellControllers(PacketInReason.INVALID_TTL, PacketInReason.INVALID_TTL, undefined);
  }

  meter(id: number): void {
    const { packet } = this;
    const band = this.#parts.meters.get(id)?.measure(packet.segments, packet.wireLength, this.#passage.now);
    if (!band) return;
    if (band.given.type === 'dscpRemark') {
      remarkDscp(packet, band.given.precLevel);
      return;
    }
    this.counters.meterDrops += 1;
    this.stopped = true;
  }

  group(id: number): void {
    const { groups } = this.#parts;
    const group = groups.get(id);
    if (!group || this.#depth >= groupDepth) {
      this.counters.groupDrops += 1;
      return;
    }
    group.packets += 1;
    group.bytes += this.packet.frame.length;
    if (group.type === GroupType.ALL || group.type === GroupType.INDIRECT) {
      for (const bucket of group.buckets) this.#runBucket(bucket);
      return;
    }
    this.packet.refresh();
    const bucket = groups.choose(group, this.packet);
    if (bucket) this.#runBucket(bucket);
  }

  #runBucket(bucket: Bucket): void {
    if (this.#bucketsLeft <= 0) {
      this.counters.groupDrops += 1;
      return;
    }
    bucket.packets += 1;
    bucket.bytes += this.packet.frame.length;
    this.#bucketsLeft -= 1;
    this.#depth += 1;
    this.#onCopy(() => {
      this.#cause = PacketInReason.GROUP;
      this.#runList(bucket.program);
    });
    this.#depth -= 1;
  }

  /** What the work does to the packet is undone after it, and what stops the packet stops the copy only. */
  #onCopy(work: () => void): void {
    const { packet } = this;
    const { key } = packet;
    const frame = packet.share();
    const [metadataHi, metadataLo] = [key[KeyWord.METADATA]!, key[KeyWord.METADATA + 1]!];
    const [tunnelHi, tunnelLo] = [key[KeyWord.TUNNEL_ID]!, key[KeyWord.TUNNEL_ID + 1]!];
    const { registers } = packet;
    const cause = this.#cause;
    const entry = this.#entry;
    work();
    this.#entry = entry;
    this.#cause = cause;
    this.stopped = false;
    packet.restore(frame);
    packet.setContext(this.#passage.inPort, metadataHi, metadataLo, tunnelHi, tunnelLo);
    if (registers) packet.setRegisters(registers);
  }

  #begin(): void {
    this.#entry = undefined;
    this.stopped = false;
    this.#cause = PacketInReason.ACTION;
    this.#bucketsLeft = bucketLimit;
    this.#depth = 0;
    if (this.stack.length > 0) this.stack.length = 0;
  }

  #runTables(): void {
    const { packet } = this;
    this.#cause = PacketInReason.ACTION;
    this.#actionSet.clear();
    let tableId = 0;
    do {
      packet.refresh();
      const entry = this.#lookUp(tableId);
      if (this.stopped) return;
      if (!entry) {
        if (this.isAlone && tableId === 0) this.output(PortNo.NORMAL, 0);
        return;
      }
      this.#entry = entry;
      if ((entry.flags & FlowModFlags.NO_PKT_COUNTS) === 0) entry.packets += 1;
      if ((entry.flags & FlowModFlags.NO_BYT_COUNTS) === 0) entry.bytes += packet.frame.length;
      entry.usedAt = this.#passage.now;
      this.#runProgram(entry.program);
      tableId = entry.program.goto;
    } while (tableId >= 0 && !this.stopped);
    if (this.stopped || this.#actionSet.isEmpty) return;
    this.#cause = PacketInReason.ACTION_SET;
    this.#runList(this.#actionSet.take());
  }

  /** A packet whose flow the cache does not know yet goes through the slow path's meter, where there is one. */
  #lookUp(tableId: number): FlowEntry | undefined {
    const { tables, meters } = this.#parts;
    const { cacheMisses } = tables;
    const entry = tables.open(tableId).lookup(this.packet.key);
    if (tables.cacheMisses !== cacheMisses && meters.hasSlowpath) this.meter(MeterNo.SLOWPATH);
    return entry;
  }

  #runProgram({ meter, apply, clear, write, metadata }: Program): void {
    if (meter > 0) this.meter(meter);
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
    if (isMiss && this.isAlone) this.output(PortNo.NORMAL, 0);
    else if (isMiss) this.#tellControllers(PacketInReason.NO_MATCH, PacketInReason.NO_MATCH, maxLen);
    else this.#tellControllers(PacketInReason.ACTION, this.#cause, maxLen);
  }

  #tellControllers(
    reason: number,
    cause: number,
    maxLen: number | undefined,
    controllerId = 0,
    userdata?: Uint8Array,
  ): void {
    const { origin, inPort, now } = this.#passage;
    if (origin && (origin.config & PortConfig.NO_PACKET_IN) !== 0) return;
    const { packet } = this;
    const { key } = packet;
    const band = this.#parts.meters.get(MeterNo.CONTROLLER)?.measure(1, packet.frame.length, now);
    if (band?.given.type === 'drop') {
      this.counters.meterDrops += 1;
      return;
    }
    this.#parts.packetIn({
      reason,
      cause,
      tableId: this.#entry?.tableId ?? 0,
      cookie: this.#entry?.cookie ?? noCookie,
      inPort,
      metadata: [key[KeyWord.METADATA]!, key[KeyWord.METADATA + 1]!],
      tunnelId: [key[KeyWord.TUNNEL_ID]!, key[KeyWord.TUNNEL_ID + 1]!],
      registers: packet.registers,
      controllerId,
      userdata,
      frame: packet.share(),
      maxLen,
    });
  }
}
