import { type Action, BadRequestCode, ErrorType, type Message, type OfpVersion, PortNo } from '../../ofp/index.ts';
import type { PacketOut } from '../bridge.ts';
import { OpenFlowRefusal } from '../errors.ts';
import { optionIndex } from '../flow/fields.ts';
import { KeyWord, keyFields } from '../packet/index.ts';
import { standardActions } from './old-actions.ts';

const ethernet = 0;

/**
 * A packet-out of any version; in 1.5 the port and other fields that no packet has are in the match (1.5 section 7.3.6).
 * Throws `OpenFlowRefusal` for fields that packets have, and for packets that are not Ethernet frames.
 */
export function packetOutOf(message: Message<'packetOut'>, version: OfpVersion): PacketOut {
  const match = message.match ?? [];
  const actions: Action[] = [];
  let inPort = message.inPort ?? PortNo.ANY;
  let metadata = 0n;
  let tunnelId = 0n;
  for (const field of match) {
    if (field.field === 'in_port') inPort = field.value;
    else if (field.field === 'metadata') metadata = field.value;
    else if (field.field === 'tunnel_id') tunnelId = field.value;
    else if (field.field === 'packet_type' && field.value === ethernet) continue;
    else if (field.field === 'packet_type') throw refusal(BadRequestCode.BAD_PACKET, 'no Ethernet frame');
    else if (isRegister(field.field)) actions.push({ type: 'setField', field });
    else throw refusal(BadRequestCode.PIPELINE_FIELDS_ONLY, `a packet-out with ${field.field}`);
  }
  actions.push(...standardActions(message.actions, match, version));
  return { ...message, inPort, metadata, tunnelId, actions };
}

/** Whether only actions write a field. */
function isRegister(name: string): boolean {
  return optionIndex(name) !== undefined || (keyFields[name]?.at ?? 0) >= 4 * KeyWord.REGISTERS;
}

function refusal(code: number, reason: string): OpenFlowRefusal {
  return new OpenFlowRefusal(ErrorType.BAD_REQUEST, code, reason);
}
