import { ArpAt, isArpAt } from './arp.ts';
import { get16, get24, get32 } from './bytes.ts';
import {
  EtherType,
  ethernetHeaderLength,
  etherTypeAt,
  isEthernet,
  isLength,
  isVlanType,
  snapType,
  vlanTagLength,
} from './ethernet.ts';
import { headedRoom, headerOf, segmentSize } from './headed.ts';
import { IpProto, Ipv4At, ipv4HeaderLengthAt, isIpv4Fragment, isIpv4LaterFragment } from './ipv4.ts';
import { Ipv6At, isIpv6At, walkIpv6 } from './ipv6.ts';
import { type FlowKey, KeyWord, keyWords, Layer, vlanPresent } from './key.ts';
import { mplsBottom, mplsEntryLength } from './mpls.ts';
import { pbbTagLength, pbbUca } from './pbb.ts';
import { Icmpv6Type, isNeighbourDiscovery, NdAt, NdOption, ndLinkAddressAt, transports } from './transport.ts';

/** Data offset, reserved bits and flags share two bytes of the TCP header; OpenFlow looks at the lower 12 bits. */
const tcpFlagsAt = 12;
const udpHeaderLength = 8;

/**
 * One frame as the pipeline sees it: its bytes, where its headers begin, and its flow key. One object is loaded with frame
 * after frame. No frame, however short or wrong, makes `load` throw: what cannot be read is absent.
 */
export class Packet {
  /** A view of the caller's bytes until `own` or `replace` puts a private copy there. */
  frame: Uint8Array = new Uint8Array(0);
  readonly key: FlowKey = new Uint32Array(keyWords);
  /** The payload's type, after VLAN tags. */
  etherType = 0;
  /** Where the payload begins: after the VLAN tags. */
  l3At = 0;
  ipProto = 0;
  /** The header named by `ipProto`, or -1 when it is not there or truncated. */
  l4At = -1;
  /** End of the transport's data: padding after the IP packet is not part of it. */
  l4End = 0;
  #private = false;
  #isHeaded = false;
  /** Whether something was written to the registers since `setContext`. */
  #hasRegisters = false;
  #stale = false;

  /**
   * Reads headers into the key; in_port, metadata and tunnel_id stay as they are. `isHeaded`: see headed.ts; copies of the
   * frame are then headed, too. False: not even an Ethernet header.
   */
  load(frame: Uint8Array, isHeaded = false): boolean {
    this.#private = false;
    this.#isHeaded = isHeaded;
    return this.#parse(frame);
  }

