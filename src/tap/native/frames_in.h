#pragma once

#include <napi.h>

#include "vnet_header.h"

/**
 * Frames that JS hands over, as an array of Uint8Array. *Headed* ones have a VnetHeader before their first byte, in
 * the same ArrayBuffer.
 */
class FramesIn {
 public:
  FramesIn(Napi::Value frames, bool are_headed) : frames_(frames.As<Napi::Array>()), are_headed_(are_headed) {}

  uint32_t count() const { return frames_.Length(); }
  bool are_headed() const { return are_headed_; }

  struct Frame {
    const uint8_t* bytes;
    size_t size;
  };

  /** Throws if it is no Uint8Array, or if a header has no room before it. The caller has a HandleScope open. */
  Frame At(uint32_t index) const {
    napi_typedarray_type type;
    size_t size = 0;
    void* bytes = nullptr;
    size_t offset = 0;
    const napi_env env = frames_.Env();
    const napi_value value = frames_.Get(index);
    if (napi_get_typedarray_info(env, value, &type, &size, &bytes, nullptr, &offset) != napi_ok ||
        type != napi_uint8_array) {
      throw Napi::TypeError::New(env, "a frame is no Uint8Array");
    }
    if (are_headed_ && offset < VnetHeader::kSize) {
      throw Napi::RangeError::New(env, "a headed frame lies too near to the start of its buffer");
    }
    return {static_cast<const uint8_t*>(bytes), size};
  }

  /** Of a frame that At() returned. */
  VnetHeader HeaderOf(const Frame& frame) const {
    return are_headed_ ? VnetHeader::Load(frame.bytes - VnetHeader::kSize) : VnetHeader();
  }

 private:
  Napi::Array frames_;
  bool are_headed_;
};
