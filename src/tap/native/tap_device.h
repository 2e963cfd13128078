#pragma once

#include <napi.h>

#include <memory>

#include "frames_in.h"
#include "packet_source.h"
#include "send_tally.h"

/**
 * A TAP interface of the kernel (linux/Documentation/networking/tuntap.rst).
 *
 *   new TapDevice({name, netns, offload, longest, ...PacketSource's})  throws an ErrnoError
 *   .send(frames, areHeaded, tally)   how many were written; see SendTally
 *   .dropped()                        frames that came in malformed
 *   .locate()                         {name, netns}: what it is called now, and a descriptor of the network namespace that
 *                                     it is in, to be closed; throws an ErrnoError
 *   .pause(isPaused)                  reads nothing meanwhile
 *   .close()
 *
 * `offload` says who computes checksums and cuts super-frames that come in:
 *   'kernel'  the kernel
 *   'cut'     the addon: JS sees finished frames
 *   'headed'  JS: what comes in is headed (see FramesIn)
 * What goes out headed is cut if the interface cannot take it whole; if it can, segments that belong together are joined
 * (see FrameJoiner).
 * `longest`: bytes of a finished frame that the interface takes.
 */
class TapDevice : public Napi::ObjectWrap<TapDevice> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit TapDevice(const Napi::CallbackInfo& info);
  ~TapDevice() override;

 private:
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Dropped(const Napi::CallbackInfo& info);
  Napi::Value Locate(const Napi::CallbackInfo& info);
  void Pause(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  bool has_header_;
  size_t longest_;
  std::shared_ptr<PacketSource> source_;
};
