import type { Packet } from '../packet/index.ts';
import type { Port } from './port.ts';

/**
 * Which VLANs a port is in, as NORMAL forwards (IEEE 802.1Q; the notation is Open vSwitch's). With `tag` alone it is an access
 * port, with `trunks` alone a trunk, with both a trunk whose untagged frames belong to `tag`. VLAN ids are 1 to 4094; 0
 * among the trunks stands for frames without a tag.
 */
export interface PortVlans {
  readonly tag?: number;
  readonly trunks?: ReadonlySet<number>;
}

/** VLAN ids: 12 bits, without the reserved first and last. */
export const vlanIds = { least: 1, most: 4094 } as const;

/** The VLAN that a frame belongs to, 0 for none, if it comes in on this port; -1 when it may not come in there. */
export function arrivalVlan(port: Port | undefined, packet: Packet): number {
  const { vlanId } = packet;
  const vlans = port?.vlans;
  if (!vlans) return vlanId;
  // A tag with id 0 carries a priority only (IEEE 802.1Q clause 9.6).
  if (vlanId === 0 && vlans.tag !== undefined) return vlans.tag;
  return vlans.trunks?.has(vlanId) ? vlanId : -1;
}

export function isInVlan({ vlans }: Port, vlan: number): boolean {
  return !vlans || vlans.tag === vlan || vlans.trunks?.has(vlan) === true;
}

/** Whether frames of a VLAN that the port is in leave it with a tag. */
export function isTagged({ vlans }: Port, vlan: number): boolean {
  return vlan !== 0 && vlans?.tag !== vlan;
}
