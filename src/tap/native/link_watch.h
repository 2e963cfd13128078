#pragma once

#include <napi.h>

#include <memory>

#include "packet_source.h"

/**
 * Tells what becomes of a network interface.
 *
 *   new LinkWatch({name, netns, ...PacketSource's})  throws an ErrnoError
 *   .close()
 *
 * Its packets are states, the first that at the beginning; each differs from the one before:
 *
 *     0          1         2            4                8
 *     +----------+---------+------------+----------------+
 *     | existing | running |   unused   |      MTU       |    MTU in the host's byte order
 *     +----------+---------+------------+----------------+
 *
 * Running: it is up and has a carrier.
 */
class LinkWatch : public Napi::ObjectWrap<LinkWatch> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit LinkWatch(const Napi::CallbackInfo& info);
  ~LinkWatch() override;

 private:
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<PacketSource> source_;
};
