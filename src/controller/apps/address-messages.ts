/** What ARP, neighbour discovery and DHCP say about who has which address. Views of the frame; undefined for what is malformed. */
import {
  ArpAt,
  ArpOp,
  checksumOf,
  EtherType,
  get16,
  get32,
  Icmpv6Type,
  IpProto,
  Ipv6At,
  isArpAt,
  isNeighbourDiscovery,
  macNumber,
  NdAt,
  NdOption,
  ndLinkAddressAt,
  type Packet,
  pseudoHeaderSum,
  sumWords,
} from '../../../switch/packet/index.ts';

export interface ArpMessage {
  readonly kind: 'arp';
  readonly isRequest: boolean;
  /** Of the sender, who says that both belong together. */
  readonly mac: Uint8Array;
  readonly ip: Uint8Array;
  readonly target: Uint8Array;
}

export interface Solicitation {
  readonly kind: 'solicitation';
  /** Unspecified when the sender asks whether it may have the target. */
  readonly ip: Uint8Array;
  readonly mac: Uint8Array | undefined;
  readonly target: Uint8Array;
}

export interface Advertisement {
  readonly kind: 'advertisement';
  readonly target: Uint8Array;
  readonly mac: Uint8Array | undefined;
  readonly isRouter: boolean;
  /** Not set for an address that several hosts share (RFC 4861 section 7.2.7). */
  readonly overrides: boolean;
}

export interface RouterAdvertisement {
  readonly kind: 'routerAdvertisement';
  readonly ip: Uint8Array;
}

/** A server confirms an address to its client. */
export interface DhcpAck {
  readonly kind: 'dhcpAck';
  readonly ip: Uint8Array;
  readonly mac: Uint8Array;
}

export type AddressMessage = ArpMessage | Solicitation | Advertisement | RouterAdvertisement | DhcpAck;

const onlyHopLimit = 255;
const udpHeader = 8;
const sourceMacAt = 6;

export function readAddressMessage(packet: Packet): AddressMessage | undefined {
  if (packet.etherType === EtherType.ARP) return readArp(packet);
  if (packet.ipProto === IpProto.ICMPV6) return readNd(packet);
  return packet.ipProto === IpProto.UDP ? readDhcp(packet) : undefined;
}

function readArp({ frame, l3At: at }: Packet): ArpMessage | undefined {
  if (!isArpAt(frame, at)) return undefined;
  const mac = frame.subarray(at + ArpAt.SHA, at + ArpAt.SHA + 6);
  // Who speaks for others is none to learn from.
  if (macNumber(mac, 0) !== macNumber(frame, sourceMacAt)) return undefined;
  return {
    kind: 'arp',
    isRequest: get16(frame, at + ArpAt.OP) === ArpOp.REQUEST,
    mac,
    ip: frame.subarray(at + ArpAt.SPA, at + ArpAt.SPA + 4),
    target: frame.subarray(at + ArpAt.TPA, at + ArpAt.TPA + 4),
  };
}

/** RFC 4861 sections 6.1.2, 7.1.1 and 7.1.2. */
function readNd(packet: Packet): AddressMessage | undefined {
  const { frame: whole, l3At, l4At, l4End } = packet;
  if (l4At < 0 || whole[l3At + Ipv6At.HOP_LIMIT] !== onlyHopLimit || !hasIcmpv6Checksum(packet)) return undefined;
  const frame = whole.subarray(0, l4End);
  const ip = frame.subarray(l3At + Ipv6At.SRC, l3At + Ipv6At.SRC + 16);
  const type = frame[l4At];
  if (type === routerAdvertisement) return { kind: 'routerAdvertisement', ip };
  if (!isNeighbourDiscovery(frame, l4At)) return undefined;
  const target = frame.subarray(l4At + NdAt.TARGET, l4At + NdAt.TARGET + 16);
  if (type === Icmpv6Type.NEIGHBOUR_SOLICITATION) {
    return { kind: 'solicitation', ip, mac: linkAddress(frame, l4At, NdOption.SOURCE_LINK_ADDRESS), target };
  }
  const flags = frame[l4At + 4]!;
  const mac = linkAddress(frame, l4At, NdOption.TARGET_LINK_ADDRESS);
  return { kind: 'advertisement', target, mac, isRouter: (flags & 0x80) !== 0, overrides: (flags & 0x20) !== 0 };
}

export const routerAdvertisement = 134;

/** Of an ICMPv6 message that begins at `l4At`. */
export function hasIcmpv6Checksum({ frame, l3At, l4At, l4End }: Packet): boolean {
  const length = l4End - l4At;
  const pseudo = pseudoHeaderSum(frame, l3At + Ipv6At.SRC, 32, IpProto.ICMPV6, length);
  return checksumOf(pseudo + sumWords(frame, l4At, length)) === 0;
}

function linkAddress(frame: Uint8Array, at: number, option: number): Uint8Array | undefined {
  const place = ndLinkAddressAt(frame, at, option);
  return place < 0 ? undefined : frame.subarray(place, place + 6);
}

/**
 * The fixed part of a BOOTP message (RFC 2131 section 2), from the UDP payload on: op, htype, hlen, hops, ...; yiaddr at 16,
 * chaddr at 28, the magic cookie at 236, options after it.
 */
const bootp = { OP: 0, HTYPE: 1, HLEN: 2, YIADDR: 16, CHADDR: 28, COOKIE: 236, OPTIONS: 240 } as const;
const bootReply = 2;
const magicCookie = 0x63825363;
const messageType = { OPTION: 53, ACK: 5 } as const;
const padOption = 0;
const endOption = 255;

function readDhcp({ frame: whole, l4At, l4End }: Packet): DhcpAck | undefined {
  if (l4At < 0) return undefined;
  const data = whole.subarray(l4At + udpHeader, l4End);
  if (data.length < bootp.OPTIONS || get32(data, bootp.COOKIE) !== magicCookie) return undefined;
  if (data[bootp.OP] !== bootReply || data[bootp.HTYPE] !== 1 || data[bootp.HLEN] !== 6) return undefined;
  let at: number = bootp.OPTIONS;
  while (at < data.length && data[at] !== endOption) {
    if (data[at] === messageType.OPTION) {
      if (data[at + 2] !== messageType.ACK) return undefined;
      const ip = data.subarray(bootp.YIADDR, bootp.YIADDR + 4);
      return { kind: 'dhcpAck', ip, mac: data.subarray(bootp.CHADDR, bootp.CHADDR + 6) };
    }
    at += data[at] === padOption ? 1 : 2 + (data[at + 1] ?? 0);
  }
  return undefined;
}
