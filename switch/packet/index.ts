/** Frames as bytes: where headers and fields are, the flow key, the link lane's records, and builders. */
export { ArpAt, ArpOp, arpLength, isArpAt } from './arp.ts';
export {
  type AdvertisementFields,
  type ArpFields,
  buildArp,
  buildIcmpv4Echo,
  buildIcmpv6Echo,
  buildNeighbourAdvertisement,
  buildNeighbourSolicitation,
  type EchoFields,
  type SolicitationFields,
} from './build.ts';
export { get16, get24, get32, join64, put16, put32, split64 } from './bytes.ts';
export { checksumOf, foldSum, pseudoHeaderSum, sumWords, updateChecksum } from './checksum.ts';
export { sctpChecksum } from './crc32c.ts';
export {
  EtherType,
  ethernetHeaderLength,
  etherTypeAt,
  formatMac,
  isEthernet,
  isGroupAddressed,
  isLinkLocalGroup,
  isVlanType,
  macNumber,
  vlanTagLength,
} from './ethernet.ts';
export { headerLength, headerOf, isFinished, isHeaded, markHeaded } from './headed.ts';
export { IpProto, Ipv4At, ipv4HeaderLength } from './ipv4.ts';
export { Ipv6At, ipv6HeaderLength, walkIpv6 } from './ipv6.ts';
export {
  type FlowKey,
  getKeyBytes,
  type KeyField,
  KeyWord,
  keyFields,
  keyWords,
  Layer,
  optionRoom,
  putKeyBytes,
  vlanPresent,
} from './key.ts';
export {
  LinkDecoder,
  LinkEncoder,
  type LinkRecord,
  linkHeaderLength,
  linkHopLimit,
  linkMessageTarget,
  linkRecordLimit,
  linkVersion,
  maxLinkMark,
} from './link.ts';
export { mplsBottom, mplsEntryLength } from './mpls.ts';
export { Packet } from './packet.ts';
export { pbbTagLength, pbbTotalLength, pbbUca } from './pbb.ts';
export {
  Icmpv4Type,
  Icmpv6Type,
  isNeighbourDiscovery,
  NdAt,
  NdOption,
  ndLinkAddressAt,
  transports,
} from './transport.ts';
