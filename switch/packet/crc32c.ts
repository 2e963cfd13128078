/** CRC-32C (Castagnoli), the checksum of SCTP (RFC 9260 appendix A), least significant bit first. */

const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  return crc;
});

const checksumAt = 8;

/** Of the SCTP packet from `at` to `end`, with its checksum field taken as zero; unsigned, as it stands on the wire. */
export function sctpChecksum(bytes: Uint8Array, at: number, end: number): number {
  let crc = 0xffff_ffff;
  for (let i = at; i < end; i++) {
    const offset = i - at;
    const byte = offset >= checksumAt && offset < checksumAt + 4 ? 0 : bytes[i]!;
    crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  const value = ~crc;
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
