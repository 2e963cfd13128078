#include "packet_source.h"

#include <cerrno>

#include "errno_error.h"

namespace {

/** Batches in a row before other events of the loop get their turn. */
constexpr int kBatchesPerWakeUp = 4;

Napi::Function CallbackOf(Napi::Object options, const char* name) {
  return options.Get(name).As<Napi::Function>();
}

}  // namespace

PacketSource::PacketSource(Napi::Object options, Fd fd, ReadPacket read)
    : env_(options.Env()),
      fd_(std::move(fd)),
      read_(read),
      slab_(Napi::Persistent(options.Get("slab").As<Napi::Uint8Array>())),
      ends_(Napi::Persistent(options.Get("ends").As<Napi::Uint32Array>())),
      largest_(options.Get("largest").As<Napi::Number>().Uint32Value()),
      on_batch_(Napi::Persistent(CallbackOf(options, "onBatch"))),
      on_error_(Napi::Persistent(CallbackOf(options, "onError"))) {}

std::shared_ptr<PacketSource> PacketSource::Open(Napi::Object options, Fd fd, ReadPacket read) {
  Napi::Env env = options.Env();
  std::shared_ptr<PacketSource> source(new PacketSource(options, std::move(fd), read));
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env);
  int status = uv_poll_init(loop, &source->poll_, source->fd());
  if (status != 0) throw ErrnoError(env, -status, "uv_poll_init");
  source->poll_.data = source.get();
  source->self_ = source;
  // From here on, Close() is what frees the handle: at the latest when the environment ends, which waits for it.
  auto at_exit = [](napi_async_cleanup_hook_handle, void* data) { static_cast<PacketSource*>(data)->Close(); };
  napi_add_async_cleanup_hook(env, at_exit, source.get(), &source->cleanup_);
  status = uv_poll_start(&source->poll_, UV_READABLE, OnPoll);
  if (status != 0) {
    source->Close();
    throw ErrnoError(env, -status, "uv_poll_start");
  }
  return source;
}

void PacketSource::Close() {
  if (!fd_.valid()) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), [](uv_handle_t* handle) {
    auto* source = static_cast<PacketSource*>(handle->data);
    napi_remove_async_cleanup_hook(source->cleanup_);
    const std::shared_ptr<PacketSource> last = std::move(source->self_);
  });
  // uv_close has taken the descriptor out of the loop, so that closing it now is safe and frees the interface's name.
  fd_.Close();
  slab_.Reset();
  ends_.Reset();
  on_batch_.Reset();
  on_error_.Reset();
}

void PacketSource::OnPoll(uv_poll_t* handle, int status, int) {
  const std::shared_ptr<PacketSource> source = static_cast<PacketSource*>(handle->data)->self_;
  const Napi::HandleScope scope(source->env_);
  if (status != 0) return source->Fail(-status);
  for (int batch = 0; batch < kBatchesPerWakeUp; ++batch) {
    if (!source->Deliver()) return;
  }
}

bool PacketSource::Deliver() {
  const Napi::HandleScope scope(env_);
  Napi::Uint8Array slab = slab_.Value();
  Napi::Uint32Array ends = ends_.Value();
  const size_t size = slab.ByteLength();
  const size_t limit = ends.ElementLength();
  uint8_t* const room = slab.Data();
  uint32_t* const end = ends.Data();
  uint32_t count = 0;
  size_t used = 0;
  int error = 0;
  while (count < limit && size - used >= largest_) {
    const ssize_t length = read_(fd_.get(), room + used, size - used);
    if (length < 0) {
      error = errno;
      if (error == EINTR) continue;
      break;
    }
    used += static_cast<size_t>(length);
    end[count++] = static_cast<uint32_t>(used);
  }
  if (count > 0) Call(on_batch_, Napi::Number::New(env_, count));
  if (!fd_.valid() || error == EAGAIN) return false;
  if (error != 0) Fail(error);
  return error == 0;
}

void PacketSource::Fail(int error) {
  const Napi::FunctionReference on_error = std::move(on_error_);
  const Napi::Error failure = ErrnoError(env_, error, "read");
  Close();
  Call(on_error, failure.Value());
}

void PacketSource::Call(const Napi::FunctionReference& callback, Napi::Value argument) {
  try {
    callback.MakeCallback(env_.Global(), {argument});
  } catch (const Napi::Error& thrown) {
    // As for any exception in an event handler of Node: 'uncaughtException'.
    napi_fatal_exception(env_, thrown.Value());
  }
}
