import { checksumOf, IpProto, Ipv6At, pseudoHeaderSum, put16, sumWords } from '../../../switch/packet/index.ts';

/** Four numbers of an IPv4 address, or 16 bytes of an IPv6 one. */
type Address = readonly number[];

const record = { isExclude: 2, toInclude: 3, toExclude: 4, allow: 5, block: 6 } as const;
export type RecordKind = keyof typeof record;

/** IGMP over IPv4 with the router alert option, its checksums right. */
export function igmp(
  srcMac: Uint8Array,
  source: Address,
  destination: Address,
  message: readonly number[],
): Uint8Array {
  const group = [1, 0, 0x5e, destination[1]! & 0x7f, destination[2]!, destination[3]!];
  const frame = Uint8Array.of(...group, ...srcMac, 8, 0, ...new Array<number>(24).fill(0), ...message);
  frame.set([0x46, 0xc0, 0, 24 + message.length, 0, 0, 0x40, 0, 1, 2], 14);
  frame.set([...source, ...destination, 0x94, 4, 0, 0], 26);
  put16(frame, 24, checksumOf(sumWords(frame, 14, 24)));
  put16(frame, 40, checksumOf(sumWords(frame, 38, message.length)));
  return frame;
}

/** `maxResponse`: in tenths of a second. */
export function igmpQuery(
  srcMac: Uint8Array,
  source: Address,
  group: Address = [0, 0, 0, 0],
  maxResponse = 100,
): Uint8Array {
  const isGeneral = group[0] === 0;
  const message = [0x11, maxResponse, 0, 0, ...group, 2, 125, 0, 0];
  return igmp(srcMac, source, isGeneral ? [224, 0, 0, 1] : group, message);
}

export function igmpReport2(srcMac: Uint8Array, group: Address): Uint8Array {
  return igmp(srcMac, [10, 0, 0, 1], group, [0x16, 0, 0, 0, ...group]);
}

export function igmpLeave(srcMac: Uint8Array, group: Address): Uint8Array {
  return igmp(srcMac, [10, 0, 0, 1], [224, 0, 0, 2], [0x17, 0, 0, 0, ...group]);
}

export function igmpReport3(srcMac: Uint8Array, kind: RecordKind, group: Address, sources: readonly Address[] = []) {
  const records = [record[kind], 0, 0, sources.length, ...group, ...sources.flat()];
  return igmp(srcMac, [10, 0, 0, 1], [224, 0, 0, 22], [0x22, 0, 0, 0, 0, 0, 0, 1, ...records]);
}

/** MLD behind a hop-by-hop header with the router alert. */
export function mld(srcMac: Uint8Array, source: Address, destination: Address, message: readonly number[]): Uint8Array {
  const group = [0x33, 0x33, ...destination.slice(12)];
  const alert = [IpProto.ICMPV6, 0, 5, 2, 0, 0, 1, 0];
  const ip = [0x60, 0, 0, 0, 0, alert.length + message.length, 0, 1, ...source, ...destination];
  const frame = Uint8Array.of(...group, ...srcMac, 0x86, 0xdd, ...ip, ...alert, ...message);
  const at = 14 + 40 + alert.length;
  const pseudo = pseudoHeaderSum(frame, 14 + Ipv6At.SRC, 32, IpProto.ICMPV6, message.length);
  put16(frame, at + 2, checksumOf(pseudo + sumWords(frame, at, message.length)));
  return frame;
}

export const linkLocal = (n: number): Address => [0xfe, 0x80, ...new Array<number>(13).fill(0), n];
const allNodes: Address = [0xff, 2, ...new Array<number>(13).fill(0), 1];
const allReporters: Address = [0xff, 2, ...new Array<number>(13).fill(0), 0x16];

export function mldQuery(srcMac: Uint8Array, maxResponseMs = 10_000): Uint8Array {
  const group = new Array<number>(16).fill(0);
  const message = [130, 0, 0, 0, maxResponseMs >> 8, maxResponseMs & 255, 0, 0, ...group, 2, 125, 0, 0];
  return mld(srcMac, linkLocal(1), allNodes, message);
}

export function mldReport2(srcMac: Uint8Array, kind: RecordKind, group: Address): Uint8Array {
  const records = [record[kind], 0, 0, 0, ...group];
  return mld(srcMac, linkLocal(2), allReporters, [143, 0, 0, 0, 0, 0, 0, 1, ...records]);
}

/** A UDP datagram, without checksum, as data for a group or one host. */
export function udp4(
  dstMac: Uint8Array,
  srcMac: Uint8Array,
  to: Address,
  ports: readonly [number, number],
  data = new Uint8Array(8),
) {
  const length = 28 + data.length;
  const frame = Uint8Array.of(...dstMac, ...srcMac, 8, 0, ...new Array<number>(28).fill(0), ...data);
  frame.set([0x45, 0, length >> 8, length & 255, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, ...to], 14);
  put16(frame, 24, checksumOf(sumWords(frame, 14, 20)));
  put16(frame, 34, ports[0]);
  put16(frame, 36, ports[1]);
  put16(frame, 38, 8 + data.length);
  return frame;
}

/** Data for a group, from a host with this MAC. */
export function toGroup4(srcMac: Uint8Array, group: Address): Uint8Array {
  return udp4(Uint8Array.of(1, 0, 0x5e, group[1]! & 0x7f, group[2]!, group[3]!), srcMac, group, [5000, 5000]);
}