  /** Sets what comes with a frame but is not in it; registers become zero. 64-bit values as upper and lower halves. */
  setContext(inPort: number, metadataHi: number, metadataLo: number, tunnelHi: number, tunnelLo: number): void {
    const key = this.key;
    key[KeyWord.IN_PORT] = inPort;
    key[KeyWord.IN_PHY_PORT] = inPort;
    key[KeyWord.METADATA] = metadataHi;
    key[KeyWord.METADATA + 1] = metadataLo;
    key[KeyWord.TUNNEL_ID] = tunnelHi;
    key[KeyWord.TUNNEL_ID + 1] = tunnelLo;
    if (!this.#hasRegisters) return;
    this.#hasRegisters = false;
    key.fill(0, KeyWord.REGISTERS);
  }

  /** A copy of all that only actions write; undefined: nothing was written. */
  get registers(): Uint32Array | undefined {
    return this.#hasRegisters ? this.key.slice(KeyWord.REGISTERS) : undefined;
  }

  /** Takes the registers back to a copy, right after `setContext`. */
  setRegisters(registers: Uint32Array): void {
    this.#hasRegisters = true;
    this.key.set(registers, KeyWord.REGISTERS);
  }

  /** What a link carried along with the frame, right after `setContext`. */
  setMark(mark: number): void {
    this.#hasRegisters = true;
    this.key[KeyWord.PKT_MARK] = mark;
  }

  /** Writes whole words of the registers. `at`: byte of the key. */
  putRegister(at: number, value: Uint8Array): void {
    this.#hasRegisters = true;
    for (let i = 0; i < value.length; i += 4) this.key[(at + i) >> 2] = get32(value, i);
  }

  /** Bytes that may be written: a private copy, made at the first write after `load` or `share`. */
  own(): Uint8Array {
    if (!this.#private) {
      const { frame } = this;
      if (this.#isHeaded) {
        this.frame = headedRoom(frame, frame.length, 0);
        this.frame.set(frame);
      } else {
        this.frame = frame.slice();
      }
      this.#private = true;
    }
    return this.frame;
  }

  /** Bytes for a frame that is to `replace` this one, and differs from it in length by VLAN tags. */
  room(length: number): Uint8Array {
    return this.#isHeaded ? headedRoom(this.frame, length, length - this.frame.length) : new Uint8Array(length);
  }

  /** Frames that it will be on a wire, where a super-frame is cut. */
  get segments(): number {
    const size = this.#isHeaded ? segmentSize(headerOf(this.frame)) : 0;
    return size === 0 ? 1 : Math.max(1, Math.ceil((this.frame.length - this.#headLength) / size));
  }

  /** Bytes of these frames: each segment has the headers. */
  get wireLength(): number {
    const { segments } = this;
    return segments === 1 ? this.frame.length : this.frame.length + (segments - 1) * this.#headLength;
  }

  get #headLength(): number {
    if (this.l4At < 0) return this.l3At;
    const isTcp = this.ipProto === IpProto.TCP;
    return this.l4At + (isTcp ? (this.frame[this.l4At + tcpFlagsAt]! >> 4) * 4 : udpHeaderLength);
  }

  /** The frame was handed to someone who still holds it: the next write copies again. */
  share(): Uint8Array {
    this.#private = false;
    return this.frame;
  }

  /** Takes the packet back to a frame that `share` gave, whatever was done to it since. */
  restore(frame: Uint8Array): void {
    if (this.frame !== frame) this.load(frame, this.#isHeaded);
  }

  /** Puts a new frame, already private, in the place of the old one. */
  replace(frame: Uint8Array): void {
    this.#parse(frame);
    this.#private = true;
  }

  /** Bytes were written that the key may show; offsets of headers must be as before. */
  touch(): void {
    this.#stale = true;
  }

  /** Makes the key right again after `touch`. */
  refresh(): void {
    if (this.#stale) this.#parse(this.frame);
  }

  has(layer: number): boolean {
    return (this.key[KeyWord.LAYERS]! & layer) !== 0;
  }

  get hasVlan(): boolean {
    return (this.key[KeyWord.TYPE_VLAN]! & vlanPresent) !== 0;
  }

  /** Of the outermost tag; 0 without one. */
  get vlanId(): number {
    return this.hasVlan ? this.key[KeyWord.TYPE_VLAN]! & 0xfff : 0;
  }

  // HOT PATH
  #parse(frame: Uint8Array): boolean {
    const key = this.key;
    this.frame = frame;
    this.#stale = false;
    key[KeyWord.LAYERS] = 0;
    key.fill(0, KeyWord.ETH, KeyWord.IN_PHY_PORT);
    this.etherType = 0;
    this.ipProto = 0;
    this.l4At = -1;
    this.l3At = frame.length;
    if (!isEthernet(frame)) return false;
    key[KeyWord.ETH] = get32(frame, 0);
    key[KeyWord.ETH + 1] = get32(frame, 4);
    key[KeyWord.ETH + 2] = get32(frame, 8);
    this.#parseTags(frame);
    switch (this.etherType) {
      case EtherType.IPV4:
        this.#parseIpv4(frame, this.l3At);
        break;
      case EtherType.IPV6:
        this.#parseIpv6(frame, this.l3At);
        break;
      case EtherType.ARP:
        this.#parseArp(frame, this.l3At);
        break;
      case EtherType.MPLS:
      case EtherType.MPLS_MULTICAST:
        this.#parseMpls(frame, this.l3At);
        break;
      case EtherType.PBB:
        this.#parsePbb(frame, this.l3At);
        break;
    }
    return true;
  }

  #parseTags(frame: Uint8Array): void {
    const key = this.key;
    let at = etherTypeAt;
    let type = get16(frame, at);
    let vlan = 0;
    while (isVlanType(type) && frame.length >= at + vlanTagLength + 2) {
      if (vlan === 0) {
        const tag = get16(frame, at + 2);
        vlan = vlanPresent | (tag & 0xfff);
        key[KeyWord.IP] = (tag >> 13) << 24;
      }
      at += vlanTagLength;
      type = get16(frame, at);
    }
    this.l3At = at + ethernetHeaderLength - etherTypeAt;
    if (isLength(type)) {
      type = snapType(frame, at);
      if (type !== EtherType.NONE) this.l3At += 8;
    }
    this.etherType = type;
    key[KeyWord.TYPE_VLAN] = (type << 16) | vlan;
  }

  #parseIpv4(frame: Uint8Array, at: number): void {
    const headerLength = ipv4HeaderLengthAt(frame, at);
    if (headerLength === 0) return;
    const key = this.key;
    const fragment = isIpv4Fragment(frame, at);
    key[KeyWord.LAYERS]! |= fragment ? Layer.IP | Layer.FRAGMENT : Layer.IP;
    this.#putIp(frame[at + Ipv4At.TOS]!, frame[at + Ipv4At.PROTO]!);
    key[KeyWord.SRC] = get32(frame, at + Ipv4At.SRC);
    key[KeyWord.DST] = get32(frame, at + Ipv4At.DST);
    this.l4End = Math.min(frame.length, at + get16(frame, at + Ipv4At.LENGTH));
    if (!isIpv4LaterFragment(frame, at)) this.#parseTransport(frame, at + headerLength);
  }

  #parseIpv6(frame: Uint8Array, at: number): void {
    if (!isIpv6At(frame, at)) return;
    const key = this.key;
    const { proto, transportAt, extensions, fragment } = walkIpv6(frame, at);
    key[KeyWord.LAYERS]! |= fragment ? Layer.IP | Layer.FRAGMENT : Layer.IP;
    this.#putIp((get16(frame, at) >> 4) & 0xff, proto);
    for (let i = 0; i < 4; i++) {
      key[KeyWord.SRC + i] = get32(frame, at + Ipv6At.SRC + 4 * i);
      key[KeyWord.DST + i] = get32(frame, at + Ipv6At.DST + 4 * i);
    }
    key[KeyWord.FLOW_LABEL] = get24(frame, at + 1) & 0xfffff;
    key[KeyWord.MPLS_BITS]! |= extensions;
    const length = get16(frame, at + Ipv6At.LENGTH);
    // A jumbogram has length 0; what the frame holds is then what there is.
    this.l4End = length === 0 ? frame.length : Math.min(frame.length, at + 40 + length);
    if (transportAt >= 0) this.#parseTransport(frame, transportAt);
  }

  #putIp(trafficClass: number, proto: number): void {
    this.ipProto = proto;
    this.key[KeyWord.IP]! |= ((trafficClass >> 2) << 16) | ((trafficClass & 3) << 8) | proto;
  }

