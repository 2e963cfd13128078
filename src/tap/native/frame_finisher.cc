#include "frame_finisher.h"

#include "frames_in.h"
#include "packet_batch.h"

Napi::Function FrameFinisher::Class(Napi::Env env) {
  return DefineClass(env, "FrameFinisher", {InstanceMethod<&FrameFinisher::Finish>("finish")});
}

FrameFinisher::FrameFinisher(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  slab_ = Napi::Persistent(options.Get("slab").As<Napi::Uint8Array>());
  bounds_ = Napi::Persistent(options.Get("bounds").As<Napi::Uint32Array>());
  largest_ = options.Get("largest").As<Napi::Number>().Uint32Value();
}

Napi::Value FrameFinisher::Finish(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FramesIn frames(info[0], true);
  const Napi::Function on_batch = info[1].As<Napi::Function>();
  Napi::Uint8Array slab = slab_.Value();
  Napi::Uint32Array bounds = bounds_.Value();
  const uint32_t limit = static_cast<uint32_t>(bounds.ElementLength() / 2);
  const PacketBatch empty(slab.Data(), slab.ByteLength(), bounds.Data(), limit, largest_);
  PacketBatch batch = empty;
  const auto hand_over = [&] {
    if (batch.count() > 0) on_batch.Call({Napi::Number::New(env, batch.count())});
    batch = empty;
  };

  uint32_t malformed = 0;
  FrameCutter cutter;
  iovec pieces[FrameCutter::kPieces];
  const uint32_t count = frames.count();
  for (uint32_t index = 0; index < count; ++index) {
    const Napi::HandleScope scope(env);
    const FramesIn::Frame frame = frames.At(index);
    if (!cutter.Load(frames.HeaderOf(frame), frame.bytes, frame.size) || cutter.largest() > largest_) {
      ++malformed;
      continue;
    }
    for (int piece_count = cutter.Next(pieces); piece_count > 0; piece_count = cutter.Next(pieces)) {
      if (batch.IsFull()) hand_over();
      batch.Append(pieces, piece_count);
    }
  }
  hand_over();
  return Napi::Number::New(env, malformed);
}
