/** What a live bridge tells about itself over its control socket. Read from memory, never waited for. */
import type { PortReport } from '../control/port-report.ts';

export type { PortReport } from '../control/port-report.ts';

export interface BridgeStatus {
  readonly name: string;
  /** 16 hex digits. */
  readonly datapathId: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly failMode: 'standalone' | 'secure';
  /** It forwards on its own where no rule says otherwise: it has no controllers, or has had none for too long. */
  readonly isAlone: boolean;
  readonly controllers: readonly ControllerReport[];
  /** Where controllers and tools may connect, in the notation of `ovs-ofctl`. */
  readonly openflow: readonly string[];
  readonly ports: number;
  readonly flows: number;
  readonly macs: number;
  /** Everything that was dropped or refused, by name; zeros are left out. */
  readonly drops: Readonly<Record<string, number>>;
}

export interface ControllerReport {
  readonly target: string;
  readonly state: 'dialling' | 'greeting' | 'connected' | 'waiting';
  readonly stateMs: number;
  readonly role: 'equal' | 'master' | 'slave' | undefined;
  /** Why the last attempt or connection ended. */
  readonly problem: string | undefined;
}

export interface BridgeMacReport {
  readonly mac: string;
  /** 0: untagged. */
  readonly vlan: number;
  readonly port: number;
  readonly portName: string | undefined;
  readonly ageMs: number;
}

/** What would become of a frame. */
export interface TraceReport {
  /** The frame as it comes in, as a match on it and in hexadecimal. */
  readonly flow: string;
  readonly frame: string;
  /** Tables on its way; without a rule: no rule there is for it. */
  readonly steps: readonly { readonly table: number; readonly rule: string | undefined; readonly actions: string }[];
  /** Groups that it went to. */
  readonly groups: readonly number[];
  /** Frames that leave, as a match on them and in hexadecimal. */
  readonly outputs: readonly {
    readonly port: number;
    readonly name: string;
    readonly flow: string;
    readonly frame: string;
  }[];
  readonly toController: readonly { readonly reason: string; readonly bytes: number }[];
  /** What it was dropped for, besides rules: names of counters. */
  readonly drops: readonly string[];
}

/** Questions of the control socket and the shape of their answers. */
export interface BridgeReports {
  readonly status: BridgeStatus;
  readonly ports: readonly PortReport[];
  /** A line for each rule, in the notation of `ovs-ofctl dump-flows`. */
  readonly flows: readonly string[];
  readonly macs: readonly BridgeMacReport[];
  /** `spec`: as `ringlet bridge --port` takes it. */
  readonly 'add-port': { readonly port: number; readonly name: string };
  /** `port`: its name or number. */
  readonly 'del-port': { readonly port: number; readonly name: string };
  /** `flow`: a match, as ovs-ofctl writes it, with in_port; `frame`: its bytes in hexadecimal, or empty for one that fits the match. */
  readonly trace: TraceReport;
  /** `port`: its name or number. A capture file follows the answer. */
  readonly capture: { readonly port: number; readonly name: string };
}
