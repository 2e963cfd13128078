/** What a frame leaves to be done, as the fields of a virtio header (virtio 1.2 section 5.1.6). */
export interface VnetFields {
  flags?: number;
  gsoType?: number;
  hdrLen?: number;
  gsoSize?: number;
  csumStart?: number;
  csumOffset?: number;
}

export const NEEDS_CSUM = 1;
export const GSO = { none: 0, tcp4: 1, tcp6: 4, udp: 5, ecn: 0x80 } as const;

const HEADER = 12;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** A copy of the frame with a virtio header before its first byte. */
export function headed(frame: Uint8Array, fields: VnetFields = {}): Uint8Array {
  const { flags = 0, gsoType = 0, hdrLen = 0, gsoSize = 0, csumStart = 0, csumOffset = 0 } = fields;
  const bytes = new Uint8Array(HEADER + frame.length);
  const view = new DataView(bytes.buffer);
  bytes.set([flags, gsoType]);
  [hdrLen, gsoSize, csumStart, csumOffset].forEach((value, index) => {
    view.setUint16(2 + 2 * index, value, isLittleEndian);
  });
  bytes.set(frame, HEADER);
  return bytes.subarray(HEADER);
}

/** The header of a headed frame. */
export function headerOf(frame: Uint8Array): Required<VnetFields> {
  const view = new DataView(frame.buffer, frame.byteOffset - HEADER, HEADER);
  const field = (index: number) => view.getUint16(2 + 2 * index, isLittleEndian);
  return {
    flags: view.getUint8(0),
    gsoType: view.getUint8(1),
    hdrLen: field(0),
    gsoSize: field(1),
    csumStart: field(2),
    csumOffset: field(3),
  };
}
