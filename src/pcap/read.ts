import { createReadStream } from 'node:fs';
import { classicMagics, readClassic } from './classic.ts';
import { PcapError } from './errors.ts';
import type { CapturedFrame } from './frame.ts';
import { pcapngMagic, readPcapng } from './pcapng.ts';

const chunkSize = 65_536;
const magicLength = 4;

/** Reads the frames of a capture file, of whichever format, one after the other. Throws a PcapError. */
export async function* readCapture(path: string): AsyncGenerator<CapturedFrame> {
  const stream = createReadStream(path, { highWaterMark: chunkSize });
  try {
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = await chunks.next();
    // A chunk of a file is as long as it was asked for, but for the last.
    const start: Buffer = first.done ? Buffer.alloc(0) : first.value;
    const magic = start.toString('hex', 0, magicLength);
    const all = startWith(start, chunks);
    if (classicMagics.includes(magic)) yield* readClassic(all);
    else if (magic === pcapngMagic) yield* readPcapng(all);
    else throw new PcapError('PCAP_FORMAT', `${path} is neither pcap nor pcapng`);
  } catch (cause) {
    if (cause instanceof PcapError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new PcapError('PCAP_UNREADABLE', `cannot read ${path} (${code ?? message})`, { cause });
  } finally {
    stream.destroy();
  }
}

async function* startWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
