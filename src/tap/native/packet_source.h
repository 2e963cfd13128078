#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>

#include "fd.h"
#include "packet_batch.h"

/** Reads packets from a non-blocking descriptor. */
class PacketReader {
 public:
  virtual ~PacketReader() = default;
  /** Fills a batch as far as it can. Returns 0 (it is full, or more may come), or the errno that ended it. */
  virtual int Read(int fd, PacketBatch& batch) = 0;
  /** Whether it has something to say even if the descriptor has not, such as packets that found no room in a batch. */
  virtual bool HasMore() const { return false; }
  /** Packets that could not be read, or were malformed. */
  double dropped() const { return dropped_; }

 protected:
  double dropped_ = 0;
};

/** Reads packets that lie in the batch as the descriptor gives them. */
class PlainReader : public PacketReader {
 public:
  /** Reads one packet into `room`: its length, or -1 with errno. */
  using ReadPacket = ssize_t (*)(int fd, uint8_t* room, size_t size);

  /** `skipped`: bytes in front of each packet that JS finds before its first byte. */
  explicit PlainReader(ReadPacket read, size_t skipped = 0) : read_(read), skipped_(skipped) {}
  int Read(int fd, PacketBatch& batch) override;

 private:
  ReadPacket read_;
  size_t skipped_;
};

/**
 * Reads packets as soon as there are some, and hands them over batch by batch, each batch in one call of JS.
 *
 * JS gives, in one object (see PacketBatch):
 *   slab     Uint8Array, room for a batch
 *   bounds   Uint32Array, two for each packet of the largest batch
 *   largest  bytes
 *   onBatch  (count) => void
 *   onError  (error) => void; the source has closed itself by then
 */
class PacketSource {
 public:
  /** Throws an ErrnoError (the descriptor is closed then). */
  static std::shared_ptr<PacketSource> Open(Napi::Object options, Fd fd, std::unique_ptr<PacketReader> reader);

  /** Negative once closed. */
  int fd() const { return fd_.get(); }
  const PacketReader& reader() const { return *reader_; }
  /** While it is paused nothing is read: what comes waits in the kernel. */
  void Pause(bool is_paused);
  void Close();

 private:
  PacketSource(Napi::Object options, Fd fd, std::unique_ptr<PacketReader> reader);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  int Wanted() const;
  /** Tells the loop what to wait for, if that changed. */
  void Poll();
  /** Reads and delivers one batch; false: nothing more to read now, or closed. */
  bool Deliver();
  void Fail(int error);
  void Call(const Napi::FunctionReference& callback, Napi::Value argument);

  Napi::Env env_;
  Fd fd_;
  std::unique_ptr<PacketReader> reader_;
  Napi::Reference<Napi::Uint8Array> slab_;
  Napi::Reference<Napi::Uint32Array> bounds_;
  size_t largest_;
  Napi::FunctionReference on_batch_;
  Napi::FunctionReference on_error_;
  uv_poll_t poll_;
  /** What the poll waits for. */
  int wanted_ = 0;
  bool is_paused_ = false;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  /** Set while libuv knows the handle, which may outlive the JS object. */
  std::shared_ptr<PacketSource> self_;
};
