import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { PcapError } from './errors.ts';
import { brokenOff, type CapturedFrame, expectEthernet, expectLength } from './frame.ts';

/**
 * The classic capture format (pcap-savefile(5)), in either byte order:
 *
 *     magic u32 | major u16 | minor u16 | zone i32 | accuracy u32 | snapshot length u32 | link type u32
 *     then each: seconds u32 | micro- or nanoseconds u32 | captured length u32 | original length u32 | bytes
 */
const globalHeader = 24;
const packetHeader = 16;

const micro = { perUnit: 1_000n, big: 'a1b2c3d4', little: 'd4c3b2a1' };
const nano = { perUnit: 1n, big: 'a1b23c4d', little: '4d3cb2a1' };

export const classicMagics: readonly string[] = [micro.big, micro.little, nano.big, nano.little];

interface Header {
  readonly majorVersion: number;
  readonly linkLayerType: number;
}

interface Packet {
  readonly header: {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  };
  readonly data: Buffer;
}

/** Of the package pcap-parser, which brings no types. */
const { parse } = createRequire(import.meta.url)('pcap-parser') as { parse(source: Source): EventEmitter };

/** What the parser takes for a stream. It is fed chunk by chunk, so that it never reads ahead of who takes the frames. */
class Source extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

/** Reads frames. Throws PCAP_FORMAT, PCAP_BROKEN (after the last whole frame), PCAP_LINK_TYPE. */
export async function* readClassic(chunks: AsyncIterable<Buffer>): AsyncGenerator<CapturedFrame> {
  const source = new Source();
  const parser = parse(source);
  let unit = micro.perUnit;
  let seen = 0;
  let used = globalHeader;
  let problem: Error | undefined;
  let frames: CapturedFrame[] = [];
  const check = (test: () => void) => {
    try {
      test();
    } catch (error) {
      problem ??= error as Error;
    }
  };
  parser.on('error', (error: Error) => {
    problem ??= new PcapError('PCAP_FORMAT', error.message, { cause: error });
  });
  parser.on('globalHeader', ({ majorVersion, linkLayerType }: Header) =>
    check(() => {
      if (majorVersion !== 2) throw new PcapError('PCAP_FORMAT', `pcap of version ${majorVersion}, not 2`);
      // The upper half may tell of checksums behind the frames.
      expectEthernet(linkLayerType & 0xffff);
    }),
  );
  // The parser would wait for as many bytes as it is told to.
  parser.on('packetHeader', ({ capturedLength }: Packet['header']) => check(() => expectLength(capturedLength)));
  parser.on('packet', ({ header, data }: Packet) => {
    if (problem) return;
    used += packetHeader + data.length;
    frames.push({
      timeNs: BigInt(header.timestampSeconds) * 1_000_000_000n + BigInt(header.timestampMicroseconds) * unit,
      interfaceId: 0,
      data,
      originalLength: header.originalLength,
    });
  });
  for await (let chunk of chunks) {
    if (seen === 0) ({ chunk, unit } = asMicroseconds(chunk));
    seen += chunk.length;
    source.emit('data', chunk);
    yield* frames;
    frames = [];
    if (problem) throw problem;
  }
  if (seen !== used) throw brokenOff();
}

/** The parser knows microseconds only; nanoseconds differ in the magic number and in what the unit is. */
function asMicroseconds(chunk: Buffer): { chunk: Buffer; unit: bigint } {
  const magic = chunk.toString('hex', 0, 4);
  const known = magic === nano.big ? micro.big : magic === nano.little ? micro.little : undefined;
  if (known === undefined) return { chunk, unit: micro.perUnit };
  return { chunk: Buffer.concat([Buffer.from(known, 'hex'), chunk.subarray(4)]), unit: nano.perUnit };
}
