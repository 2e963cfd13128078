#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "vnet_header.h"

/**
 * The reverse of FrameCutter: makes one super-frame of neighbouring segments of one TCP stream, or of datagrams of one
 * size between the same two UDP ports, so that they cost the network stack behind an interface hardly more than one
 * frame (as the kernel's GRO does, net/ipv4/tcp_offload.c, udp_offload.c). Cut again, it gives the very same frames.
 */
class FrameJoiner {
 public:
  static constexpr size_t kMaxFrames = 64;
  static constexpr size_t kPieces = kMaxFrames + 1;

  /** `joins_udp`: whether the interface takes super-frames of UDP. */
  explicit FrameJoiner(bool joins_udp) : joins_udp_(joins_udp) {}

  /**
   * Takes a frame up, which stays in place until Take(); false: it does not go with those that are held. Whatever it is,
   * it is taken up when nothing is held.
   */
  bool Add(const VnetHeader& header, const uint8_t* frame, size_t size);
  size_t count() const { return count_; }
  size_t bytes() const { return bytes_; }

  /** Gives what is held as one frame, valid until the next Add(); returns the number of pieces. */
  int Take(VnetHeader* header, iovec* pieces);

 private:
  static constexpr size_t kMaxHead = 256;

  /** A data segment with nothing special about it, whose checksums are right or to be made. Offsets in the frame. */
  struct Segment {
    const uint8_t* frame = nullptr;
    bool is_ip4 = false;
    bool is_tcp = false;
    size_t network = 0;
    size_t transport = 0;
    size_t head = 0;
    size_t payload = 0;
  };

  bool Parse(const VnetHeader& header, const uint8_t* frame, size_t size, Segment* segment) const;
  bool Follows(const Segment& next) const;

  bool joins_udp_;

  size_t count_ = 0;
  size_t bytes_ = 0;
  /** Whether another segment may follow. */
  bool is_open_ = false;
  VnetHeader first_header_;
  Segment first_;
  Segment last_;
  size_t payload_ = 0;
  std::array<iovec, kMaxFrames> held_;
  std::array<uint8_t, kMaxHead> head_;
};
