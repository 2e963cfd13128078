import fc from 'fast-check';
import { GSO, headed, NEEDS_CSUM } from '../../netns/support/headed.ts';

/** An Ethernet frame with TCP or UDP in it, said in full. */
export interface TransportFrame {
  /** Tag control information of VLAN tags, outermost first. */
  tags: readonly number[];
  family: 4 | 6;
  protocol: 'tcp' | 'udp';
  /** IPv4: options, a multiple of 4 bytes; IPv6: bodies of destination options headers, each 6 bytes. */
  ipOptions: Uint8Array;
  extensions: number;
  id: number;
  /** Of TCP. */
  seq: number;
  flags: number;
  tcpOptions: Uint8Array;
  payload: Uint8Array;
}

export const FLAG = { fin: 0x01, psh: 0x08, ack: 0x10, cwr: 0x80 } as const;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
const CHECKSUM_AT = { tcp: 16, udp: 6 } as const;
const DESTINATION_OPTIONS = 60;

/** RFC 1071, word by word. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

const u16 = (value: number) => [(value >> 8) & 0xff, value & 0xff];
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value)];

/** The bytes of the frame, finished or with its checksum left partial, and where transport and payload begin. */
export function build(spec: TransportFrame, isPartial: boolean) {
  const { family, protocol, payload } = spec;
  const transport =
    protocol === 'tcp'
      ? Uint8Array.of(
          ...[...u16(1234), ...u16(80), ...u32(spec.seq), ...u32(0x01020304)],
          ...[(5 + spec.tcpOptions.length / 4) << 4, spec.flags, ...u16(0xfff0), 0, 0, 0, 0],
          ...spec.tcpOptions,
        )
      : Uint8Array.of(...u16(5000), ...u16(443), ...u16(8 + payload.length), 0, 0);
  const length = transport.length + payload.length;
  const addresses = Uint8Array.from({ length: family === 4 ? 8 : 32 }, (_, index) => 0x20 + 7 * index);
  const pseudo = fold(sumOf(addresses) + PROTOCOL[protocol] + length);
  const head = family === 4 ? ip4(spec, length, addresses) : ip6(spec, length, addresses);
  const tags = spec.tags.flatMap((tag, index) => [
    ...(index < spec.tags.length - 1 ? [0x88, 0xa8] : [0x81, 0]),
    ...u16(tag),
  ]);
  const ethernet = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, ...tags, ...(family === 4 ? [8, 0] : [0x86, 0xdd])];
  const transportAt = ethernet.length + head.length;
  const bytes = new Uint8Array(transportAt + length);
  bytes.set(ethernet);
  bytes.set(head, ethernet.length);
  bytes.set(transport, transportAt);
  bytes.set(payload, transportAt + transport.length);
  const complement = fold(pseudo + sumOf(bytes.subarray(transportAt))) ^ 0xffff;
  // For UDP zero would mean that there is none; to TCP both are the same.
  const full = complement === 0 ? 0xffff : complement;
  bytes.set(u16(isPartial ? pseudo : full), transportAt + CHECKSUM_AT[protocol]);
  return { bytes, transportAt, headSize: transportAt + transport.length };
}

function ip4({ ipOptions, id, protocol }: TransportFrame, length: number, addresses: Uint8Array): Uint8Array {
  const size = 20 + ipOptions.length;
  const head = Uint8Array.of(
    ...[0x40 | (size / 4), 0, ...u16(size + length), ...u16(id), 0x40, 0, 64, PROTOCOL[protocol], 0, 0],
    ...addresses,
    ...ipOptions,
  );
  head.set(u16(fold(sumOf(head)) ^ 0xffff), 10);
  return head;
}

function ip6({ extensions, protocol }: TransportFrame, length: number, addresses: Uint8Array): Uint8Array {
  const extension = (next: number) => [next, 0, 1, 4, 0, 0, 0, 0];
  const bodies = Array.from({ length: extensions }, (_, index) =>
    extension(index < extensions - 1 ? DESTINATION_OPTIONS : PROTOCOL[protocol]),
  ).flat();
  const next = extensions > 0 ? DESTINATION_OPTIONS : PROTOCOL[protocol];
  return Uint8Array.of(0x60, 0, 0, 0, ...u16(bodies.length + length), next, 64, ...addresses, ...bodies);
}

/** As a headed super-frame that leaves all work to be done. */
export function superFrame(spec: TransportFrame, gsoSize: number): Uint8Array {
  const { bytes, transportAt, headSize } = build(spec, true);
  const type = spec.protocol === 'udp' ? GSO.udp : spec.family === 4 ? GSO.tcp4 : GSO.tcp6;
  return headed(bytes, {
    flags: NEEDS_CSUM,
    gsoType: type | (spec.protocol === 'tcp' && (spec.flags & FLAG.cwr) !== 0 ? GSO.ecn : 0),
    hdrLen: headSize,
    gsoSize,
    csumStart: transportAt,
    csumOffset: CHECKSUM_AT[spec.protocol],
  });
}

/** As a headed frame that lacks only its checksum. */
export function partialFrame(spec: TransportFrame): Uint8Array {
  const { bytes, transportAt } = build(spec, true);
  return headed(bytes, { flags: NEEDS_CSUM, csumStart: transportAt, csumOffset: CHECKSUM_AT[spec.protocol] });
}

/** The finished frames that a super-frame stands for. */
export function segmentsOf(spec: TransportFrame, gsoSize: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(spec.payload.length / gsoSize));
  return Array.from({ length: count }, (_, index) => {
    const at = index * gsoSize;
    const notLast = index < count - 1 ? FLAG.fin | FLAG.psh : 0;
    const notFirst = index > 0 ? FLAG.cwr : 0;
    const segment = {
      ...spec,
      id: (spec.id + index) & 0xffff,
      seq: (spec.seq + at) >>> 0,
      flags: spec.flags & ~notLast & ~notFirst,
      payload: spec.payload.subarray(at, at + gsoSize),
    };
    return build(segment, false).bytes;
  });
}

const NOP = 1;

/** Bytes of no regular pattern. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** Frames with any headers, and with payloads of so many bytes. */
export const transportFrames = (minPayload: number, maxPayload: number): fc.Arbitrary<TransportFrame> =>
  fc.record({
    tags: fc.array(fc.integer({ min: 0, max: 0xfff }), { maxLength: 2 }),
    family: fc.constantFrom<4 | 6>(4, 6),
    protocol: fc.constantFrom<'tcp' | 'udp'>('tcp', 'udp'),
    ipOptions: fc.nat(10).map((words) => new Uint8Array(4 * words).fill(NOP)),
    extensions: fc.nat(2),
    id: fc.nat(0xffff),
    seq: fc.nat(0xffff_ffff),
    flags: fc.integer({ min: 0, max: 0xff }).map((flags) => (flags | FLAG.ack) & ~0x26),
    tcpOptions: fc.nat(10).map((words) => new Uint8Array(4 * words).fill(NOP)),
    payload: fc
      .tuple(fc.integer({ min: minPayload, max: maxPayload }), fc.nat())
      .map(([length, seed]) => noise(length, seed)),
  });
