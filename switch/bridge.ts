import {
  type Action,
  BadRequestCode,
  ConfigFlags,
  ErrorType,
  NO_BUFFER,
  PortConfig,
  PortModFailedCode,
  PortNo,
  PortReason,
  type ReplyItem,
  SwitchConfigFailedCode,
} from '../ofp/index.ts';
import { compileActions } from './actions/compile.ts';
import { OpenFlowRefusal, SwitchError } from './errors.ts';
import type { FloodEngine } from './flood/index.ts';
import type { FlowEntry } from './flow/flow-entry.ts';
import { flowStatsOf } from './flow/flow-stats.ts';
import { type FlowChange, FlowTables } from './flow/flow-tables.ts';
import { MacTable } from './mac-table.ts';
import { isEthernet, Layer, LinkDecoder, split64 } from './packet/index.ts';
import { type FloodArrival, type PacketIn, Pipeline, type PipelineCounters } from './pipeline/pipeline.ts';
import { Port, type PortOptions } from './ports/port.ts';
import { floodPortNo, PortTable } from './ports/port-table.ts';

export interface BridgeOptions {
  readonly datapathId: bigint;
  /** The 128-bit node id; its upper 64 bits name this switch in link records. */
  readonly selfId: bigint;
  /** With one, the bridge has the logical flood port. */
  readonly flood?: FloodEngine;
  /** For the description that controllers read. */
  readonly description?: string;
}

/** What a bridge tells whoever observes it, after the frames of the call that caused it were handed to the ports. */
export interface BridgeObserver {
  packetIn?(event: PacketIn): void;
  /** `reason`: `FlowRemovedReason`. */
  flowRemoved?(entry: FlowEntry, reason: number, now: number): void;
  /** `reason`: `PortReason`. */
  portStatus?(port: Port, reason: number): void;
  /** After the last event of a call. */
  settled?(): void;
}

export interface BridgeCounters extends PipelineCounters {
  /** Link messages whose rest was dropped because it made no sense. */
  linkMalformed: number;
  /** Fragments dropped because a controller asked for that. */
  fragments: number;
}

/** A packet-out message, or anything of its shape. */
export interface PacketOut {
  readonly bufferId: number;
  readonly inPort: number;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

/** A port-mod message, or anything of its shape. */
export interface PortChange {
  readonly portNo: number;
  readonly hwAddr: Uint8Array;
  readonly config: number;
  readonly mask: number;
}

/** NO_FLOOD is 1.0's; the others are 1.3's. */
const settableConfig =
  PortConfig.PORT_DOWN | PortConfig.NO_RECV | PortConfig.NO_FWD | PortConfig.NO_PACKET_IN | PortConfig.NO_FLOOD;

const maxPortNo = 0xfeff;

/**
 * A switch: ports, flow tables, MAC learning and the way of frames between them. Does no I/O: frames come in by `receive`
 * and leave through the ports' sinks, time comes in as `now` (milliseconds of any one clock). Sinks must not call back into
 * the bridge; observers may, as they are called at the end.
 */
export class Bridge {
  readonly datapathId: bigint;
  readonly selfId: bigint;
  readonly description: string;
  readonly flows: FlowTables;
  readonly macs = new MacTable();
  /** `ConfigFlags`: what becomes of fragments. */
  fragments: number = ConfigFlags.FRAG_NORMAL;
  readonly #ports = new PortTable();
  readonly #flood: FloodEngine | undefined;
  readonly #pipeline: Pipeline;
  readonly #decoder = new LinkDecoder();
  readonly #observers = new Set<BridgeObserver>();
  #arrivals: FloodArrival[] = [];
  #events: ((observer: BridgeObserver) => void)[] = [];
  #fragmentsDropped = 0;
  #isBusy = false;

