import { type OxmField, PortReason, type ReplyBody, type ReplyItem } from '../ofp/index.ts';
import { SwitchError } from './errors.ts';
import type { FloodEngine } from './flood/index.ts';
import { flowStatsOf } from './flow/flow-stats.ts';
import type { FlowChange, FlowTables, TableSettings } from './flow/flow-tables.ts';
import type { FlowMatch } from './flow/match.ts';
import type { GroupChange } from './group/group-table.ts';
import { Journal } from './journal.ts';
import { MacTable } from './mac-table.ts';
import type { MeterChange } from './meter/meter-table.ts';
import { type BridgeObserver, Observers } from './observers.ts';
import { type FrameCounters, FramePath, type PacketOut, switchIdOf } from './pipeline/frame-path.ts';
import { LoopGuard } from './ports/loop-guard.ts';
import { Port, type PortOptions } from './ports/port.ts';
import { applyPortChange, type PortChange } from './ports/port-change.ts';
import { floodPortNo, PortTable } from './ports/port-table.ts';
import { Rules } from './rules.ts';
import type { MappedOption, OptionMapping } from './tunnel-options.ts';

export type { PacketOut } from './pipeline/frame-path.ts';

export interface BridgeOptions {
  readonly datapathId: bigint;
  /** The 128-bit node id; its upper 64 bits name this switch in link records. */
  readonly selfId: bigint;
  /** With one, the bridge has the logical flood port. */
  readonly flood?: FloodEngine;
  /** For the description that controllers read; at most 255 bytes. */
  readonly description?: string;
}

export interface BridgeCounters extends FrameCounters {
  /** Ports blocked because they heard this switch's own probe. */
  loops: number;
}

