#include "checksum.h"

#include <cstring>

uint64_t ChecksumSum(const uint8_t* bytes, size_t size) {
  // Four sums of 32-bit words keep the adders of one core busy; none can overflow below 16 GB.
  uint64_t sums[4] = {};
  uint32_t words[8];
  for (; size >= sizeof words; bytes += sizeof words, size -= sizeof words) {
    std::memcpy(words, bytes, sizeof words);
    for (int lane = 0; lane < 4; ++lane) sums[lane] += static_cast<uint64_t>(words[lane]) + words[lane + 4];
  }
  uint64_t sum = sums[0] + sums[1] + sums[2] + sums[3];
  uint16_t word = 0;
  for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
    std::memcpy(&word, bytes, sizeof word);
    sum += word;
  }
  if (size != 0) {
    word = 0;
    std::memcpy(&word, bytes, 1);
    sum += word;
  }
  return sum;
}
