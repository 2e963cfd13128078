import { type Message, type OfpVersion, PortNo } from '../../ofp/index.ts';
import type { PacketOut } from '../bridge.ts';
import { standardActions } from './old-actions.ts';

/** A packet-out of any version; in 1.5 the port and other fields that no packet has are in the match. */
export function packetOutOf(message: Message<'packetOut'>, version: OfpVersion): PacketOut {
  const match = message.match ?? [];
  let inPort = message.inPort ?? PortNo.ANY;
  let metadata = 0n;
  let tunnelId = 0n;
  for (const field of match) {
    if (field.field === 'in_port') inPort = field.value;
    if (field.field === 'metadata') metadata = field.value;
    if (field.field === 'tunnel_id') tunnelId = field.value;
  }
  return { ...message, inPort, metadata, tunnelId, actions: standardActions(message.actions, match, version) };
}
