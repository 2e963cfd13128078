import { EtherType, etherTypeAt, get16, IpProto, type Packet, put16 } from '../packet/index.ts';
import { fieldSetters } from './set-field.ts';
import { pushVlan } from './vlan.ts';

const vidMask = 0x0fff;
const pcpMask = 0xe000;

/** VLAN id of OpenFlow 1.0: a frame without a tag gets one. */
export function setVlanVid(packet: Packet, vid: number): void {
  setTag(packet, vid, vidMask);
}

/** Priority of OpenFlow 1.0: a frame without a tag gets one. */
export function setVlanPcp(packet: Packet, pcp: number): void {
  setTag(packet, pcp << 13, pcpMask);
}

function setTag(packet: Packet, bits: number, mask: number): void {
  if (!packet.hasVlan) pushVlan(packet, EtherType.VLAN);
  if (!packet.hasVlan) return;
  const frame = packet.own();
  const at = etherTypeAt + 2;
  put16(frame, at, (get16(frame, at) & ~mask) | (bits & mask));
  packet.touch();
}

const portFields = new Map<number, { readonly src: string; readonly dst: string }>([
  [IpProto.TCP, { src: 'tcp_src', dst: 'tcp_dst' }],
  [IpProto.UDP, { src: 'udp_src', dst: 'udp_dst' }],
  [IpProto.SCTP, { src: 'sctp_src', dst: 'sctp_dst' }],
]);

/** A port of whichever transport the packet has. */
export function setTransportPort(packet: Packet, side: 'src' | 'dst', port: number): void {
  const field = portFields.get(packet.ipProto)?.[side];
  if (field) fieldSetters[field]!(packet, Uint8Array.of(port >> 8, port));
}
