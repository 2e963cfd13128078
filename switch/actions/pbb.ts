import {
  EtherType,
  etherTypeAt,
  get16,
  get32,
  Layer,
  type Packet,
  pbbTagLength,
  pbbTotalLength,
  pbbUca,
  put16,
  put32,
} from '../packet/index.ts';

/**
 * Puts the frame into a backbone frame with the same addresses: I-SID of the backbone tag that was there or 0, priority of
 * the VLAN tag (OpenFlow 1.3 section 5.12.1).
 */
export function pushPbb(packet: Packet, type: number): void {
  const { frame } = packet;
  if (frame.length < etherTypeAt + 2) return;
  const longer = new Uint8Array(frame.length + pbbTotalLength);
  const tagAt = etherTypeAt + 2;
  longer.set(frame.subarray(0, etherTypeAt), 0);
  put16(longer, etherTypeAt, type);
  if (packet.has(Layer.PBB) && get16(frame, etherTypeAt) === EtherType.PBB) {
    put32(longer, tagAt, get32(frame, tagAt));
  } else if (packet.hasVlan) {
    longer[tagAt] = frame[etherTypeAt + 2]! & 0xe0;
  }
  longer.set(frame, tagAt + pbbTagLength);
  packet.replace(longer);
}

/** Takes the customer's frame out of a backbone frame; VLAN tags of the backbone stay in front of it. */
export function popPbb(packet: Packet): void {
  const { frame, l3At } = packet;
  const customer = l3At + pbbTagLength;
  if (!packet.has(Layer.PBB) || frame.length < customer + etherTypeAt + 2) return;
  const shorter = new Uint8Array(frame.length - pbbTotalLength);
  const typeAt = l3At - 2;
  shorter.set(frame.subarray(customer, customer + etherTypeAt), 0);
  shorter.set(frame.subarray(etherTypeAt, typeAt), etherTypeAt);
  shorter.set(frame.subarray(customer + etherTypeAt), typeAt);
  packet.replace(shorter);
}

export function setPbbIsid(packet: Packet, value: Uint8Array): void {
  if (!packet.has(Layer.PBB)) return;
  packet.own().set(value, packet.l3At + 1);
  packet.touch();
}

export function setPbbUca(packet: Packet, isSet: boolean): void {
  if (!packet.has(Layer.PBB)) return;
  const frame = packet.own();
  frame[packet.l3At] = isSet ? frame[packet.l3At]! | pbbUca : frame[packet.l3At]! & ~pbbUca;
  packet.touch();
}
