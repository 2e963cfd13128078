#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

/**
 * Packets that a batch hands to JS, in a slab that the next batch overwrites; `bounds` tells where each lies:
 *
 *     slab     |  packet 0  | packet 1   |  ...
 *     bounds   ^b[0]   ^b[1] ^b[2]  ^b[3]
 */
class PacketBatch {
 public:
  /** `largest`: bytes; a batch is full when less than this is left in the slab, or when it has `limit` packets. */
  PacketBatch(uint8_t* slab, size_t size, uint32_t* bounds, uint32_t limit, size_t largest)
      : slab_(slab), size_(size), bounds_(bounds), limit_(limit), largest_(largest) {}

  bool IsFull() const { return count_ == limit_ || size_ - used_ < largest_; }
  uint32_t count() const { return count_; }
  uint8_t* slab() const { return slab_; }
  uint32_t limit() const { return limit_; }

  /** Where the next packet may be written, and how much of it. */
  uint8_t* room() const { return slab_ + used_; }
  size_t room_size() const { return size_ - used_; }

  /** Takes in what was written to `room()`: a packet of `size` bytes behind `skipped` others. */
  void Take(size_t size, size_t skipped = 0) {
    Bound(used_ + skipped, size);
    used_ += skipped + size;
  }

  /** Copies a packet in. Returns false, and has done nothing, if it finds no room. */
  bool Append(const iovec* pieces, int count) {
    uint8_t* to = room();
    size_t left = room_size();
    for (int piece = 0; piece < count; ++piece) {
      if (pieces[piece].iov_len > left) return false;
      if (pieces[piece].iov_len > 0) std::memcpy(to, pieces[piece].iov_base, pieces[piece].iov_len);
      to += pieces[piece].iov_len;
      left -= pieces[piece].iov_len;
    }
    Take(static_cast<size_t>(to - room()));
    return true;
  }

  /** Takes in a packet that lies anywhere in the slab. */
  void Bound(size_t start, size_t size) {
    bounds_[2 * count_] = static_cast<uint32_t>(start);
    bounds_[2 * count_ + 1] = static_cast<uint32_t>(start + size);
    ++count_;
  }

 private:
  uint8_t* slab_;
  size_t size_;
  uint32_t* bounds_;
  uint32_t limit_;
  size_t largest_;
  uint32_t count_ = 0;
  size_t used_ = 0;
};
