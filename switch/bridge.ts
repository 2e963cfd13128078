import {
  type Action,
  BadRequestCode,
  ConfigFlags,
  ErrorType,
  NO_BUFFER,
  type OxmField,
  PortNo,
  PortReason,
  type ReplyBody,
  type ReplyItem,
  SwitchConfigFailedCode,
} from '../ofp/index.ts';
import { compileActions } from './actions/compile.ts';
import { flowWithOptionLengths, groupWithOptionLengths } from './actions/option-lengths.ts';
import { OpenFlowRefusal, SwitchError } from './errors.ts';
import type { FloodEngine } from './flood/index.ts';
import { flowStatsOf } from './flow/flow-stats.ts';
import { type FlowChange, FlowTables, type TableSettings } from './flow/flow-tables.ts';
import type { FlowMatch } from './flow/match.ts';
import { type GroupChange, GroupTable } from './group/group-table.ts';
import { Journal } from './journal.ts';
import { MacTable } from './mac-table.ts';
import { type MeterChange, MeterTable } from './meter/meter-table.ts';
import { type BridgeObserver, Observers } from './observers.ts';
import { isEthernet, Layer, LinkDecoder, linkHopLimit, split64 } from './packet/index.ts';
import { Egress, type EgressCounters, type FloodArrival } from './pipeline/egress.ts';
import { Passage, type SwitchId } from './pipeline/passage.ts';
import { Pipeline, type PipelineCounters } from './pipeline/pipeline.ts';
import { Rehearsal } from './pipeline/rehearsal.ts';
import { LoopGuard } from './ports/loop-guard.ts';
import { Port, type PortOptions } from './ports/port.ts';
import { applyPortChange, type PortChange } from './ports/port-change.ts';
import { floodPortNo, PortTable } from './ports/port-table.ts';
import type { Resources } from './resources.ts';
import { type MappedOption, type OptionMapping, TunnelOptions } from './tunnel-options.ts';

export interface BridgeOptions {
  readonly datapathId: bigint;
  /** The 128-bit node id; its upper 64 bits name this switch in link records. */
  readonly selfId: bigint;
  /** With one, the bridge has the logical flood port. */
  readonly flood?: FloodEngine;
  /** For the description that controllers read; at most 255 bytes. */
  readonly description?: string;
}

export interface BridgeCounters extends EgressCounters, PipelineCounters {
  /** Link messages whose rest was dropped because it made no sense. */
  linkMalformed: number;
  /** Ports blocked because they heard this switch's own probe. */
  loops: number;
  /** Fragments dropped because a controller asked for that. */
  fragments: number;
}

/** A packet-out message, or anything of its shape. */
export interface PacketOut {
  readonly bufferId: number;
  readonly inPort: number;
  /** What these fields are at first; 0 when left out. */
  readonly metadata?: bigint;
  readonly tunnelId?: bigint;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

/** What a bridge shows of its flow tables. */
export type FlowView = Pick<FlowTables, 'entries' | 'generation' | 'nextExpiry' | 'select' | 'size' | 'table'>;

const maxPortNo = 0xfeff;
/** Bytes that OpenFlow has for it. */
const maxDescription = 255;

/**
 * A switch: ports, flow tables, MAC learning and the way of frames between them. Does no I/O: frames come in by `receive`
 * and leave through the ports' sinks, time comes in as `now` (milliseconds of any one clock). Sinks must not call back into
 * the bridge; observers may, as they are called at the end.
 */
export class Bridge {
  readonly datapathId: bigint;
  readonly selfId: bigint;
  readonly description: string;
  /** To look at; changes go through `changeFlows`. */
  readonly flows: FlowView;
  readonly macs = new MacTable();
  readonly #flows: FlowTables;
  readonly #groups: GroupTable;
  readonly #meters: MeterTable;
  readonly #resources: Resources;
  readonly #options: TunnelOptions;
  readonly #ports = new PortTable();
  readonly #flood: FloodEngine | undefined;
  readonly #self: SwitchId;
  readonly #passage = new Passage();
  readonly #egress: Egress;
  readonly #pipeline: Pipeline;
  readonly #rehearsal: Rehearsal;
  readonly #decoder = new LinkDecoder();
  readonly #observers = new Observers();
  readonly #journal = new Journal();
  readonly #loops: LoopGuard;
  #arrivals: FloodArrival[] = [];
  #fragments: number = ConfigFlags.FRAG_NORMAL;
  #fragmentsDropped = 0;
  #isBusy = false;

