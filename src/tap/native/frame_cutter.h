#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "vnet_header.h"

/**
 * Does to a frame what its virtio header leaves to be done: puts a partial checksum right, cuts a super-frame (TCP over
 * IPv4 or IPv6, UDP) into frames as the kernel would (net/ipv4/tcp_offload.c, udp_offload.c).
 *
 * Frame and header may come from anybody. Each is checked before use; what is malformed is refused whole.
 */
class FrameCutter {
 public:
  /** A finished frame lies in up to so many pieces. */
  static constexpr int kPieces = 3;

  /** Takes a frame up, which must stay in place until it is used up; false: it is malformed. */
  bool Load(const VnetHeader& header, const uint8_t* frame, size_t size);

  /** Points at the pieces of the next finished frame, valid until the next call; returns how many, 0: no more. */
  int Next(iovec* pieces);

  /** Bytes of the largest finished frame. */
  size_t largest() const { return largest_; }

 private:
  /** More than any sender makes of Ethernet, two VLAN tags, IP and TCP with all their options. */
  static constexpr size_t kMaxHead = 256;
  /** A super-frame at the kernel's least segment size (tcp_min_snd_mss, 48 bytes) has fewer. */
  static constexpr size_t kMaxTcpSegments = 2048;
  /** UDP_MAX_SEGMENTS. */
  static constexpr size_t kMaxUdpSegments = 128;

  enum class State : uint8_t { kEmpty, kWhole, kChecksum, kSegments };

  bool LoadChecksum(const VnetHeader& header);
  bool LoadSegments(const VnetHeader& header);
  /** Finds the transport header behind IPv4 or IPv6; false: there is none of this protocol. */
  bool FindTransport4(uint8_t protocol);
  bool FindTransport6(uint8_t protocol);
  void MakeHead(size_t offset, size_t payload, bool is_last);

  State state_ = State::kEmpty;
  const uint8_t* frame_ = nullptr;
  size_t size_ = 0;
  size_t largest_ = 0;

  /** Of kChecksum: from where on to sum, where the checksum is, and what belongs there. */
  size_t start_ = 0;
  size_t field_ = 0;
  uint16_t checksum_ = 0;

  /** Of kSegments: offsets in the frame; `head_` becomes the headers of one segment after the other. */
  bool is_tcp_ = false;
  bool is_ip4_ = false;
  size_t network_ = 0;
  size_t transport_ = 0;
  size_t head_size_ = 0;
  size_t segment_ = 0;
  size_t offset_ = 0;
  uint16_t next_id_ = 0;
  /** The sum of the pseudo header without its length. */
  uint64_t pseudo_ = 0;
  std::array<uint8_t, kMaxHead> head_;
};