  constructor(options: BridgeOptions) {
    this.datapathId = options.datapathId;
    this.selfId = options.selfId;
    this.description = options.description ?? '';
    this.#flood = options.flood;
    const [selfHi, selfLo] = split64(options.selfId >> 64n);
    this.flows = new FlowTables((entry, reason, now) =>
      this.#events.push((observer) => observer.flowRemoved?.(entry, reason, now)),
    );
    this.#pipeline = new Pipeline({
      selfHi,
      selfLo,
      tables: this.flows,
      ports: this.#ports,
      macs: this.macs,
      flood: options.flood,
      packetIn: (event) => this.#events.push((observer) => observer.packetIn?.(event)),
      floodArrival: (arrival) => this.#arrivals.push(arrival),
    });
    if (options.flood) this.#ports.addPort(floodPort(options.selfId));
  }

  get counters(): BridgeCounters {
    return { ...this.#pipeline.counters, linkMalformed: this.#decoder.malformed, fragments: this.#fragmentsDropped };
  }

  /** Returns what ends the subscription. */
  observe(observer: BridgeObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** By number. */
  get ports(): readonly Port[] {
    return [...this.#ports.values()].sort((a, b) => a.no - b.no);
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
  /** A batch from a port: Ethernet frames at a leaf port, messages of link records at a peer port. */
  receive(portNo: number, batch: readonly Uint8Array[], now: number): void {
    this.#run(() => {
      const port = this.#ports.get(portNo);
      if (!port) return;
      if (port.kind === 'peer') for (let i = 0; i < batch.length; i++) this.#receiveRecords(port, batch[i]!, now);
      else for (let i = 0; i < batch.length; i++) this.#receiveFrame(port, batch[i]!, now);
    });
  }

  /** Runs a controller's actions on its packet. Throws `OpenFlowRefusal`. */
  packetOut(message: PacketOut, now: number): void {
    this.#run(() => {
      const { inPort } = message;
      if (message.bufferId !== NO_BUFFER) throw badRequest(BadRequestCode.BUFFER_UNKNOWN, 'packets are not buffered');
      const isPort = inPort > 0 && inPort <= maxPortNo;
      if (!isPort && inPort !== PortNo.CONTROLLER && inPort !== PortNo.ANY && inPort !== PortNo.LOCAL) {
        throw badRequest(BadRequestCode.BAD_PORT, `no port ${inPort}`);
      }
      const actions = compileActions(message.actions, { facts: undefined, isPacketOut: true });
      if (!this.#pipeline.packet.load(message.data)) return;
      this.#pipeline.runActions(actions, inPort, now);
      this.#runArrivals(now);
    });
  }

  /** Carries out a flow-mod. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changeFlows(change: FlowChange, now: number): void {
    this.#run(() => this.flows.change(change, now));
  }

  /** Every flow entry, as flow statistics show it. */
  flowStats(now: number): ReplyItem<'flow'>[] {
    return Array.from(this.flows.entries(), (entry) => flowStatsOf(entry, now));
  }

  /** Carries out a port-mod. Throws `OpenFlowRefusal`, and nothing is changed then. */
  changePort(change: PortChange): void {
    this.#run(() => {
      const port = this.#ports.get(change.portNo);
      if (!port) throw portModFailed(PortModFailedCode.BAD_PORT, `no port ${change.portNo}`);
      if (!port.mac.every((byte, i) => byte === change.hwAddr[i])) {
        throw portModFailed(PortModFailedCode.BAD_HW_ADDR, `port ${change.portNo} has another address`);
      }
      if ((change.config & change.mask & ~settableConfig) !== 0) {
        throw portModFailed(PortModFailedCode.BAD_CONFIG, `configuration ${change.config}`);
      }
      const config = (port.config & ~change.mask) | (change.config & change.mask);
      if (config === port.config) return;
      port.config = config;
      this.#notePortChange(port, PortReason.MODIFY);
    });
  }

  /** `flags`: `ConfigFlags`. Throws `OpenFlowRefusal`: fragments pass or are dropped, but are not put together. */
  setFragments(flags: number): void {
    if (flags !== ConfigFlags.FRAG_NORMAL && flags !== ConfigFlags.FRAG_DROP) {
      throw new OpenFlowRefusal(ErrorType.SWITCH_CONFIG_FAILED, SwitchConfigFailedCode.BAD_FLAGS, `flags ${flags}`);
    }
    this.fragments = flags;
  }

  /** Lets expire what is due. */
  tick(now: number): void {
    this.#run(() => {
      this.flows.expire(now);
      this.macs.expire(now);
    });
  }

  /** Nothing is due before this time; `tick` is wanted then. Infinity: nothing ever is. */
  nextTick(): number {
    return Math.min(this.flows.nextExpiry, this.macs.nextExpiry);
  }

  #receiveFrame(port: Port, frame: Uint8Array, now: number): void {
    if (!this.#load(port, frame)) return;
    this.#pipeline.runFromLeaf(port, now);
    this.#runArrivals(now);
  }

  #receiveRecords(port: Port, message: Uint8Array, now: number): void {
    const record = this.#decoder;
    const before = record.malformed;
    record.open(message);
    while (record.next()) {
      if (!this.#load(port, record.frame)) continue;
      this.#pipeline.runFromPeer(port, record, now);
      this.#runArrivals(now);
    }
    port.counters.rxErrors += record.malformed - before;
  }

  #runArrivals(now: number): void {
    while (this.#arrivals.length > 0) {
      const arrivals = this.#arrivals;
      this.#arrivals = [];
      const port = this.#ports.get(floodPortNo)!;
      for (const { frame, root } of arrivals) if (this.#load(port, frame)) this.#pipeline.runFromFlood(port, root, now);
    }
  }

  /** Counts a frame, and reads it unless it is to be dropped. */
  #load(port: Port, frame: Uint8Array): boolean {
    if (!port.admit(frame)) return false;
    if (!isEthernet(frame)) {
      port.counters.rxErrors += 1;
      return false;
    }
    const { packet } = this.#pipeline;
    packet.load(frame);
    if (this.fragments !== ConfigFlags.FRAG_DROP || !packet.has(Layer.FRAGMENT)) return true;
    this.#fragmentsDropped += 1;
    return false;
  }

  #notePortChange(port: Port, reason: number): void {
    if (port.kind === 'peer') this.#flood?.setPeers(this.#ports.peers());
    this.#events.push((observer) => observer.portStatus?.(port, reason));
  }

  /** Every change and every batch goes through here: ports are flushed and observers told at its end. */
  #run<T>(work: () => T): T {
    if (this.#isBusy) throw new SwitchError('SWITCH_REENTERED', 'a port sink called back into the bridge');
    this.#isBusy = true;
    try {
      return work();
    } finally {
      try {
        for (const port of this.#ports.values()) port.flush();
      } finally {
        this.#isBusy = false;
        this.#tellObservers();
      }
    }
  }

  #tellObservers(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    for (const event of events) for (const observer of this.#observers) event(observer);
    for (const observer of this.#observers) observer.settled?.();
  }
}

function floodPort(selfId: bigint): Port {
  const mac = Uint8Array.from({ length: 6 }, (_, i) =>
    i === 0 ? 0x02 : Number((selfId >> BigInt(128 - 8 * i)) & 0xffn),
  );
  return new Port(floodPortNo, 'flood', { name: 'flood', mac, send: () => 0 }, 0);
}

function badRequest(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}

function portModFailed(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.PORT_MOD_FAILED, code, reason);
}
