import { type Message, type OfpVersion, type Outgoing, PortConfig, PortNo, PortState } from '../../../ofp/index.ts';
import { RuleBook } from './rule-book.ts';

type PortDesc = Message<'portStatus'>['desc'];
type PacketOut = Pick<Message<'packetOut'>, 'actions' | 'data'> & { readonly bufferId?: number };

/** A meter or a group that comes, goes or changes. */
export type OtherChange = Extract<Outgoing, { type: 'meterMod' | 'groupMod' }>;

export interface SwitchPort {
  readonly no: number;
  readonly name: string;
  /** Six bytes. */
  readonly mac: Uint8Array;
  readonly isUp: boolean;
}

/** How a switch is talked to while it is connected. */
export interface SwitchVoice {
  readonly version: OfpVersion;
  /** False: dropped, since the switch does not read, or the frame is too long. */
  packetOut(inPort: number, out: PacketOut): boolean;
  /** A change that is no rule. */
  change(change: OtherChange): void;
  /** Calls `done` once what was sent so far is carried out, or never will be. */
  barrier(now: number, done: () => void): void;
}

export interface SwitchCounters {
  packetIns: number;
  packetOuts: number;
  /** Packet-outs that were dropped, since the switch did not read or they were too long. */
  packetOutsDropped: number;
  flowMods: number;
  /** Error messages of the switch. */
  errors: number;
  /** Malformed or misplaced messages. */
  malformed: number;
  /** Connections so far. */
  connections: number;
  /** Ports that were not taken note of, since there were too many. */
  portsRefused: number;
}

/** Most ports of a switch: what sends a frame of 16 KiB out of all of them has to fit into one message. */
export const maxPorts = 3_000;

/** One datapath and what is known of it, while it is connected and for a while after. */
export class ManagedSwitch {
  readonly datapathId: bigint;
  /** 16 hex digits. */
  readonly name: string;
  readonly rules = new RuleBook();
  readonly ports = new Map<number, SwitchPort>();
  readonly counters: SwitchCounters = {
    packetIns: 0,
    packetOuts: 0,
    packetOutsDropped: 0,
    flowMods: 0,
    errors: 0,
    malformed: 0,
    connections: 0,
    portsRefused: 0,
  };
  /** Frames come in and go out here; the links decide it. */
  readonly forwarding = new Set<number>();
  /** It has a table for each stage of the pipeline; otherwise there is one table, and rules for pairs of hosts. */
  isStaged = false;
  voice: SwitchVoice | undefined;

  constructor(datapathId: bigint) {
    this.datapathId = datapathId;
    this.name = datapathId.toString(16).padStart(16, '0');
  }

  get isConnected(): boolean {
    return this.voice !== undefined;
  }

  /** It came, or changed. */
  notePort(port: SwitchPort): void {
    if (this.ports.size < maxPorts || this.ports.has(port.no)) this.ports.set(port.no, port);
    else this.counters.portsRefused += 1;
  }

  packetOut(inPort: number, out: PacketOut): void {
    if (this.voice?.packetOut(inPort, out)) this.counters.packetOuts += 1;
    else this.counters.packetOutsDropped += 1;
  }
}

/** Undefined for a port that frames cannot be sent to. */
export function readPort({ portNo, name, hwAddr, config, state }: PortDesc): SwitchPort | undefined {
  if (portNo > PortNo.MAX && portNo !== PortNo.LOCAL) return undefined;
  const isUp = (config & PortConfig.PORT_DOWN) === 0 && (state & PortState.LINK_DOWN) === 0;
  return { no: portNo, name, mac: hwAddr.slice(), isUp };
}
