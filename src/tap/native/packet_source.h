#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>

#include "fd.h"

/** Reads one packet into `room`: its length, or -1 with errno. */
using ReadPacket = ssize_t (*)(int fd, uint8_t* room, size_t size);

/**
 * Reads packets from a non-blocking descriptor as soon as there are some, and hands them over batch by batch, each
 * batch in one call of JS. Packets lie one behind the other in a slab that the next batch overwrites:
 *
 *     slab   | packet 0 | packet 1 | packet 2 | ...
 *     ends              ^e[0]      ^e[1]      ^e[2]
 *
 * JS gives, in one object:
 *   slab     Uint8Array, room for a batch
 *   ends     Uint32Array; its length is the largest number of packets in a batch
 *   largest  bytes; a batch ends when less than this is left in the slab
 *   onBatch  (count) => void
 *   onError  (error) => void; the source has closed itself by then
 */
class PacketSource {
 public:
  /** Throws an ErrnoError (the descriptor is closed then). */
  static std::shared_ptr<PacketSource> Open(Napi::Object options, Fd fd, ReadPacket read);

  /** Negative once closed. */
  int fd() const { return fd_.get(); }
  void Close();

 private:
  PacketSource(Napi::Object options, Fd fd, ReadPacket read);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  /** Reads and delivers one batch; false: nothing more to read now, or closed. */
  bool Deliver();
  void Fail(int error);
  void Call(const Napi::FunctionReference& callback, Napi::Value argument);

  Napi::Env env_;
  Fd fd_;
  ReadPacket read_;
  Napi::Reference<Napi::Uint8Array> slab_;
  Napi::Reference<Napi::Uint32Array> ends_;
  size_t largest_;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_error_;
  uv_poll_t poll_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  /** Set while libuv knows the handle, which may outlive the JS object. */
  std::shared_ptr<PacketSource> self_;
};
