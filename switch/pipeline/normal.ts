import { PortConfig } from '../../ofp/index.ts';
import { setVlanVid } from '../actions/legacy.ts';
import { popVlan } from '../actions/vlan.ts';
import type { MacTable } from '../mac-table.ts';
import { isGroupAddressed, isLinkLocalGroup, type Packet } from '../packet/index.ts';
import type { Port } from '../ports/port.ts';
import { floodPortNo } from '../ports/port-table.ts';
import { arrivalVlan, isInVlan, isTagged } from '../ports/vlans.ts';
import type { Egress } from './egress.ts';
import type { Passage } from './passage.ts';

/** What a learning switch without OpenFlow would do (OpenFlow 1.3 section 4.5, NORMAL). */
export function forwardNormally(passage: Passage, macs: MacTable, egress: Egress): void {
  const { packet, origin, now } = passage;
  if (isLinkLocalGroup(packet.frame)) return;
  packet.refresh();
  if (origin?.kind === 'peer' && egress.isFlood(packet)) {
    egress.toPort(floodPortNo);
    return;
  }
  const vlan = arrivalVlan(origin, packet);
  if (vlan < 0) {
    egress.counters.wrongVlan += 1;
    return;
  }
  if (origin) macs.learn(packet, vlan, origin.no, now);
  const known = isGroupAddressed(packet.frame) ? undefined : macs.lookup(packet, vlan, now);
  const prepare = egress.hasVlans ? vlanForms(packet, vlan) : undefined;
  const { frame } = packet;
  if (known === undefined) egress.spread(PortConfig.NO_FLOOD, prepare);
  else egress.toPort(known, prepare);
  if (packet.frame !== frame) packet.restore(frame);
}

/** What puts the packet into the form in which a port carries its VLAN; false for a port that is not in it. */
function vlanForms(packet: Packet, vlan: number): (port: Port) => boolean {
  const original = packet.share();
  const hasItsTag = packet.hasVlan && packet.vlanId === vlan;
  let tagged = hasItsTag || vlan === 0 ? original : undefined;
  let untagged = packet.hasVlan && vlan !== 0 ? undefined : original;
  return (port) => {
    if (!isInVlan(port, vlan)) return false;
    if (isTagged(port, vlan)) tagged = takeForm(packet, original, tagged, () => setVlanVid(packet, vlan));
    else untagged = takeForm(packet, original, untagged, () => popVlan(packet));
    return true;
  };
}

/** Loads a form of the frame, which is made from the original once. */
function takeForm(packet: Packet, original: Uint8Array, form: Uint8Array | undefined, make: () => void): Uint8Array {
  packet.restore(form ?? original);
  if (!form) make();
  packet.refresh();
  return packet.share();
}
