#pragma once

#include <cstddef>
#include <cstdint>

#include "frame_cutter.h"
#include "packet_source.h"

/** Fills batches with finished frames, made of headed ones that `Receive` gets from the descriptor. */
class CutReader : public PacketReader {
 public:
  int Read(int fd, PacketBatch& batch) override {
    while (Drain(batch)) {
      const int error = Receive(fd);
      if (error != 0) return error;
    }
    return 0;
  }

  bool HasMore() const override { return has_pieces_; }

 protected:
  /** Loads the next frame, if it can be, into `cutter_`; returns 0 or an errno. */
  virtual int Receive(int fd) = 0;

  FrameCutter cutter_;

 private:
  /** Moves all that the cutter gives into the batch; false: there is no more room. */
  bool Drain(PacketBatch& batch) {
    for (;;) {
      if (!has_pieces_) {
        piece_count_ = cutter_.Next(pieces_);
        has_pieces_ = piece_count_ > 0;
      }
      if (batch.IsFull()) return false;
      if (!has_pieces_) return true;
      if (!batch.Append(pieces_, piece_count_)) ++dropped_;
      has_pieces_ = false;
    }
  }

  iovec pieces_[FrameCutter::kPieces];
  int piece_count_ = 0;
  bool has_pieces_ = false;
};
