#pragma once

#include <napi.h>

#include <memory>

#include "packet_source.h"

/**
 * A TAP interface of the kernel (linux/Documentation/networking/tuntap.rst).
 *
 *   new TapDevice({name, netns, vnetHeader, ...PacketSource's})  throws an ErrnoError
 *   .send(frames)     frames written, in order, before the first that was refused
 *   .close()
 *
 * With `vnetHeader`, every frame has a virtio_net_hdr_mrg_rxbuf (12 bytes) in front, both ways.
 */
class TapDevice : public Napi::ObjectWrap<TapDevice> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit TapDevice(const Napi::CallbackInfo& info);
  ~TapDevice() override;

 private:
  Napi::Value Send(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<PacketSource> source_;
};
