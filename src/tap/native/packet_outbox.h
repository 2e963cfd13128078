#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>

#include "frame_joiner.h"
#include "frames_in.h"
#include "send_tally.h"
#include "udp_segments.h"

/**
 * The frames of one call of send on their way into a packet socket: segments that belong together are joined, the others
 * go many in one system call (which takes a third off what a small frame costs).
 */
class PacketOutbox {
 public:
  PacketOutbox(int fd, SendTally tally) : fd_(fd), tally_(tally) {}

  /** Takes up a frame, which stays in place until Flush(). Returns the errno that makes going on useless, or 0. */
  int Add(const FramesIn::Frame& frame, const VnetHeader& header);
  int Flush();
  uint32_t taken() const { return taken_; }

 private:
  static constexpr unsigned kBatch = 64;

  /** Sends what is joined, or lets it wait if it is one frame only. */
  int Release();
  int Wait(const iovec& frame, const VnetHeader& header);
  int SendWaiting();
  int SendJoined(const VnetHeader& header, iovec* pieces, size_t piece_count, size_t frames);
  void Count(size_t frames, size_t bytes);

  int fd_;
  SendTally tally_;
  uint32_t taken_ = 0;
  FrameJoiner joiner_{KernelTakesUdpSegments()};
  unsigned count_ = 0;
  std::array<VnetHeader, kBatch> headers_;
  std::array<iovec, 2 * kBatch> pieces_;
  std::array<mmsghdr, kBatch> messages_;
};
