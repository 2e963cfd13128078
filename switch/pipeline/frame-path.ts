import type { Action } from '../../ofp/index.ts';
import { BadRequestCode, ConfigFlags, ErrorType, NO_BUFFER, PortNo, SwitchConfigFailedCode } from '../../ofp/index.ts';
import { compileActions } from '../actions/compile.ts';
import { OpenFlowRefusal } from '../errors.ts';
import type { FloodEngine } from '../flood/index.ts';
import type { MacTable } from '../mac-table.ts';
import { isEthernet, Layer, LinkDecoder, linkHopLimit, split64 } from '../packet/index.ts';
import type { LoopGuard } from '../ports/loop-guard.ts';
import type { Port } from '../ports/port.ts';
import { floodPortNo, type PortTable } from '../ports/port-table.ts';
import type { Rules } from '../rules.ts';
import { Egress, type EgressCounters, type FloodArrival } from './egress.ts';
import { Passage, type SwitchId } from './passage.ts';
import { type PacketIn, Pipeline, type PipelineCounters } from './pipeline.ts';
import { Rehearsal } from './rehearsal.ts';

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

export interface FrameCounters extends EgressCounters, PipelineCounters {
  /** Link messages whose rest was dropped because it made no sense. */
  linkMalformed: number;
  /** Fragments dropped because a controller asked for that. */
  fragments: number;
}

/** What frames meet on their way. */
export interface FramePathParts {
  /** The 128-bit node id. */
  readonly selfId: bigint;
  readonly ports: PortTable;
  readonly rules: Rules;
  readonly macs: MacTable;
  readonly loops: LoopGuard;
  readonly flood: FloodEngine | undefined;
  /** Called while a frame is under way: it may only queue. */
  packetIn(event: PacketIn): void;
}

const maxPortNo = 0xfeff;

/** The way of frames through a switch: from a port's device into the pipeline, and out of ports when `flush` is called. */
export class FramePath {
  readonly egress: Egress;
  readonly pipeline: Pipeline;
  readonly #self: SwitchId;
  readonly #ports: PortTable;
  readonly #rules: Rules;
  readonly #loops: LoopGuard;
  readonly #passage = new Passage();
  readonly #rehearsal: Rehearsal;
  readonly #decoder = new LinkDecoder();
  #arrivals: FloodArrival[] = [];
  #fragments: number = ConfigFlags.FRAG_NORMAL;
  #fragmentsDropped = 0;

  constructor({ selfId, ports, rules, macs, loops, flood, packetIn }: FramePathParts) {
    this.#self = switchIdOf(selfId);
    this.#ports = ports;
    this.#rules = rules;
    this.#loops = loops;
    this.egress = new Egress(this.#passage, this.#self, ports, flood, (arrival) => this.#arrivals.push(arrival));
    const { tables, groups, meters } = rules;
    this.pipeline = new Pipeline(this.#passage, { tables, groups, meters, egress: this.egress, macs, packetIn });
    this.#rehearsal = new Rehearsal(rules);
  }

  get counters(): FrameCounters {
    const { malformed: linkMalformed } = this.#decoder;
    return { ...this.egress.counters, ...this.pipeline.counters, linkMalformed, fragments: this.#fragmentsDropped };
  }

  /** `ConfigFlags`: what becomes of fragments. */
  get fragments(): number {
    return this.#fragments;
  }

  /** `flags`: `ConfigFlags`. Throws `OpenFlowRefusal`: fragments pass or are dropped, but are not put together. */
  set fragments(flags: number) {
    if (flags !== ConfigFlags.FRAG_NORMAL && flags !== ConfigFlags.FRAG_DROP) {
      throw new OpenFlowRefusal(ErrorType.SWITCH_CONFIG_FAILED, SwitchConfigFailedCode.BAD_FLAGS, `flags ${flags}`);
    }
    this.#fragments = flags;
  }

  // HOT PATH
  /** See `Bridge.receive`. */
  receive(port: Port, batch: readonly Uint8Array[], now: number, areHeaded: boolean): void {
    if (port.kind === 'peer') for (let i = 0; i < batch.length; i++) this.#receiveRecords(port, batch[i]!, now);
    else for (let i = 0; i < batch.length; i++) this.#receiveFrame(port, batch[i]!, now, areHeaded);
  }

  /** Whether any frame may be received that is not finished: all it can meet are leaf ports and plain rules. */
  get passesAllWhole(): boolean {
    return this.#rules.tables.arePlain && !this.#ports.hasPeers;
  }

  /** Whether this frame may be, by the rules in force. */
  passesWhole(portNo: number, frame: Uint8Array): boolean {
    if (this.#ports.hasPeers) return false;
    return this.#rules.tables.arePlain || this.#rehearsal.passesWhole(frame, portNo, this.pipeline.isAlone);
  }

  /** Runs a controller's actions on its packet. Throws `OpenFlowRefusal`. */
  packetOut({ bufferId, inPort, metadata = 0n, tunnelId = 0n, actions, data }: PacketOut, now: number): void {
    if (bufferId !== NO_BUFFER) throw badRequest(BadRequestCode.BUFFER_UNKNOWN, 'packets are not buffered');
    // 0 is what a controller leaves that does not say where a packet comes from.
    const isPort = inPort <= maxPortNo;
    if (!isPort && inPort !== PortNo.CONTROLLER && inPort !== PortNo.ANY && inPort !== PortNo.LOCAL) {
      throw badRequest(BadRequestCode.BAD_PORT, `no port ${inPort}`);
    }
    const { resources } = this.#rules;
    const compiled = compileActions(actions, { facts: undefined, isPacketOut: true, resources });
    const { packet } = this.#passage;
    if (!packet.load(data)) return;
    this.#passage.beginHere(this.#ports.get(inPort), inPort, this.#self, now);
    packet.setContext(inPort, ...split64(metadata), ...split64(tunnelId));
    this.pipeline.runActions(compiled);
    this.#runArrivals(now);
  }

  #receiveFrame(port: Port, frame: Uint8Array, now: number, isHeaded: boolean): void {
    if (this.#loops.hear(port, frame, now) || !this.#load(port, frame, isHeaded)) return;
    this.#passage.beginHere(port, port.no, this.#self, now);
    this.pipeline.run();
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
      if (record.mark !== 0) this.#passage.packet.setMark(record.mark);
      this.pipeline.run();
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
        this.pipeline.run();
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
}

/** From a 128-bit node id. */
export function switchIdOf(nodeId: bigint): SwitchId {
  const [hi, lo] = split64(nodeId >> 64n);
  return { hi, lo };
}

function badRequest(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}
