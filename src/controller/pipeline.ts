/**
 * What the apps of an overlay switch share: its tables, its cookies and the view of it that their rules follow from.
 *
 *   0 classify     reserved groups and forged frames end here; floods go to the flood port; frames of other switches to 4
 *   1 services     ARP, neighbour discovery, DHCP, IGMP and MLD, as far as the controller looks at them
 *   2 source       is the sender known where it shows up? If not, the controller hears of it. Frames go on in any case
 *   3 destination  frames from leaf ports: MAC -> switch (tunnel id), group -> switches, or flood
 *   4 transit      switch -> next hop
 *   5 local        MAC -> leaf port, group -> leaf ports
 *
 * `metadata` begins as the id of the switch where a frame entered the overlay, 0 if that is this one; `tunnel_id` is the
 * switch where it leaves it; `pkt_mark` is the mark that links carry, of frames that are on a detour.
 */
import {
  type Action,
  type Instruction,
  type KnownOxm,
  type OxmField,
  type OxmName,
  type OxmValue,
  PortNo,
} from '../../ofp/index.ts';

export const Table = { classify: 0, services: 1, source: 2, destination: 3, transit: 4, local: 5 } as const;

/**
 * A rule about another switch has that switch's id as its cookie, and a rule about this one the name of what it is for: a
 * frame that comes up says by it who is to look at it.
 */
export const Cookie = {
  ingress: 0n,
  /** The sender is not known at this place. */
  learning: 1n,
  announcement: 2n,
  /** ARP or ND that the controller answers or floods; the frame went nowhere else. */
  question: 3n,
  /** ARP, ND or DHCP that goes its way; the controller reads along. */
  binding: 4n,
  /** IGMP or MLD; the frame went nowhere else. */
  membership: 5n,
  fence: 6n,
  storm: 7n,
  flood: 8n,
  /** Ways to switches that are not known one by one. */
  area: 9n,
  /** Unicast to a host that is not known; the frame went nowhere else. */
  unknown: 10n,
} as const;

export type { Rule } from './runtime/rule.ts';

export interface SwitchPorts {
  readonly flood: number;
  readonly leaves: readonly number[];
  /** Port of the link to each neighbour, by the neighbour's switch id. */
  readonly peers: ReadonlyMap<bigint, number>;
}

/** The switch as the apps see it. */
export interface SwitchView {
  readonly self: bigint;
  /** Undefined as long as the switch has no flood port. */
  readonly ports: SwitchPorts | undefined;
  /** Switches of the overlay, without this one. */
  readonly members: ReadonlySet<bigint>;
  /** There are others than those. */
  readonly isPartial: boolean;
}

export const switchIdBits = 64;

/** All of a frame. */
export const wholeFrame = 0xffff;

export const output = (port: number, maxLen = 0): Action => ({ type: 'output', port, maxLen });
export const toController = (bytes: number): Action => output(PortNo.CONTROLLER, bytes);
export const goto = (tableId: number): Instruction => ({ type: 'gotoTable', tableId });
export const apply = (...actions: readonly Action[]): Instruction => ({ type: 'applyActions', actions: [...actions] });
export const toSwitch = (switchId: bigint): Action => ({
  type: 'setField',
  field: { field: 'tunnel_id', value: switchId },
});
export const inPort = (port: number): OxmField => ({ field: 'in_port', value: port });

export const markAs = (mark: number): Action => ({ type: 'setField', field: { field: 'pkt_mark', value: mark } });

/** Every leaf port, and the whole overlay; never back to where the frame came from. */
export function everywhere(ports: SwitchPorts): Action[] {
  return [...ports.leaves, ports.flood].map((port) => output(port));
}

/** Frames that entered the overlay here. */
export const enteredHere: OxmField = { field: 'metadata', value: 0n };
/** Services look at frames without a VLAN tag only: addresses in different VLANs have nothing to do with each other. */
export const untagged: OxmField = { field: 'vlan_vid', value: 0 };
const vlanMask = 0xfff;
/** Frames of a VLAN; 0: those without a tag, or with one that has a priority only. */
export const inVlan = (vlan: number): OxmField => ({ field: 'vlan_vid', value: vlan, mask: vlanMask });
const groupBit = Uint8Array.of(1, 0, 0, 0, 0, 0);
export const toGroup: OxmField = { field: 'eth_dst', value: groupBit, mask: groupBit };
export const toOne: OxmField = { field: 'eth_dst', value: new Uint8Array(6), mask: groupBit };
export const fromGroup: OxmField = { field: 'eth_src', value: groupBit, mask: groupBit };
export const toAll: OxmField = { field: 'eth_dst', value: new Uint8Array(6).fill(0xff) };

export const ethType = (value: number): OxmField => ({ field: 'eth_type', value });
export const arp: readonly OxmField[] = [ethType(0x0806)];
export const icmpv6 = (type: number): OxmField[] => [
  ethType(0x86dd),
  { field: 'ip_proto', value: 58 },
  { field: 'icmpv6_type', value: type },
];
export const udp = (version: 4 | 6, from: number, to?: number): OxmField[] => [
  ethType(version === 4 ? 0x0800 : 0x86dd),
  { field: 'ip_proto', value: 17 },
  { field: 'udp_src', value: from },
  ...(to === undefined ? [] : [{ field: 'udp_dst', value: to } as const]),
];

/** The value that a match has for a field. */
export function fieldOf<K extends OxmName>(match: readonly OxmField[], name: K): OxmValue<K> | undefined {
  const found = match.find((field): field is KnownOxm<K> & OxmField => field.field === name);
  return found?.value;
}
