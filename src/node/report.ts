import type { EdgeKind } from '../../topology/index.ts';
import type { PortReport } from '../control/port-report.ts';

export type { PortReport } from '../control/port-report.ts';

/** What a live node tells about itself over its control socket: JSON, ids as lower-case hex. Read from memory, never waited for. */

export interface StatusReport {
  readonly name: string;
  /** 32 hex digits. */
  readonly nodeId: string;
  /** 16 hex digits: the datapath id. */
  readonly switchId: string;
  readonly overlay: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly tap: {
    readonly name: string;
    readonly mac: string;
    readonly mtu: number;
    readonly addresses: readonly string[];
  };
  readonly signal: { readonly url: string; readonly connected: boolean };
  /** Where OpenFlow controllers and tools reach the switch, in the notation of `ovs-ofctl`. */
  readonly openflow: readonly string[];
  /** Nodes of the overlay, this one included. */
  readonly members: number;
  readonly linksUp: number;
  /** Every link that this node wants is up. */
  readonly settled: boolean;
  readonly hosts: number;
  /** IP addresses whose owner is known, for answers to ARP and neighbour discovery. */
  readonly addresses: number;
  /** Multicast groups whose frames go to members only. */
  readonly prunedGroups: number;
  /** What the apps of the controller did, by name; zeros are left out. */
  readonly services: Readonly<Record<string, number>>;
  readonly flows: number;
  /** Everything that was dropped or refused, by name; zeros are left out. */
  readonly drops: Readonly<Record<string, number>>;
}

/** What this node wants of a link, else what its peer wants of it (in). */
export type PeerKind =
  | 'predecessor'
  | 'successor+predecessor'
  | 'unwanted'
  | EdgeKind
  | `${Exclude<EdgeKind, 'successor'>} (in)`;

export interface PeerReport {
  readonly nodeId: string;
  readonly name: string | undefined;
  /** `retired`: about to be closed, nothing is sent over it. */
  readonly state: 'dialling' | 'accepting' | 'up' | 'retired';
  readonly kind: PeerKind;
  readonly stateMs: number;
  /** Port of the switch, while the link is up. */
  readonly port: number | undefined;
  readonly rttMs: number | undefined;
  /** `direct`, or `relay` when a TURN server carries it. */
  readonly path: 'direct' | 'relay' | undefined;
  readonly remoteAddress: string | undefined;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly txDropped: number;
}

export interface MacReport {
  readonly mac: string;
  /** 0 for frames without a tag. */
  readonly vlan: number;
  /** Node that it is behind. */
  readonly nodeId: string;
  readonly name: string | undefined;
  /** Leaf port, where it is behind this node. */
  readonly port: number | undefined;
  readonly knownMs: number;
  /** How often it moved from switch to switch, as far as that is known. */
  readonly sequence: number;
  /** Two places claimed it in turn: it is pinned to this one for a while. */
  readonly isDamped: boolean;
}

/** What this node did with one flood; see `FloodTrace`. */
export interface FloodReport {
  readonly root: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly from: string | undefined;
  readonly hops: number;
  readonly to: readonly string[];
}

/** Questions of the control socket and the shape of their answers. */
export interface Reports {
  readonly status: StatusReport;
  readonly peers: readonly PeerReport[];
  readonly ports: readonly PortReport[];
  /** A line for each rule, in the notation of `ovs-ofctl dump-flows`. */
  readonly flows: readonly string[];
  readonly macs: readonly MacReport[];
  readonly floods: readonly FloodReport[];
}

export type Question = keyof Reports;
/** In the order in which they are named to people. */
export const questions = ['status', 'peers', 'ports', 'flows', 'macs', 'floods'] as const satisfies readonly Question[];
