import { ethernet, maxFrame } from './frame.ts';

/** Little-endian, microseconds: what every tool reads. The wire is shown in classic.ts. */
const magic = 0xa1b2c3d4;

/** What a capture file begins with. */
export function captureHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(magic, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(maxFrame, 16);
  header.writeUInt32LE(ethernet, 20);
  return header;
}

/** One frame of it, as a copy. `wallTime`: ms since 1970. */
export function captureRecord(wallTime: number, frame: Uint8Array): Buffer {
  const captured = Math.min(frame.length, maxFrame);
  const record = Buffer.allocUnsafe(16 + captured);
  const seconds = Math.floor(wallTime / 1000);
  record.writeUInt32LE(seconds >>> 0, 0);
  record.writeUInt32LE(Math.floor((wallTime - seconds * 1000) * 1000), 4);
  record.writeUInt32LE(captured, 8);
  record.writeUInt32LE(frame.length, 12);
  record.set(frame.subarray(0, captured), 16);
  return record;
}
