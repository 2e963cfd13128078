import type { Field } from '../flow/fields.ts';
import {
  ArpAt,
  EtherType,
  etherTypeAt,
  get16,
  get24,
  get32,
  IpProto,
  Ipv4At,
  Ipv6At,
  KeyWord,
  Layer,
  mplsBottom,
  NdAt,
  NdOption,
  ndLinkAddressAt,
  type Packet,
  put16,
  put32,
} from '../packet/index.ts';
import { putMplsBits } from './mpls.ts';
import { setPbbIsid, setPbbUca } from './pbb.ts';
import { putAddress, putBytes, putIpProto, putIpv4Word, putTransportBytes } from './rewrite.ts';

/**
 * Writes a field of a packet. Where that may change what later headers are, they are read again at once. The
 * value has the field's width in bytes; a packet without the header is left as it is.
 */
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

const icmp =
  (proto: number, offset: number): FieldSetter =>
  (packet, value) => {
    if (packet.ipProto !== proto || packet.l4At < 0) return;
    const word = packet.frame.slice(packet.l4At, packet.l4At + 2);
    word[offset] = value[0]!;
    putTransportBytes(packet, packet.l4At, word);
    packet.refresh();
  };

const ndAddress =
  (layer: number, option: number): FieldSetter =>
  (packet, value) => {
    if (!packet.has(layer)) return;
    const at = ndLinkAddressAt(packet.frame, packet.l4At, option);
    if (at >= 0) putTransportBytes(packet, at, value);
  };

/** The type after the VLAN tags; a frame that has a length there is left as it is. */
function setEtherType(packet: Packet, value: Uint8Array): void {
  if (packet.etherType === EtherType.NONE) return;
  putBytes(packet, packet.l3At - 2, value);
  packet.refresh();
}

function setIpProto(packet: Packet, value: Uint8Array): void {
  if (!packet.has(Layer.IP)) return;
  putIpProto(packet, value[0]!);
  packet.refresh();
}

function setFlowLabel(packet: Packet, value: Uint8Array): void {
  if (packet.etherType !== EtherType.IPV6 || !packet.has(Layer.IP)) return;
  const frame = packet.own();
  put32(frame, packet.l3At, ((get32(frame, packet.l3At) & 0xfff00000) | (get24(value, 1) & 0xfffff)) >>> 0);
  packet.touch();
}

/** Upper and lower half of a pipeline field. */
const register =
  (word: number): FieldSetter =>
  (packet, value) => {
    packet.key[word] = get32(value, 0);
    packet.key[word + 1] = get32(value, 4);
  };

/** Changes bits of the traffic class octet: DSCP above, ECN below. */
export function setTrafficClass(packet: Packet, bits: number, mask: number): void {
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

/** The fields that set-field may name, by OXM name. */
export const fieldSetters: { readonly [field: string]: FieldSetter } = {
  metadata: register(KeyWord.METADATA),
  tunnel_id: register(KeyWord.TUNNEL_ID),
  eth_type: setEtherType,
  eth_dst: (packet, value) => putBytes(packet, 0, value),
  eth_src: (packet, value) => putBytes(packet, 6, value),
  vlan_vid: (packet, value) => setTag(packet, get16(value, 0), 0x0fff),
  vlan_pcp: (packet, value) => setTag(packet, value[0]! << 13, 0xe000),
  ip_dscp: (packet, value) => setTrafficClass(packet, value[0]! << 2, 0xfc),
  ip_ecn: (packet, value) => setTrafficClass(packet, value[0]!, 0x03),
  ip_proto: setIpProto,
  ipv4_src: address(EtherType.IPV4, Ipv4At.SRC),
  ipv4_dst: address(EtherType.IPV4, Ipv4At.DST),
  ipv6_src: address(EtherType.IPV6, Ipv6At.SRC),
  ipv6_dst: address(EtherType.IPV6, Ipv6At.DST),
  tcp_src: port(IpProto.TCP, 0),
  tcp_dst: port(IpProto.TCP, 2),
  udp_src: port(IpProto.UDP, 0),
  udp_dst: port(IpProto.UDP, 2),
  sctp_src: port(IpProto.SCTP, 0),
  sctp_dst: port(IpProto.SCTP, 2),
  icmpv4_type: icmp(IpProto.ICMP, 0),
  icmpv4_code: icmp(IpProto.ICMP, 1),
  icmpv6_type: icmp(IpProto.ICMPV6, 0),
  icmpv6_code: icmp(IpProto.ICMPV6, 1),
  ipv6_flabel: setFlowLabel,
  ipv6_nd_target: (packet, value) => {
    if (packet.has(Layer.ND)) putTransportBytes(packet, packet.l4At + NdAt.TARGET, value);
  },
  ipv6_nd_sll: ndAddress(Layer.ND_SOURCE, NdOption.SOURCE_LINK_ADDRESS),
  ipv6_nd_tll: ndAddress(Layer.ND_TARGET, NdOption.TARGET_LINK_ADDRESS),
  mpls_label: (packet, value) => putMplsBits(packet, get32(value, 0) << 12, 0xfffff000),
  mpls_tc: (packet, value) => putMplsBits(packet, value[0]! << 9, 0xe00),
  mpls_bos: (packet, value) => putMplsBits(packet, value[0]! === 0 ? 0 : mplsBottom, mplsBottom),
  pbb_isid: setPbbIsid,
  pbb_uca: (packet, value) => setPbbUca(packet, value[0] !== 0),
  arp_op: arpField(ArpAt.OP),
  arp_spa: arpField(ArpAt.SPA),
  arp_tpa: arpField(ArpAt.TPA),
  arp_sha: arpField(ArpAt.SHA),
  arp_tha: arpField(ArpAt.THA),
};

/** What writes a field; undefined: nothing does. What only actions write is in the packet's key and nowhere else. */
export function setterOf({ name, place: { at } }: Field): FieldSetter | undefined {
  if (at >= 4 * KeyWord.REGISTERS) return (packet, value) => packet.putRegister(at, value);
  return fieldSetters[name];
}
