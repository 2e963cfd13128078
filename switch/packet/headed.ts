/**
 * Headed frames: before the first byte of such a frame, in the same memory, is a virtio header, which says what of it is
 * left to be done (virtio 1.2 section 5.1.6, in the host's byte order):
 *
 *     0        8        16               32               48               64               80            96
 *     +--------+--------+----------------+----------------+----------------+----------------+-------------+
 *     | flags  |gso_type|    hdr_len     |    gso_size    |   csum_start   |  csum_offset   | num_buffers |
 *     +--------+--------+----------------+----------------+----------------+----------------+-------------+
 *
 * With the lowest bit of `flags`, its checksum is to be made; with a `gso_type`, it is a super-frame, to be cut into
 * segments of `gso_size` bytes of payload.
 */
export const headerLength = 12;
const flagsAt = 0;
const needsChecksum = 1;
const gsoTypeAt = 1;
const hdrLenAt = 2;
const gsoSizeAt = 4;
const csumStartAt = 6;

const [low, high] = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? ([0, 1] as const) : ([1, 0] as const);

/** Memory whose frames are headed, all of them. */
const headedMemory = new WeakSet<ArrayBufferLike>();

/** Says that all frames in the memory of this one are headed. */
export function markHeaded(frame: Uint8Array): void {
  headedMemory.add(frame.buffer);
}

export function isHeaded(frame: Uint8Array): boolean {
  return headedMemory.has(frame.buffer);
}

/** The header of a headed frame: a view of its own, as what lies before a view cannot be read through it. */
export function headerOf(frame: Uint8Array): Uint8Array {
  return new Uint8Array(frame.buffer, frame.byteOffset - headerLength, headerLength);
}

/** Whether the frame behind the header at `at` is as on a wire: its checksums are there, and it is no super-frame. */
export function isFinished(memory: Uint8Array, at: number): boolean {
  return memory[at + gsoTypeAt] === 0 && (memory[at + flagsAt]! & needsChecksum) === 0;
}

/** Bytes of payload of each segment; 0: it is no super-frame. */
export function segmentSize(header: Uint8Array): number {
  return header[gsoTypeAt] === 0 ? 0 : get(header, gsoSizeAt);
}

/** Memory for a headed frame of another length that is to take the place of `frame`; its headers begin `shift` bytes later. */
export function headedRoom(frame: Uint8Array, length: number, shift: number): Uint8Array {
  const memory = new Uint8Array(headerLength + length);
  memory.set(headerOf(frame));
  if (shift !== 0) for (const at of [hdrLenAt, csumStartAt]) put(memory, at, get(memory, at) + shift);
  const room = memory.subarray(headerLength);
  markHeaded(room);
  return room;
}

const get = (header: Uint8Array, at: number): number => header[at + low]! | (header[at + high]! << 8);

function put(header: Uint8Array, at: number, value: number): void {
  header[at + low] = value;
  header[at + high] = value >> 8;
}
