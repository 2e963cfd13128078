#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

/**
 * What virtio puts in front of a frame to say which work on it is left to the receiver (virtio 1.2 section 5.1.6,
 * struct virtio_net_hdr_mrg_rxbuf), in the host's byte order as the kernel's TAP and packet sockets have it:
 *
 *     0        8        16               32               48               64               80            96
 *     +--------+--------+----------------+----------------+----------------+----------------+-------------+
 *     | flags  |gso_type|    hdr_len     |    gso_size    |   csum_start   |  csum_offset   | num_buffers |
 *     +--------+--------+----------------+----------------+----------------+----------------+-------------+
 *
 * With NEEDS_CSUM, the field `csum_offset` bytes behind `csum_start` holds the sum of the pseudo header only; what is
 * missing is the sum of everything from `csum_start` on. A `gso_type` makes it a super-frame, to be cut into frames
 * with `gso_size` bytes of payload each. `hdr_len` is a hint, which nobody here relies on.
 */
struct VnetHeader {
  static constexpr size_t kSize = 12;
  /** Without `num_buffers`: the header of a packet socket. */
  static constexpr size_t kSocketSize = 10;

  static constexpr uint8_t kNeedsChecksum = 1;

  static constexpr uint8_t kNoGso = 0;
  static constexpr uint8_t kTcp4 = 1;
  static constexpr uint8_t kTcp6 = 4;
  static constexpr uint8_t kUdp = 5;
  /** Set beside kTcp4 or kTcp6. */
  static constexpr uint8_t kEcn = 0x80;

  uint8_t flags = 0;
  uint8_t gso_type = kNoGso;
  uint16_t hdr_len = 0;
  uint16_t gso_size = 0;
  uint16_t csum_start = 0;
  uint16_t csum_offset = 0;
  uint16_t num_buffers = 0;

  static VnetHeader Load(const uint8_t* from) {
    VnetHeader header;
    std::memcpy(&header, from, kSize);
    return header;
  }
  void Store(uint8_t* to) const { std::memcpy(to, this, kSize); }
};

static_assert(sizeof(VnetHeader) == VnetHeader::kSize);
