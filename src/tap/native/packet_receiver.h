#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cut_reader.h"
#include "packet_source.h"

/**
 * Receives headed frames from a packet socket, several in one system call (which halves what a small frame costs; more
 * than 16 gain nothing), each into a slot:
 *
 *     0          4                16
 *     +----------+----------------+--------------------------
 *     |   spare  |  VnetHeader    | frame ...
 *     +----------+----------------+--------------------------
 *
 * The kernel takes VLAN tags out of frames; they are put back, for which header and addresses move into the spare.
 */
class SlotReceiver {
 public:
  static constexpr size_t kSlots = 16;
  static constexpr size_t kSpare = 4;
  static constexpr size_t kFrame = kSpare + VnetHeader::kSize;
  /** Room for the largest super-frame; not a multiple of a page, lest all slots begin in the same lines of the cache. */
  static constexpr size_t kSlotSize = 65'536 + 8 * 64;

  struct Frame {
    /** Offset from the first slot. */
    size_t start;
    /** 0: to be dropped. */
    size_t size;
  };

  /** Returns an errno, or 0: `count()` frames are there. */
  int Receive(int fd, uint8_t* slots);
  size_t count() const { return count_; }
  Frame At(uint8_t* slots, size_t index) const;

 private:
  struct Control {
    alignas(cmsghdr) uint8_t bytes[CMSG_SPACE(64)];
  };

  size_t count_ = 0;
  std::array<mmsghdr, kSlots> messages_;
  std::array<iovec, 2 * kSlots> pieces_;
  std::array<Control, kSlots> controls_;
};

/** Gives headed frames; the batch's slab consists of slots. */
class SlotReader : public PacketReader {
 public:
  int Read(int fd, PacketBatch& batch) override;

 private:
  SlotReceiver receiver_;
};

/** Gives finished frames. */
class SlotCutReader : public CutReader {
 public:
  SlotCutReader() : slots_(SlotReceiver::kSlots * SlotReceiver::kSlotSize) {}
  bool HasMore() const override { return CutReader::HasMore() || next_ < receiver_.count(); }

 protected:
  int Receive(int fd) override;

 private:
  SlotReceiver receiver_;
  size_t next_ = 0;
  std::vector<uint8_t> slots_;
};
