import { PortNo } from '../../../ofp/index.ts';
import { apply, Cookie, everywhere, inPort, inVlan, output, type SwitchView, Table } from '../pipeline.ts';
import { packetOut } from '../rules.ts';
import type { App, AppReach, ShownFrame } from './app.ts';
import { type Station, stationKey } from './hosts.ts';
import type { StormControl } from './storm-control.ts';

/**
 * What becomes of unicast to a host that nobody here has heard of: the directory is asked, and frames for hosts that it does not know are
 * flooded (directory) or dropped (drop); or all of them are flooded, and nobody is asked (flood).
 */
export const unknownPolicies = ['directory', 'flood', 'drop'] as const;
export type UnknownPolicy = (typeof unknownPolicies)[number];

export interface UnknownUnicastOptions {
  readonly reach: AppReach;
  readonly storm: StormControl;
  readonly isDropped: boolean;
  /** A rule gives frames to all leaf ports before they come here. */
  readonly isBehindLeaves: boolean;
  /** A host is at a leaf port. */
  readonly isHere: (station: Station) => boolean;
  /** Where a host is; true: rules lead there now. `done` may be called at once. */
  readonly find: (station: Station, now: number, done: (isFound: boolean, now: number) => void) => void;
}

interface Frame {
  readonly inPort: number;
  readonly data: Uint8Array;
}

export const maxWaitingFrames = 256;
export const maxWaitingPerHost = 64;
const maxWaitingBytes = 512 * 1024;
/** Frames for a host that the directory does not know are flooded unasked for so many seconds. */
const floodSeconds = 2;
const macLength = 6;

/** `unknown-unicast`: frames for unknown hosts wait here while the directory is asked, in their order. */
export class UnknownUnicast implements App {
  readonly counters = { unknownFound: 0, unknownFlooded: 0, unknownDropped: 0, unknownOverflow: 0 };
  readonly #options: UnknownUnicastOptions;
  /** By `stationKey`. */
  readonly #waiting = new Map<string, Frame[]>();
  #frames = 0;
  #bytes = 0;
  #view: SwitchView | undefined;

  constructor(options: UnknownUnicastOptions) {
    this.#options = options;
  }

  viewed(view: SwitchView): void {
    this.#view = view;
  }

  /** A frame that went nowhere else, or to leaf ports only. */
  arrived({ packet, inPort: port }: ShownFrame, now: number): void {
    const station = { mac: packet.frame.slice(0, macLength), vlan: packet.vlanId };
    const key = stationKey(station);
    const frame = { inPort: port, data: packet.frame.slice() };
    const waiting = this.#waiting.get(key);
    const isFull = this.#frames >= maxWaitingFrames || this.#bytes + frame.data.length > maxWaitingBytes;
    if (isFull || (waiting?.length ?? 0) >= maxWaitingPerHost) {
      this.counters.unknownOverflow += 1;
      this.#giveUp([frame]);
      return;
    }
    this.#frames += 1;
    this.#bytes += frame.data.length;
    if (waiting !== undefined) {
      waiting.push(frame);
      return;
    }
    this.#waiting.set(key, [frame]);
    this.#options.find(station, now, (isFound) => this.#settle(station, isFound));
  }

  #settle(station: Station, isFound: boolean): void {
    const key = stationKey(station);
    const frames = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    this.#frames -= frames.length;
    for (const { data } of frames) this.#bytes -= data.length;
    if (!isFound) {
      this.#giveUp(frames);
      if (!this.#options.isDropped) this.#lendFlood(station, new Set(frames.map(({ inPort: port }) => port)));
      return;
    }
    this.counters.unknownFound += frames.length;
    const { reach, isBehindLeaves, isHere } = this.#options;
    if (isBehindLeaves && isHere(station)) return;
    // The rules that lead there are on their way to the switch before them.
    reach.send(frames.map(({ data, inPort: port }) => packetOut(data, port, [output(PortNo.TABLE)])));
  }

  #giveUp(frames: readonly Frame[]): void {
    const ports = this.#view?.ports;
    if (this.#options.isDropped || ports === undefined) {
      this.counters.unknownDropped += frames.length;
      return;
    }
    this.counters.unknownFlooded += frames.length;
    const { reach, isBehindLeaves } = this.#options;
    const actions = isBehindLeaves ? [output(ports.flood)] : everywhere(ports);
    reach.send(frames.map(({ data, inPort: port }) => packetOut(data, port, actions)));
  }

  #lendFlood({ mac, vlan }: Station, from: ReadonlySet<number>): void {
    const { storm, reach } = this.#options;
    const ports = this.#view?.ports;
    if (ports === undefined) return;
    for (const port of from) {
      reach.rules.lend({
        ...{ table: Table.destination, cookie: Cookie.unknown, priority: 6, hardTimeout: floodSeconds },
        match: [inPort(port), inVlan(vlan), { field: 'eth_dst', value: mac }],
        instructions: [...storm.meter(port, 'unknownUnicast'), apply(...everywhere(ports))],
      });
    }
  }
}
