/** What a live controller tells about itself over its control socket. Read from memory, never waited for. */

export interface ControllerStatus {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly apps: readonly string[];
  /** Where switches may connect, and which are dialled. */
  readonly listen: readonly string[];
  readonly dial: readonly string[];
  readonly role: 'equal' | 'master' | 'slave';
  readonly switches: readonly SwitchReport[];
  readonly links: readonly LinkReport[];
  readonly hosts: readonly HostReport[];
  /** What happened so far, by name; zeros are left out. */
  readonly counters: Readonly<Record<string, number>>;
  /** Everything that was dropped or refused, by name; zeros are left out. */
  readonly drops: Readonly<Record<string, number>>;
}

export interface SwitchReport {
  /** 16 hex digits. */
  readonly datapathId: string;
  /** Absent while it is away. */
  readonly peer: string | undefined;
  /** Version of TLS, where that is spoken. */
  readonly security: string | undefined;
  /** Such as 1.3. */
  readonly openflow: string | undefined;
  /** connected: its rules are as they should be; syncing: they are being made so; standby: another controller is master. */
  readonly state: 'connected' | 'syncing' | 'standby' | 'away';
  readonly roundTripMs: number | undefined;
  readonly ports: readonly ControllerPortReport[];
  readonly rules: number;
  readonly hosts: number;
  readonly queuedBytes: number;
  readonly counters: Readonly<Record<string, number>>;
}

export interface ControllerPortReport {
  readonly port: number;
  readonly name: string;
  readonly state: 'down' | 'probing' | 'forwarding' | 'blocked';
  /** Another port of the network is behind it. */
  readonly isLink: boolean;
}

export interface LinkReport {
  readonly fromSwitch: string;
  readonly fromPort: number;
  readonly toSwitch: string;
  readonly toPort: number;
  readonly isForwarding: boolean;
}

/** A host at a port that leads to no other switch. */
export interface HostReport {
  readonly mac: string;
  readonly datapathId: string;
  readonly port: number;
  readonly portName: string | undefined;
  readonly knownMs: number;
}

/** Questions of the control socket and the shape of their answers. */
export interface ControllerReports {
  readonly status: ControllerStatus;
}
