/** A port of a switch, as it is shown. */
export interface PortReport {
  readonly port: number;
  readonly name: string;
  readonly kind: 'leaf' | 'peer' | 'flood';
  readonly mac: string;
  readonly isUp: boolean;
  readonly rxFrames: number;
  readonly rxBytes: number;
  readonly rxDropped: number;
  readonly txFrames: number;
  readonly txBytes: number;
  readonly txDropped: number;
}

/** A `Port` of switch/. */
export interface SwitchPort {
  readonly no: number;
  readonly name: string;
  readonly kind: PortReport['kind'];
  readonly mac: Uint8Array;
  readonly isUp: boolean;
  readonly counters: Readonly<
    Record<
      'rxPackets' | 'rxBytes' | 'rxDropped' | 'rxErrors' | 'txPackets' | 'txBytes' | 'txDropped' | 'txErrors',
      number
    >
  >;
}

export function reportPort({ no, name, kind, mac, isUp, counters }: SwitchPort): PortReport {
  return {
    port: no,
    name,
    kind,
    mac: macText(mac),
    isUp,
    rxFrames: counters.rxPackets,
    rxBytes: counters.rxBytes,
    rxDropped: counters.rxDropped + counters.rxErrors,
    txFrames: counters.txPackets,
    txBytes: counters.txBytes,
    txDropped: counters.txDropped + counters.txErrors,
  };
}

export function macText(mac: Uint8Array): string {
  return [...mac].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
