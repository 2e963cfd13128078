import { type Message, type OfpVersion, PortNo } from '../../ofp/index.ts';
import type { PacketOut } from '../bridge.ts';
import { standardActions } from './old-actions.ts';

/** A packet-out of any version; in 1.5 the port is in the match. */
export function packetOutOf(message: Message<'packetOut'>, version: OfpVersion): PacketOut {
  const match = message.match ?? [];
  const field = match.find((each) => each.field === 'in_port');
  const inPort = field?.field === 'in_port' ? field.value : (message.inPort ?? PortNo.ANY);
  return { ...message, inPort, actions: standardActions(message.actions, match, version) };
}
