#pragma once

#include <napi.h>

#include "frame_cutter.h"

/**
 * Makes finished frames of headed ones (see FramesIn), for those who cannot take super-frames.
 *
 *   new FrameFinisher({slab, bounds, largest})   see PacketBatch
 *   .finish(frames, onBatch)   calls onBatch(count) as often as it takes; returns how many frames were malformed
 */
class FrameFinisher : public Napi::ObjectWrap<FrameFinisher> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit FrameFinisher(const Napi::CallbackInfo& info);

 private:
  Napi::Value Finish(const Napi::CallbackInfo& info);

  Napi::Reference<Napi::Uint8Array> slab_;
  Napi::Reference<Napi::Uint32Array> bounds_;
  size_t largest_;
};
