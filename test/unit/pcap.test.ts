import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type CapturedFrame, captureHeader, captureRecord, readCapture } from '../../src/pcap/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rgt-pcap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const frames = [Uint8Array.of(1, 2, 3), new Uint8Array(1514).fill(7), new Uint8Array(70_000).fill(9)];

async function read(bytes: Uint8Array): Promise<CapturedFrame[]> {
  const path = join(folder, 'capture');
  writeFileSync(path, bytes);
  return readPath(path);
}

async function readPath(path: string): Promise<CapturedFrame[]> {
  const found: CapturedFrame[] = [];
  for await (const frame of readCapture(path)) found.push(frame);
  return found;
}

/** A file whose 32-bit and 16-bit numbers stand in either order. */
function file(isLittle: boolean, ...parts: (readonly ['u16' | 'u32', number] | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part instanceof Uint8Array) return part;
      const [kind, value] = part;
      const bytes = Buffer.alloc(kind === 'u16' ? 2 : 4);
      if (kind === 'u16') isLittle ? bytes.writeUInt16LE(value) : bytes.writeUInt16BE(value);
      else isLittle ? bytes.writeUInt32LE(value) : bytes.writeUInt32BE(value);
      return bytes;
    }),
  );
}
const u32 = (value: number) => ['u32', value] as const;
const u16 = (value: number) => ['u16', value] as const;
const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

const classic = (isLittle: boolean, magic: number, linkType = 1) =>
  file(isLittle, u32(magic), u16(2), u16(4), u32(0), u32(0), u32(65_535), u32(linkType));

function block(isLittle: boolean, type: number, body: Uint8Array): Buffer {
  const length = 12 + body.length;
  return file(isLittle, u32(type), u32(length), body, u32(length));
}
const section = (isLittle: boolean) =>
  block(isLittle, 0x0a0d0d0a, file(isLittle, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)));
const port = (isLittle: boolean, options: Uint8Array = new Uint8Array(0), linkType = 1) =>
  block(isLittle, 1, file(isLittle, u16(linkType), u16(0), u32(0), options));
const packet = (isLittle: boolean, id: number, ticks: bigint, data: Uint8Array, original = data.length) =>
  block(
    isLittle,
    6,
    file(
      isLittle,
      ...[u32(id), u32(Number(ticks >> 32n)), u32(Number(ticks & 0xffffffffn)), u32(data.length), u32(original)],
      padded(data),
    ),
  );

describe('a classic capture', () => {
  it('is read as it was written', async () => {
    const wallTime = 1_700_000_000_123.456;
    const read_ = await read(
      Buffer.concat([captureHeader(), ...frames.map((frame) => captureRecord(wallTime, frame))]),
    );
    expect(read_.map(({ data }) => Buffer.from(data))).toEqual(frames.map((frame) => Buffer.from(frame)));
    expect(read_.map(({ timeNs }) => timeNs / 1_000_000n)).toEqual(frames.map(() => 1_700_000_000_123n));
  });

  it.each([
    [true, 0xa1b2c3d4, 5_000_007_000n],
    [false, 0xa1b2c3d4, 5_000_007_000n],
    [true, 0xa1b23c4d, 5_000_000_007n],
    [false, 0xa1b23c4d, 5_000_000_007n],
  ])('is read in every order and unit (little-endian %s, magic %i)', async (isLittle, magic, timeNs) => {
    const bytes = file(isLittle, classic(isLittle, magic), u32(5), u32(7), u32(3), u32(60), Uint8Array.of(1, 2, 3));
    expect(await read(bytes)).toMatchObject([{ timeNs, interfaceId: 0, originalLength: 60 }]);
  });

  it.each([
    ['PCAP_BROKEN', file(true, classic(true, 0xa1b2c3d4), u32(5), u32(7), u32(30), u32(30), new Uint8Array(29))],
    ['PCAP_BROKEN', file(true, classic(true, 0xa1b2c3d4), u32(5), u32(7), u32(0x7fffffff), u32(30))],
    ['PCAP_BROKEN', classic(true, 0xa1b2c3d4).subarray(0, 20)],
    ['PCAP_LINK_TYPE', classic(true, 0xa1b2c3d4, 113)],
    ['PCAP_FORMAT', new TextEncoder().encode('GIF89a')],
    ['PCAP_FORMAT', new Uint8Array(0)],
  ])('that is %s is refused', async (code, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code });
  });

  it('that is not there is named', async () => {
    await expect(readPath(join(folder, 'nothing'))).rejects.toMatchObject({
      code: 'PCAP_UNREADABLE',
      message: expect.stringContaining('ENOENT'),
    });
  });
});

describe.each([true, false])('a pcapng capture (little-endian %s)', (isLittle) => {
  it('is read, whatever blocks lie between', async () => {
    const nanoseconds = file(isLittle, u16(9), u16(1), Uint8Array.of(9, 0, 0, 0), u16(0), u16(0));
    const bytes = Buffer.concat([
      section(isLittle),
      port(isLittle),
      block(isLittle, 0xbad, new Uint8Array(200_000)),
      packet(isLittle, 0, 5_000_007n, frames[0]!, 60),
      port(isLittle, nanoseconds),
      packet(isLittle, 1, 5_000_000_007n, frames[2]!),
      block(isLittle, 3, file(isLittle, u32(3), padded(frames[0]!))),
      section(!isLittle),
      port(!isLittle),
      packet(!isLittle, 0, 1n, frames[1]!),
    ]);
    expect(await read(bytes)).toEqual(
      [
        { timeNs: 5_000_007_000n, interfaceId: 0, originalLength: 60, data: frames[0] },
        { timeNs: 5_000_000_007n, interfaceId: 1, originalLength: 70_000, data: frames[2] },
        { timeNs: 0n, interfaceId: 0, originalLength: 3, data: frames[0] },
        { timeNs: 1000n, interfaceId: 0, originalLength: 1514, data: frames[1] },
      ].map((frame) => ({ ...frame, data: expect.toSatisfy((data) => Buffer.compare(data, frame.data!) === 0) })),
    );
  });

  it.each([
    ['PCAP_BROKEN', Buffer.concat([section(isLittle), packet(isLittle, 0, 0n, frames[0]!)])],
    [
      'PCAP_BROKEN',
      Buffer.concat([section(isLittle), port(isLittle), packet(isLittle, 0, 0n, frames[0]!)]).subarray(0, -1),
    ],
    ['PCAP_BROKEN', Buffer.concat([section(isLittle), file(isLittle, u32(6), u32(13))])],
    [
      'PCAP_LINK_TYPE',
      Buffer.concat([section(isLittle), port(isLittle, undefined, 113), packet(isLittle, 0, 0n, frames[0]!)]),
    ],
    ['PCAP_FORMAT', block(isLittle, 0x0a0d0d0a, new Uint8Array(16))],
  ])('that is %s is refused', async (code, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code });
  });
});
