import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { captureHeader, captureRecord, PcapError, readCapture } from '../../src/pcap/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rgt-pcap-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(bytes: Uint8Array): Promise<Buffer[]> {
  const path = join(folder, 'capture');
  writeFileSync(path, bytes);
  const frames: Buffer[] = [];
  for await (const { data } of readCapture(path)) frames.push(Buffer.from(data));
  return frames;
}

const frame = fc.uint8Array({ maxLength: 2000 });
/** The beginnings of both formats. */
const starts = [
  captureHeader(),
  Buffer.from(
    '0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c0000000100000014000000010000000000000014000000',
    'hex',
  ),
];

describe('capture files', () => {
  it('hold what was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 50 }), async (frames) => {
        const file = Buffer.concat([
          captureHeader(),
          ...frames.map((bytes) => captureRecord(1_700_000_000_000, bytes)),
        ]);
        expect(await read(file)).toEqual(frames.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });

  it('of any bytes are read or refused', async () => {
    const bytes = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 500 }));
    await fc.assert(
      fc.asyncProperty(bytes, async ([start, rest]) => {
        await read(Buffer.concat([start, rest])).catch((error) => expect(error).toBeInstanceOf(PcapError));
      }),
      { numRuns: 500 },
    );
  });
});