  #parseTransport(frame: Uint8Array, at: number): void {
    const transport = transports.get(this.ipProto);
    if (!transport || this.l4End < at + transport.header) return;
    const key = this.key;
    this.l4At = at;
    key[KeyWord.LAYERS]! |= Layer.TRANSPORT;
    if (this.ipProto === IpProto.ICMP || this.ipProto === IpProto.ICMPV6) {
      key[KeyWord.TRANSPORT] = (frame[at]! << 16) | frame[at + 1]!;
      if (this.ipProto === IpProto.ICMPV6 && isNeighbourDiscovery(frame, at)) this.#parseNd(frame, at);
    } else {
      key[KeyWord.TRANSPORT] = get32(frame, at);
      if (this.ipProto === IpProto.TCP) key[KeyWord.ND_TARGET] = (get16(frame, at + tcpFlagsAt) & 0xfff) << 16;
    }
  }

  #parseNd(frame: Uint8Array, at: number): void {
    const key = this.key;
    key[KeyWord.LAYERS]! |= Layer.ND;
    for (let i = 0; i < 4; i++) key[KeyWord.ND_TARGET + i] = get32(frame, at + NdAt.TARGET + 4 * i);
    if (frame[at] === Icmpv6Type.NEIGHBOUR_SOLICITATION) {
      const source = ndLinkAddressAt(frame, at, NdOption.SOURCE_LINK_ADDRESS);
      if (source < 0) return;
      key[KeyWord.LAYERS]! |= Layer.ND_SOURCE;
      this.#putFirstLinkAddress(frame, source);
    } else {
      const target = ndLinkAddressAt(frame, at, NdOption.TARGET_LINK_ADDRESS);
      if (target < 0) return;
      key[KeyWord.LAYERS]! |= Layer.ND_TARGET;
      this.#putSecondLinkAddress(frame, target);
    }
  }

  #putFirstLinkAddress(frame: Uint8Array, at: number): void {
    this.key[KeyWord.LINK_ADDRESSES] = get32(frame, at);
    this.key[KeyWord.LINK_ADDRESSES + 1]! |= get16(frame, at + 4) << 16;
  }

  #putSecondLinkAddress(frame: Uint8Array, at: number): void {
    this.key[KeyWord.LINK_ADDRESSES + 1]! |= get16(frame, at);
    this.key[KeyWord.LINK_ADDRESSES + 2] = get32(frame, at + 2);
  }

  #parseArp(frame: Uint8Array, at: number): void {
    if (!isArpAt(frame, at)) return;
    const key = this.key;
    key[KeyWord.LAYERS]! |= Layer.ARP;
    key[KeyWord.TRANSPORT] = get16(frame, at + ArpAt.OP) << 16;
    key[KeyWord.SRC] = get32(frame, at + ArpAt.SPA);
    key[KeyWord.DST] = get32(frame, at + ArpAt.TPA);
    this.#putFirstLinkAddress(frame, at + ArpAt.SHA);
    this.#putSecondLinkAddress(frame, at + ArpAt.THA);
  }

  #parseMpls(frame: Uint8Array, at: number): void {
    if (frame.length < at + mplsEntryLength) return;
    const entry = get32(frame, at);
    const bottom = (entry & mplsBottom) !== 0 ? 1 : 0;
    this.key[KeyWord.LAYERS]! |= Layer.MPLS;
    this.key[KeyWord.MPLS_LABEL] = entry >>> 12;
    this.key[KeyWord.MPLS_BITS] = (((entry >> 9) & 7) << 24) | (bottom << 16);
  }

  #parsePbb(frame: Uint8Array, at: number): void {
    if (frame.length < at + pbbTagLength) return;
    const uca = (frame[at]! & pbbUca) !== 0 ? 1 : 0;
    this.key[KeyWord.LAYERS]! |= Layer.PBB;
    this.key[KeyWord.PBB] = (get24(frame, at + 1) << 8) | uca;
  }
}