/** What a bridge shows of its flow tables. */
export type FlowView = Pick<FlowTables, 'entries' | 'generation' | 'nextExpiry' | 'select' | 'size' | 'table'>;

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
  readonly #rules: Rules;
  readonly #ports = new PortTable();
  readonly #flood: FloodEngine | undefined;
  readonly #path: FramePath;
  readonly #observers = new Observers();
  readonly #journal = new Journal();
  readonly #loops: LoopGuard;
  #isBusy = false;

  constructor(options: BridgeOptions) {
    this.datapathId = options.datapathId;
    this.selfId = options.selfId;
    this.description = options.description ?? '';
    if (new TextEncoder().encode(this.description).length > maxDescription) {
      throw new SwitchError('SWITCH_DESCRIPTION', `the description has more than ${maxDescription} bytes`);
    }
    this.#flood = options.flood;
    this.#rules = new Rules({
      salt: Number(BigInt.asUintN(32, options.datapathId)),
      journal: this.#journal,
      isPortLive: (no) => this.#ports.get(no)?.isLive === true,
      isPortUp: (no) => this.#ports.get(no)?.isUp === true,
      flowRemoved: (entry, reason, now) =>
        this.#observers.queue((observer) => observer.flowRemoved?.(entry, reason, now)),
      flowChanged: (entry, before) => this.#observers.queue((observer) => observer.flowChanged?.(entry, before)),
    });
    this.flows = this.#rules.tables;
    this.#loops = new LoopGuard(switchIdOf(options.selfId), this.#ports, (port) => {
      if (port.isBlocked) this.macs.forgetPort(port.no);
      this.#notePortChange(port, PortReason.MODIFY);
    });
    this.#path = new FramePath({
      ...{ selfId: options.selfId, ports: this.#ports, rules: this.#rules, macs: this.macs, loops: this.#loops },
      flood: options.flood,
      packetIn: (event) => this.#observers.queue((observer) => observer.packetIn?.(event)),
    });
    if (options.flood) this.#ports.addPort(floodPort(options.selfId));
  }

  get counters(): BridgeCounters {
    return { ...this.#path.counters, loops: this.#loops.found };
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

  /** Whether answers from the other end of a port's link are overdue. Nobody is told: it may pass at once. */
  setLate(no: number, isLate: boolean): void {
    const port = this.#ports.get(no);
    if (port !== undefined) port.isLate = isLate;
  }

  // HOT PATH
  /**
   * A batch from a port: Ethernet frames at a leaf port, messages of link records at a peer port. `areHeaded`: see
   * packet/headed.ts; those that are not finished have to pass whole.
   */
  receive(portNo: number, batch: readonly Uint8Array[], now: number, areHeaded = false): void {
    this.#run(() => {
      const port = this.#ports.get(portNo);
      if (port) this.#path.receive(port, batch, now, areHeaded);
    });
  }

  /** Whether any frame may be received that is not finished: all it can meet are leaf ports and plain rules. */
  get passesAllWhole(): boolean {
    return this.#path.passesAllWhole;
  }

  /** Whether this frame may be, by the rules in force. */
  passesWhole(portNo: number, frame: Uint8Array): boolean {
    return this.#path.passesWhole(portNo, frame);
  }

  /** Runs a controller's actions on its packet. Throws `OpenFlowRefusal`. */
  packetOut(message: PacketOut, now: number): void {
    this.#run(() => this.#path.packetOut(message, now));
  }

  /** Throws the `OpenFlowRefusal` of a flow-mod that can never be carried out. */
  checkFlows(change: FlowChange): void {
    this.#rules.tables.check(change);
  }

  /** Carries out a flow-mod. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeFlows(change: FlowChange, now: number): void {
    this.#run(() => this.#rules.changeFlows(change, now));
  }

  /** Limit and eviction of one flow table. Throws `OpenFlowRefusal` when there is no such table. */
  configureTable(tableId: number, settings: TableSettings): void {
    this.#run(() => this.#rules.tables.configure(tableId, settings));
  }

  /** Carries out a group-mod; flows that use a deleted group go with it. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeGroups(change: GroupChange, now: number): void {
    this.#run(() => this.#rules.changeGroups(change, now));
  }

  /** Which tunnel options match fields stand for. */
  get optionMappings(): readonly MappedOption[] {
    return this.#rules.options.mappings;
  }

  /** `command`: 0 adds, 1 deletes, 2 deletes all. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeOptions(command: number, mappings: readonly OptionMapping[]): void {
    this.#run(() => this.#rules.options.change(command, mappings));
  }

  /** A match that has to do with this bridge's fields. Throws `OpenFlowRefusal`. */
  compileMatch(match: readonly OxmField[]): FlowMatch {
    return this.#rules.tables.compile(match);
  }

  /** Of one group or, for `GroupNo.ALL`, of all. None for a group that is not there. */
  groupStats(groupId: number, now: number): ReplyItem<'group'>[] {
    return this.#rules.groups.stats(groupId, now, (id) => this.#rules.tables.groupUsers(id));
  }

  /** Of one group or, for `GroupNo.ALL`, of all; buckets have both members (up to 1.4) and properties (1.5). */
  groupDesc(groupId: number): ReplyItem<'groupDesc'>[] {
    return this.#rules.groups.describe(groupId);
  }

  groupFeatures(): ReplyBody<'groupFeatures'> {
    return this.#rules.groups.features();
  }

  /** Carries out a meter-mod; flows that use a deleted meter go with it. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeMeters(change: MeterChange, now: number): void {
    this.#run(() => this.#rules.changeMeters(change, now));
  }

  /** Of one meter or, for `MeterNo.ALL`, of all. Throws `OpenFlowRefusal` for a meter that is not there. */
  meterStats(meterId: number, now: number): ReplyItem<'meter'>[] {
    return this.#rules.meters.stats(meterId, now, (id) => this.#rules.tables.meterUsers(id));
  }

  /** Of one meter or, for `MeterNo.ALL`, of all. Throws `OpenFlowRefusal` for a meter that is not there. */
  meterConfig(meterId: number): ReplyItem<'meterConfig'>[] {
    return this.#rules.meters.config(meterId);
  }

  meterFeatures(): ReplyBody<'meterFeatures'> {
    return this.#rules.meters.features();
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
    return this.#path.fragments;
  }

  /** `flags`: `ConfigFlags`. Throws `OpenFlowRefusal`: fragments pass or are dropped, but are not put together. */
  setFragments(flags: number): void {
    this.#path.fragments = flags;
  }

  /**
   * Without controllers, in fail mode standalone: rules go on, but what they do not know, and what they left to the
   * controllers, goes the way of a learning switch. Ports are probed for loops meanwhile.
   */
  standAlone(isAlone: boolean): void {
    this.#run(() => {
      this.#path.pipeline.isAlone = isAlone;
      this.#loops.set(isAlone);
    });
  }

  /** Lets expire what is due. */
  tick(now: number): void {
    this.#run(() => {
      this.#rules.tables.expire(now);
      this.macs.expire(now);
      this.#loops.tick(now, (port, probe) => this.#path.egress.sendProbe(port, probe));
      if (this.#flood) this.#path.egress.sendCopies(this.#flood.tick(now));
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
        this.#path.egress.flush();
      } finally {
        this.#isBusy = false;
        this.#observers.tell();
      }
    }
  }
}

function floodPort(selfId: bigint): Port {
  const mac = Uint8Array.from({ length: 6 }, (_, i) =>
    i === 0 ? 0x02 : Number((selfId >> BigInt(128 - 8 * i)) & 0xffn),
  );
  return new Port(floodPortNo, 'flood', { name: 'flood', mac, send: () => 0 }, undefined, 0);
}
