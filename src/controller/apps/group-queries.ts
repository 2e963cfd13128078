import {
  checksumOf,
  EtherType,
  ethernetHeaderLength,
  etherTypeAt,
  IpProto,
  Ipv4At,
  Ipv6At,
  ipv6HeaderLength,
  pseudoHeaderSum,
  put16,
  sumWords,
} from '../../../switch/packet/index.ts';

/** RFC 9776 sections 8.1 to 8.3; the same in MLD. */
export const queryIntervalS = 125;
export const responseMs = 10_000;
const robustness = 2;

const allHosts4 = Uint8Array.of(224, 0, 0, 1);
const allNodes6 = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const ipv4WithAlert = 24;
/** Router alert (RFC 2113): without it, hosts and routers may take no notice. */
const alert4 = Uint8Array.of(0x94, 4, 0, 0);
/** Hop-by-hop options: next header ICMPv6, router alert for MLD (RFC 2711), two bytes of padding. */
const alert6 = Uint8Array.of(IpProto.ICMPV6, 0, 5, 2, 0, 0, 1, 0);
const igmp = 2;
const igmpQuery = 0x11;
const mldQuery = 130;

/** A general query of IGMPv3 from 0.0.0.0, on behalf of no router (RFC 4541 section 2.1.1). */
export function buildIgmpQuery(srcMac: Uint8Array): Uint8Array {
  const frame = ethernet(
    Uint8Array.of(1, 0, 0x5e, ...allHosts4.subarray(1)),
    srcMac,
    EtherType.IPV4,
    ipv4WithAlert + 12,
  );
  const at = ethernetHeaderLength;
  frame[at] = 0x46;
  frame[at + Ipv4At.TOS] = 0xc0;
  put16(frame, at + Ipv4At.LENGTH, ipv4WithAlert + 12);
  frame[at + Ipv4At.TTL] = 1;
  frame[at + Ipv4At.PROTO] = igmp;
  frame.set(allHosts4, at + Ipv4At.DST);
  frame.set(alert4, at + 20);
  put16(frame, at + Ipv4At.CHECKSUM, checksumOf(sumWords(frame, at, ipv4WithAlert)));
  const message = at + ipv4WithAlert;
  frame[message] = igmpQuery;
  frame[message + 1] = responseMs / 100;
  frame[message + 8] = robustness;
  frame[message + 9] = queryIntervalS;
  put16(frame, message + 2, checksumOf(sumWords(frame, message, 12)));
  return frame;
}

/** A general query of MLDv2. `srcIp`: link-local, as hosts demand. */
export function buildMldQuery(srcMac: Uint8Array, srcIp: Uint8Array): Uint8Array {
  const dstMac = Uint8Array.of(0x33, 0x33, ...allNodes6.subarray(12));
  const length = alert6.length + 28;
  const frame = ethernet(dstMac, srcMac, EtherType.IPV6, ipv6HeaderLength + length);
  const at = ethernetHeaderLength;
  frame[at] = 0x60;
  put16(frame, at + Ipv6At.LENGTH, length);
  frame[at + Ipv6At.HOP_LIMIT] = 1;
  frame.set(srcIp, at + Ipv6At.SRC);
  frame.set(allNodes6, at + Ipv6At.DST);
  frame.set(alert6, at + ipv6HeaderLength);
  const message = at + ipv6HeaderLength + alert6.length;
  frame[message] = mldQuery;
  put16(frame, message + 4, responseMs);
  frame[message + 24] = robustness;
  frame[message + 25] = queryIntervalS;
  const pseudo = pseudoHeaderSum(frame, at + Ipv6At.SRC, 32, IpProto.ICMPV6, 28);
  put16(frame, message + 2, checksumOf(pseudo + sumWords(frame, message, 28)));
  return frame;
}

function ethernet(dst: Uint8Array, src: Uint8Array, type: number, payloadLength: number): Uint8Array {
  const frame = new Uint8Array(ethernetHeaderLength + payloadLength);
  frame.set(dst, 0);
  frame.set(src, 6);
  put16(frame, etherTypeAt, type);
  return frame;
}
