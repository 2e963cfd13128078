#pragma once

#include <cstddef>
#include <cstdint>

/**
 * The Internet checksum (RFC 1071). Sums are of 16-bit words in the host's byte order, not yet folded: the arithmetic
 * does not care about byte order as long as words are loaded and stored alike. A sum may be added to another whose
 * bytes came an even number of bytes earlier.
 */
uint64_t ChecksumSum(const uint8_t* bytes, size_t size);

/** What belongs into a checksum field, to be stored by memcpy. */
inline uint16_t ChecksumFold(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}
