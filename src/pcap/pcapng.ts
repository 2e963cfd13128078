import { ByteReader } from './byte-reader.ts';
import { PcapError } from './errors.ts';
import { brokenOff, type CapturedFrame, expectEthernet, expectLength } from './frame.ts';

/**
 * The newer capture format (draft-ietf-opsawg-pcapng). All is blocks, whose byte order the section header tells:
 *
 *     type u32 | total length u32 | body, padded to 32 bits | total length u32
 *
 *     section header 0x0a0d0d0a   byte order magic u32 | major u16 | minor u16 | section length i64 | options
 *     interface      1            link type u16 | reserved u16 | snapshot length u32 | options
 *     simple packet  3            original length u32 | bytes
 *     packet         6            interface u32 | time high u32 | time low u32 | captured u32 | original u32 | bytes | options
 */
export const pcapngMagic = '0a0d0d0a';

const sectionHeader = 0x0a0d0d0a;
const byteOrderMagic = 0x1a2b3c4d;
/** Blocks other than these are passed over. */
const interfaceBlock = 1;
const simplePacket = 3;
const packet = 6;

const blockHead = 8;
const blockTail = 4;
/** Body of the largest block that is looked into: a frame and its options. */
const maxBody = 1 << 20;
const maxInterfaces = 65_536;

const optionEnd = 0;
const optionResolution = 9;
/** Ticks a second where an interface does not say. */
const standardTicks = 1_000_000n;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly ticksPerSecond: bigint;
}

interface Section {
  readonly isLittle: boolean;
  readonly interfaces: Interface[];
}

/** Reads frames. Throws PCAP_FORMAT, PCAP_BROKEN (after the last whole frame), PCAP_LINK_TYPE. */
export async function* readPcapng(chunks: AsyncIterable<Buffer>): AsyncGenerator<CapturedFrame> {
  const reader = new ByteReader(chunks);
  let section: Section | undefined;
  while (!(await reader.isAtEnd())) {
    const head = await reader.take(blockHead);
    if (!head) throw brokenOff();
    // The section header's type reads the same in both orders.
    if (head.readUInt32LE(0) === sectionHeader) {
      section = await openSection(reader, head);
      continue;
    }
    if (!section) throw new PcapError('PCAP_FORMAT', 'a pcapng file begins with a section header');
    const type = u32(head, 0, section);
    const length = bodyLength(u32(head, 4, section));
    const read = readers.get(type);
    if (!read) {
      if (!(await reader.skip(length + blockTail))) throw brokenOff();
      continue;
    }
    const frame = read(await takeBody(reader, length), section);
    if (frame) yield frame;
  }
}

const readers = new Map<number, (body: Buffer, section: Section) => CapturedFrame | undefined>([
  [interfaceBlock, addInterface],
  [simplePacket, readSimplePacket],
  [packet, readPacket],
]);

async function openSection(reader: ByteReader, head: Buffer): Promise<Section> {
  const magic = await reader.take(4);
  if (!magic) throw brokenOff();
  const isLittle = magic.readUInt32LE(0) === byteOrderMagic;
  if (!isLittle && magic.readUInt32BE(0) !== byteOrderMagic) {
    throw new PcapError('PCAP_FORMAT', 'a section header without its byte order');
  }
  const section: Section = { isLittle, interfaces: [] };
  const body = await takeBody(reader, bodyLength(u32(head, 4, section)) - magic.length);
  expectSize(body, 12);
  const major = u16(body, 0, section);
  if (major !== 1) throw new PcapError('PCAP_FORMAT', `pcapng of version ${major}, not 1`);
  return section;
}

function addInterface(body: Buffer, section: Section): undefined {
  expectSize(body, 8);
  if (section.interfaces.length >= maxInterfaces) throw new PcapError('PCAP_BROKEN', 'interfaces beyond number');
  const resolution = findOption(body.subarray(8), optionResolution, section);
  section.interfaces.push({
    linkType: u16(body, 0, section),
    snapLength: u32(body, 4, section),
    ticksPerSecond: ticksOf(resolution?.[0]),
  });
}

/** `if_tsresol`: a negative power of 10, or with the highest bit of 2. */
function ticksOf(resolution: number | undefined): bigint {
  if (resolution === undefined) return standardTicks;
  const exponent = BigInt(resolution & 0x7f);
  return ((resolution & 0x80) === 0 ? 10n : 2n) ** exponent;
}

/** Without a time: it counts as 1970. */
function readSimplePacket(body: Buffer, section: Section): CapturedFrame {
  expectSize(body, 4);
  const { snapLength } = interfaceOf(section, 0);
  const originalLength = u32(body, 0, section);
  const length = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength);
  return { timeNs: 0n, interfaceId: 0, data: takeFrame(body, 4, length), originalLength };
}

function readPacket(body: Buffer, section: Section): CapturedFrame {
  expectSize(body, 20);
  const interfaceId = u32(body, 0, section);
  const { ticksPerSecond } = interfaceOf(section, interfaceId);
  const ticks = (BigInt(u32(body, 4, section)) << 32n) | BigInt(u32(body, 8, section));
  return {
    timeNs: (ticks * 1_000_000_000n) / ticksPerSecond,
    interfaceId,
    data: takeFrame(body, 20, u32(body, 12, section)),
    originalLength: u32(body, 16, section),
  };
}

function interfaceOf({ interfaces }: Section, id: number): Interface {
  const found = interfaces[id];
  if (!found) throw new PcapError('PCAP_BROKEN', `a frame of interface ${id}, which the file does not describe`);
  expectEthernet(found.linkType);
  return found;
}

function takeFrame(body: Buffer, at: number, length: number): Uint8Array {
  expectLength(length);
  expectSize(body, at + length);
  return Uint8Array.prototype.slice.call(body, at, at + length);
}

/** Options are: code u16 | length u16 | value, padded to 32 bits. */
function findOption(options: Buffer, wanted: number, section: Section): Buffer | undefined {
  for (let at = 0; at + 4 <= options.length; ) {
    const code = u16(options, at, section);
    const length = u16(options, at + 2, section);
    if (code === optionEnd || at + 4 + length > options.length) return undefined;
    if (code === wanted) return options.subarray(at + 4, at + 4 + length);
    at += 4 + ((length + 3) & ~3);
  }
  return undefined;
}

function bodyLength(total: number): number {
  if (total < blockHead + blockTail || total % 4 !== 0) {
    throw new PcapError('PCAP_BROKEN', `a block of ${total} bytes, which cannot be`);
  }
  return total - blockHead - blockTail;
}

async function takeBody(reader: ByteReader, length: number): Promise<Buffer> {
  if (length < 0 || length > maxBody) throw new PcapError('PCAP_BROKEN', `a block with ${length} bytes in it`);
  const body = await reader.take(length);
  if (!body || !(await reader.skip(blockTail))) throw brokenOff();
  return body;
}

function expectSize(body: Buffer, size: number): void {
  if (body.length < size)
    throw new PcapError('PCAP_BROKEN', `a block of ${body.length} bytes where ${size} are needed`);
}

function u16(bytes: Buffer, at: number, { isLittle }: Section): number {
  return isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
}

function u32(bytes: Buffer, at: number, { isLittle }: Section): number {
  return isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}
