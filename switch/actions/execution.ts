import type { Packet } from '../packet/index.ts';

/** One packet's way through the pipeline, as its actions see it. */
export interface Execution {
  readonly packet: Packet;
  /** What Open vSwitch's push and pop put aside and take back. */
  readonly stack: bigint[];
  /** Ends the packet's way: nothing after the running action is done. */
  stopped: boolean;
  /** Sends the packet as it is now to a port, reserved ones included. `maxLen`: bytes for the controller. */
  output(port: number, maxLen: number): void;
  /** Sends the packet as it is now to some of the controllers. */
  toController(options: ToController): void;
  /** Hands copies of the packet as it is now to buckets of a group. */
  group(id: number): void;
  /** Passes the packet through a meter, which may change or stop it. */
  meter(id: number): void;
  /** TTL or hop limit ran out: told to the controllers that want to know, and stopped. */
  invalidTtl(): void;
}

/** What Open vSwitch's controller action says. */
export interface ToController {
  /** Bytes of the packet. */
  readonly maxLen: number;
  /** Which controllers: those that gave themselves this id. */
  readonly controllerId: number;
  /** `PacketInReason`. */
  readonly reason: number;
  /** What the controller gets back; undefined: nothing. */
  readonly userdata: Uint8Array | undefined;
}

/** An action ready to run. Running never throws and never finds a frame too short: it then does nothing. */
export interface CompiledAction {
  /** Same kind: one takes the other's place in an action set. Set-field has a kind for each field. */
  readonly kind: string;
  /** Place in the order in which an action set runs (OpenFlow 1.3 section 5.10). */
  readonly rank: number;
  /** Where an output goes; undefined for the others. */
  readonly outPort?: number;
  /** The group that a group action names. */
  readonly group?: number;
  /** The meter that a meter action names. */
  readonly meter?: number;
  /** Names of match fields that it needs to stay what they are. */
  readonly fields?: readonly string[];
  run(execution: Execution): void;
}

export function namesField(actions: readonly CompiledAction[], name: string): boolean {
  return actions.some(({ fields }) => fields?.includes(name) === true);
}

/** Ranks of section 5.10, in order; a group takes the place of an output. */
export const ActionRank = {
  COPY_TTL_IN: 1,
  POP: 2,
  PUSH_MPLS: 3,
  PUSH_PBB: 4,
  PUSH_VLAN: 5,
  COPY_TTL_OUT: 6,
  DEC_TTL: 7,
  SET: 8,
  QOS: 9,
  GROUP: 10,
  OUTPUT: 11,
} as const;
