import { ethernet, maxFrame } from './frame.ts';

/** Writes the newer capture format, little-endian, with nanoseconds. The wire is shown in pcapng.ts. */
const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
/** Of any length. */
const unknownLength = 0xffff_ffff;
/** Option codes: 1 and 2 mean the same everywhere, the others depend on the block. */
const options = { end: 0, comment: 1, packetFlags: 2, interfaceName: 2, description: 3, resolution: 9 } as const;
const nanoseconds = 9;
const directions = { in: 1, out: 2 } as const;

export interface NgPacket {
  /** Of the interfaces written before, counted from 0. */
  readonly interfaceId: number;
  /** Since 1970. */
  readonly timeNs: bigint;
  readonly direction: 'in' | 'out';
  readonly comment: string;
  readonly frame: Uint8Array;
}

/** What a capture begins with. */
export function pcapngSection(): Buffer {
  return block(blockTypes.section, [u32(byteOrderMagic), u16(1), u16(0), u32(unknownLength), u32(unknownLength)]);
}

/** One for each Ethernet interface, before the packets. */
export function pcapngInterface(name: string, description: string): Buffer {
  return block(blockTypes.interface, [
    ...[u16(ethernet), u16(0), u32(maxFrame)],
    option(options.interfaceName, Buffer.from(name)),
    option(options.description, Buffer.from(description)),
    option(options.resolution, Buffer.of(nanoseconds)),
    option(options.end, Buffer.alloc(0)),
  ]);
}

export function pcapngPacket({ interfaceId, timeNs, direction, comment, frame }: NgPacket): Buffer {
  const captured = frame.subarray(0, maxFrame);
  return block(blockTypes.packet, [
    ...[u32(interfaceId), u32(Number(timeNs >> 32n)), u32(Number(timeNs & 0xffff_ffffn))],
    ...[u32(captured.length), u32(frame.length), padded(captured)],
    option(options.comment, Buffer.from(comment)),
    option(options.packetFlags, u32(directions[direction])),
    option(options.end, Buffer.alloc(0)),
  ]);
}

function block(type: number, body: readonly Uint8Array[]): Buffer {
  const length = u32(12 + body.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([u32(type), length, ...body, length]);
}

function option(code: number, value: Uint8Array): Buffer {
  return Buffer.concat([u16(code), u16(value.length), padded(value)]);
}

/** To a multiple of 32 bits. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], (bytes.length + 3) & ~3);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
