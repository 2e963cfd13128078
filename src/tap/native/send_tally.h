#pragma once

#include <napi.h>

#include <cerrno>

/**
 * Counts what a call of send has written. JS gives a Float64Array(2), to which the frames and their bytes are added.
 */
class SendTally {
 public:
  explicit SendTally(Napi::Value tally) : sums_(tally.As<Napi::Float64Array>().Data()) {}

  void Add(size_t frames, size_t bytes) {
    sums_[0] += static_cast<double>(frames);
    sums_[1] += static_cast<double>(bytes);
  }

  /** Whether those behind a refused frame would be refused as well: the queue is full, or the interface is away. */
  static bool Ends(int error) { return error != 0 && error != EINVAL && error != EMSGSIZE; }

 private:
  double* sums_;
};