  constructor(options: BridgeOptions) {
    this.datapathId = options.datapathId;
    this.selfId = options.selfId;
    this.description = options.description ?? '';
    if (new TextEncoder().encode(this.description).length > maxDescription) {
      throw new SwitchError('SWITCH_DESCRIPTION', `the description has more than ${maxDescription} bytes`);
    }
    this.#flood = options.flood;
    this.#self = switchIdOf(options.selfId);
    this.#resources = {
      hasGroup: (id) => this.#groups.get(id) !== undefined,
      hasMeter: (id) => this.#meters.get(id) !== undefined,
      option: (index) => this.#options.place(index),
    };
    this.#options = new TunnelOptions(
      (index) => this.#flows.usesField(`tun_metadata${index}`) || this.#groups.usesField(`tun_metadata${index}`),
    );
    this.#groups = new GroupTable(this.#resources, (no) => this.#ports.get(no)?.isUp === true, this.#journal);
    this.#meters = new MeterTable(this.#journal);
    this.#flows = new FlowTables(
      (entry, reason, now) => this.#observers.queue((observer) => observer.flowRemoved?.(entry, reason, now)),
      this.#journal,
      this.#resources,
      (entry, before) => this.#observers.queue((observer) => observer.flowChanged?.(entry, before)),
    );
    this.flows = this.#flows;
    this.#egress = new Egress(this.#passage, this.#self, this.#ports, options.flood, (arrival) =>
      this.#arrivals.push(arrival),
    );
    this.#pipeline = new Pipeline(this.#passage, {
      tables: this.#flows,
      groups: this.#groups,
      meters: this.#meters,
      egress: this.#egress,
      macs: this.macs,
      packetIn: (event) => this.#observers.queue((observer) => observer.packetIn?.(event)),
    });
    this.#rehearsal = new Rehearsal({ tables: this.#flows, groups: this.#groups, meters: this.#meters });
    this.#loops = new LoopGuard(this.#self, this.#ports, (port) => {
      if (port.isBlocked) this.macs.forgetPort(port.no);
      this.#notePortChange(port, PortReason.MODIFY);
    });
    if (options.flood) this.#ports.addPort(floodPort(options.selfId));
  }

  get counters(): BridgeCounters {
    const { counters } = this.#pipeline;
    return {
      ...this.#egress.counters,
      ...counters,
      linkMalformed: this.#decoder.malformed,
      loops: this.#loops.found,
      fragments: this.#fragmentsDropped,
    };
  }

  /** Returns what ends the subscription. */
  observe(observer: BridgeObserver): () => void {
    return this.#observers.add(observer);
  }

  /** By number. */
  get ports(): readonly Port[] {
    return [...this.#ports.values()].sort((a, b) => a.no - b.no);
  }

  /** Whether any port is in some VLANs only. */
  get hasVlans(): boolean {
    return this.#ports.hasVlans;
  }

  port(no: number): Port | undefined {
    return this.#ports.get(no);
  }

  /** Returns the new port's number. Throws `SwitchError` for a bad or taken name, a bad MAC, and when all numbers are taken. */
  addPort(options: PortOptions, now: number): number {
    return this.#run(() => {
      const port = this.#ports.add(options, now);
      this.#notePortChange(port, PortReason.ADD);
      return port.no;
    });
  }

  /** Throws `SwitchError` when there is no such port. */
  removePort(no: number): void {
    this.#run(() => {
      const port = this.#ports.remove(no);
      this.macs.forgetPort(no);
      this.#loops.forget(port);
      this.#notePortChange(port, PortReason.DELETE);
    });
  }

  /** Whether the port's device or link is usable. A port that does not exist any more is nothing to report. */
  setLink(no: number, isUp: boolean): void {
    this.#run(() => {
      const port = this.#ports.get(no);
      if (!port || port.isLinkUp === isUp) return;
      port.isLinkUp = isUp;
      if (!isUp) this.macs.forgetPort(no);
      this.#notePortChange(port, PortReason.MODIFY);
    });
  }

  // HOT PATH
  /**
   * A batch from a port: Ethernet frames at a leaf port, messages of link records at a peer port. `areHeaded`: see
   * packet/headed.ts; those that are not finished have to pass whole.
   */
  receive(portNo: number, batch: readonly Uint8Array[], now: number, areHeaded = false): void {
    this.#run(() => {
      const port = this.#ports.get(portNo);
      if (!port) return;
      if (port.kind === 'peer') for (let i = 0; i < batch.length; i++) this.#receiveRecords(port, batch[i]!, now);
      else for (let i = 0; i < batch.length; i++) this.#receiveFrame(port, batch[i]!, now, areHeaded);
    });
  }

  /** Whether any frame may be received that is not finished: all it can meet are leaf ports and plain rules. */
  get passesAllWhole(): boolean {
    return this.#flows.arePlain && !this.#ports.hasPeers;
  }

  /** Whether this frame may be, by the rules in force. */
  passesWhole(portNo: number, frame: Uint8Array): boolean {
    if (this.#ports.hasPeers) return false;
    return this.#flows.arePlain || this.#rehearsal.passesWhole(frame, portNo, this.#pipeline.isAlone);
  }

  /** Runs a controller's actions on its packet. Throws `OpenFlowRefusal`. */
  packetOut(message: PacketOut, now: number): void {
    this.#run(() => {
      const { inPort } = message;
      if (message.bufferId !== NO_BUFFER) throw badRequest(BadRequestCode.BUFFER_UNKNOWN, 'packets are not buffered');
      // 0 is what a controller leaves that does not say where a packet comes from.
      const isPort = inPort <= maxPortNo;
      if (!isPort && inPort !== PortNo.CONTROLLER && inPort !== PortNo.ANY && inPort !== PortNo.LOCAL) {
        throw badRequest(BadRequestCode.BAD_PORT, `no port ${inPort}`);
      }
      const actions = compileActions(message.actions, {
        facts: undefined,
        isPacketOut: true,
        resources: this.#resources,
      });
      if (!this.#passage.packet.load(message.data)) return;
      this.#passage.beginHere(this.#ports.get(inPort), inPort, this.#self, now);
      const { metadata = 0n, tunnelId = 0n } = message;
      this.#passage.packet.setContext(inPort, ...split64(metadata), ...split64(tunnelId));
      this.#pipeline.runActions(actions);
      this.#runArrivals(now);
    });
  }

  /** Throws the `OpenFlowRefusal` of a flow-mod that can never be carried out. */
  checkFlows(change: FlowChange): void {
    this.#flows.check(change);
  }

  /** Carries out a flow-mod. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeFlows(change: FlowChange, now: number): void {
    this.#run(() =>
      this.#flows.change(this.#options.isEmpty ? change : flowWithOptionLengths(change, this.#resources), now),
    );
  }

  /** Limit and eviction of one flow table. Throws `OpenFlowRefusal` when there is no such table. */
  configureTable(tableId: number, settings: TableSettings): void {
    this.#run(() => this.#flows.configure(tableId, settings));
  }

  /** Carries out a group-mod; flows that use a deleted group go with it. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeGroups(change: GroupChange, now: number): void {
    this.#run(() => {
      const fitting = this.#options.isEmpty ? change : groupWithOptionLengths(change, this.#resources);
      this.#flows.dropGroupUsers(this.#groups.change(fitting, now), now);
    });
  }

  /** Which tunnel options match fields stand for. */
  get optionMappings(): readonly MappedOption[] {
    return this.#options.mappings;
  }

  /** `command`: 0 adds, 1 deletes, 2 deletes all. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeOptions(command: number, mappings: readonly OptionMapping[]): void {
    this.#run(() => this.#options.change(command, mappings));
  }

  /** A match that has to do with this bridge's fields. Throws `OpenFlowRefusal`. */
  compileMatch(match: readonly OxmField[]): FlowMatch {
    return this.#flows.compile(match);
  }

  /** Of one group or, for `GroupNo.ALL`, of all. None for a group that is not there. */
  groupStats(groupId: number, now: number): ReplyItem<'group'>[] {
    return this.#groups.stats(groupId, now, (id) => this.#flows.groupUsers(id));
  }

  /** Of one group or, for `GroupNo.ALL`, of all; buckets have both members (up to 1.4) and properties (1.5). */
  groupDesc(groupId: number): ReplyItem<'groupDesc'>[] {
    return this.#groups.describe(groupId);
  }

  groupFeatures(): ReplyBody<'groupFeatures'> {
    return this.#groups.features();
  }

  /** Carries out a meter-mod; flows that use a deleted meter go with it. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeMeters(change: MeterChange, now: number): void {
    this.#run(() => this.#flows.dropMeterUsers(this.#meters.change(change, now), now));
  }

  /** Of one meter or, for `MeterNo.ALL`, of all. Throws `OpenFlowRefusal` for a meter that is not there. */
  meterStats(meterId: number, now: number): ReplyItem<'meter'>[] {
    return this.#meters.stats(meterId, now, (id) => this.#flows.meterUsers(id));
  }

  /** Of one meter or, for `MeterNo.ALL`, of all. Throws `OpenFlowRefusal` for a meter that is not there. */
  meterConfig(meterId: number): ReplyItem<'meterConfig'>[] {
    return this.#meters.config(meterId);
  }

  meterFeatures(): ReplyBody<'meterFeatures'> {
    return this.#meters.features();
  }

  /** Makes all the changes that `work` makes by calls of this bridge, or none if it throws; observers hear of them after it. */
  atomically(work: () => void): void {
    this.#observers.hold(() => this.#journal.atomically(work));
  }

  /** Every flow entry, as flow statistics show it. */
  flowStats(now: number): ReplyItem<'flow'>[] {
    return Array.from(this.flows.entries(), (entry) => flowStatsOf(entry, now));
  }

  /** Carries out a port-mod. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changePort(change: PortChange): void {
    this.#run(() => {
      const port = this.#ports.get(change.portNo);
      const before = port?.config ?? 0;
      if (!applyPortChange(port, change)) return;
      this.#journal.record(() => {
        port!.config = before;
      });
      this.#notePortChange(port!, PortReason.MODIFY);
    });
  }

  /** `ConfigFlags`: what becomes of fragments. */
  get fragments(): number {
    return this.#fragments;
  }

  /** `flags`: `ConfigFlags`. Throws `OpenFlowRefusal`: fragments pass or are dropped, but are not put together. */
  setFragments(flags: number): void {
    if (flags !== ConfigFlags.FRAG_NORMAL && flags !== ConfigFlags.FRAG_DROP) {
      throw new OpenFlowRefusal(ErrorType.SWITCH_CONFIG_FAILED, SwitchConfigFailedCode.BAD_FLAGS, `flags ${flags}`);
    }
    this.#fragments = flags;
  }

  /**
   * Without controllers, in fail mode standalone: rules go on, but what they do not know, and what they left to the
   * controllers, goes the way of a learning switch. Ports are probed for loops meanwhile.
   */
  standAlone(isAlone: boolean): void {
    this.#run(() => {
      this.#pipeline.isAlone = isAlone;
      this.#loops.set(isAlone);
    });
  }

  /** Lets expire what is due. */
  tick(now: number): void {
    this.#run(() => {
      this.#flows.expire(now);
      this.macs.expire(now);
      this.#loops.tick(now, (port, probe) => this.#egress.sendProbe(port, probe));
      if (this.#flood) this.#egress.sendCopies(this.#flood.tick(now));
      this.#observers.queue((observer) => observer.ticked?.(now));
    });
  }

  /** Nothing is due before this time; `tick` is wanted then. Infinity: nothing ever is. */
  nextTick(): number {
    return Math.min(
      ...[this.flows.nextExpiry, this.macs.nextExpiry, this.#loops.nextTick],
      this.#flood?.nextTick() ?? Number.POSITIVE_INFINITY,
    );
  }

  #receiveFrame(port: Port, frame: Uint8Array, now: number, isHeaded: boolean): void {
    if (this.#loops.hear(port, frame, now) || !this.#load(port, frame, isHeaded)) return;
    this.#passage.beginHere(port, port.no, this.#self, now);
    this.#pipeline.run();
    this.#runArrivals(now);
  }

  #receiveRecords(port: Port, message: Uint8Array, now: number): void {
    const record = this.#decoder;
    const before = record.malformed;
    record.open(message);
    while (record.next()) {
      if (!this.#load(port, record.frame)) continue;
      const { hopLimit, sourceHi, sourceLo, destinationHi, destinationLo } = record;
      this.#passage.beginFrom(port, hopLimit - 1, sourceHi, sourceLo, destinationHi, destinationLo, now);
      this.#pipeline.run();
      this.#runArrivals(now);
    }
    port.counters.rxErrors += record.malformed - before;
  }

  #runArrivals(now: number): void {
    while (this.#arrivals.length > 0) {
      const arrivals = this.#arrivals;
      this.#arrivals = [];
      const port = this.#ports.get(floodPortNo)!;
      for (const { frame, root } of arrivals) {
        if (!this.#load(port, frame)) continue;
        const { hi, lo } = switchIdOf(root);
        this.#passage.beginFrom(port, linkHopLimit, hi, lo, 0, 0, now);
        this.#pipeline.run();
      }
    }
  }

  /** Counts a frame, and reads it unless it is to be dropped. */
  #load(port: Port, frame: Uint8Array, isHeaded = false): boolean {
    if (!port.admit(frame)) return false;
    if (!isEthernet(frame)) {
      port.counters.rxErrors += 1;
      return false;
    }
    const { packet } = this.#passage;
    packet.load(frame, isHeaded);
    if (this.#fragments !== ConfigFlags.FRAG_DROP || !packet.has(Layer.FRAGMENT)) return true;
    this.#fragmentsDropped += 1;
    return false;
  }

  #notePortChange(port: Port, reason: number): void {
    if (port.kind === 'peer') this.#flood?.setPeers(this.#ports.peers());
    this.#observers.queue((observer) => observer.portStatus?.(port, reason));
  }

  /** Every change and every batch goes through here: ports are flushed and observers told at its end. */
  #run<T>(work: () => T): T {
    if (this.#isBusy) throw new SwitchError('SWITCH_REENTERED', 'a port sink called back into the bridge');
    this.#isBusy = true;
    try {
      return work();
    } finally {
      try {
        this.#egress.flush();
      } finally {
        this.#isBusy = false;
        this.#observers.tell();
      }
    }
  }
}

function switchIdOf(nodeId: bigint): SwitchId {
  const [hi, lo] = split64(nodeId >> 64n);
  return { hi, lo };
}

function floodPort(selfId: bigint): Port {
  const mac = Uint8Array.from({ length: 6 }, (_, i) =>
    i === 0 ? 0x02 : Number((selfId >> BigInt(128 - 8 * i)) & 0xffn),
  );
  return new Port(floodPortNo, 'flood', { name: 'flood', mac, send: () => 0 }, undefined, 0);
}

function badRequest(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}
