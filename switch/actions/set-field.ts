import {
  ArpAt,
  EtherType,
  etherTypeAt,
  get16,
  get32,
  Ipv4At,
  Ipv6At,
  KeyWord,
  Layer,
  type Packet,
  put16,
} from '../packet/index.ts';
import { putAddress, putBytes, putIpv4Word, putTransportBytes } from './rewrite.ts';

/** Writes a field of a packet. The value has the field's width in bytes; a packet without the header is left as it is. */
export type FieldSetter = (packet: Packet, value: Uint8Array) => void;

const arpField =
  (offset: number): FieldSetter =>
  (packet, value) => {
    if (packet.has(Layer.ARP)) putBytes(packet, packet.l3At + offset, value);
  };

const address =
  (etherType: number, offset: number): FieldSetter =>
  (packet, value) => {
    if (packet.etherType === etherType && packet.has(Layer.IP)) putAddress(packet, packet.l3At + offset, value);
  };

const port =
  (proto: number, offset: number): FieldSetter =>
  (packet, value) => {
    if (packet.ipProto === proto && packet.l4At >= 0) putTransportBytes(packet, packet.l4At + offset, value);
  };

/** The tag's lower 12 bits, or its upper 3; `mask` says which bits change. */
function setTag(packet: Packet, bits: number, mask: number): void {
  if (!packet.hasVlan) return;
  const frame = packet.own();
  const at = etherTypeAt + 2;
  put16(frame, at, (get16(frame, at) & ~mask) | (bits & mask));
  packet.touch();
}

/** Changes bits of the traffic class octet: DSCP above, ECN below. */
function setTrafficClass(packet: Packet, bits: number, mask: number): void {
  if (!packet.has(Layer.IP)) return;
  const at = packet.l3At;
  const word = get16(packet.frame, at);
  if (packet.etherType === EtherType.IPV4) {
    putIpv4Word(packet, 0, (word & ~mask) | (bits & mask));
  } else {
    put16(packet.own(), at, (word & ~(mask << 4)) | ((bits & mask) << 4));
    packet.touch();
  }
}

const tcp = 6;
const udp = 17;

/** The fields that set-field may name (those the pipeline can rewrite today), by OXM name. */
export const fieldSetters: { readonly [field: string]: FieldSetter } = {
  tunnel_id: (packet, value) => {
    packet.key[KeyWord.TUNNEL_ID] = get32(value, 0);
    packet.key[KeyWord.TUNNEL_ID + 1] = get32(value, 4);
  },
  eth_dst: (packet, value) => putBytes(packet, 0, value),
  eth_src: (packet, value) => putBytes(packet, 6, value),
  vlan_vid: (packet, value) => setTag(packet, get16(value, 0), 0x0fff),
  vlan_pcp: (packet, value) => setTag(packet, value[0]! << 13, 0xe000),
  ip_dscp: (packet, value) => setTrafficClass(packet, value[0]! << 2, 0xfc),
  ip_ecn: (packet, value) => setTrafficClass(packet, value[0]!, 0x03),
  ipv4_src: address(EtherType.IPV4, Ipv4At.SRC),
  ipv4_dst: address(EtherType.IPV4, Ipv4At.DST),
  ipv6_src: address(EtherType.IPV6, Ipv6At.SRC),
  ipv6_dst: address(EtherType.IPV6, Ipv6At.DST),
  tcp_src: port(tcp, 0),
  tcp_dst: port(tcp, 2),
  udp_src: port(udp, 0),
  udp_dst: port(udp, 2),
  arp_op: arpField(ArpAt.OP),
  arp_spa: arpField(ArpAt.SPA),
  arp_tpa: arpField(ArpAt.TPA),
  arp_sha: arpField(ArpAt.SHA),
  arp_tha: arpField(ArpAt.THA),
};
