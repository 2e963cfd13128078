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

int PlainReader::Read(int fd, PacketBatch& batch) {
  while (!batch.IsFull()) {
    const ssize_t length = read_(fd, batch.room(), batch.room_size());
    if (length >= static_cast<ssize_t>(skipped_)) {
      batch.Take(static_cast<size_t>(length) - skipped_, skipped_);
    } else if (length >= 0) {
      ++dropped_;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

PacketSource::PacketSource(Napi::Object options, Fd fd, std::unique_ptr<PacketReader> reader)
    : env_(options.Env()),
      fd_(std::move(fd)),
      reader_(std::move(reader)),
      slab_(Napi::Persistent(options.Get("slab").As<Napi::Uint8Array>())),
      bounds_(Napi::Persistent(options.Get("bounds").As<Napi::Uint32Array>())),
      largest_(options.Get("largest").As<Napi::Number>().Uint32Value()),
      on_batch_(Napi::Persistent(CallbackOf(options, "onBatch"))),
      on_error_(Napi::Persistent(CallbackOf(options, "onError"))) {}

std::shared_ptr<PacketSource> PacketSource::Open(Napi::Object options, Fd fd,
                                                 std::unique_ptr<PacketReader> reader) {
  Napi::Env env = options.Env();
  std::shared_ptr<PacketSource> source(new PacketSource(options, std::move(fd), std::move(reader)));
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env);
  int status = uv_poll_init(loop, &source->poll_, source->fd());
  if (status != 0) throw ErrnoError(env, -status, "uv_poll_init");
  source->poll_.data = source.get();
  source->self_ = source;
  // From here on, Close() is what frees the handle: at the latest when the environment ends, which waits for it.
  auto at_exit = [](napi_async_cleanup_hook_handle, void* data) { static_cast<PacketSource*>(data)->Close(); };
  napi_add_async_cleanup_hook(env, at_exit, source.get(), &source->cleanup_);
  source->wanted_ = source->Wanted();
  status = uv_poll_start(&source->poll_, source->wanted_, OnPoll);
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
  bounds_.Reset();
  on_batch_.Reset();
  on_error_.Reset();
}

void PacketSource::OnPoll(uv_poll_t* handle, int status, int) {
  const std::shared_ptr<PacketSource> source = static_cast<PacketSource*>(handle->data)->self_;
  const Napi::HandleScope scope(source->env_);
  // An error has stopped the poll, and reading tells which it was; not each is the end.
  if (status != 0) source->wanted_ = 0;
  bool goes_on = true;
  for (int batch = 0; batch < kBatchesPerWakeUp && goes_on; ++batch) goes_on = source->Deliver();
  if (source->fd_.valid()) source->Poll();
}

void PacketSource::Pause(bool is_paused) {
  is_paused_ = is_paused;
  if (fd_.valid()) Poll();
}

void PacketSource::Poll() {
  const int wanted = Wanted();
  if (wanted == wanted_) return;
  wanted_ = wanted;
  if (wanted == 0) {
    uv_poll_stop(&poll_);
  } else {
    uv_poll_start(&poll_, wanted, OnPoll);
  }
}

int PacketSource::Wanted() const {
  if (is_paused_) return 0;
  // The loop does not know what the reader holds: to be called soon, wait for what is true at once, room to write.
  return UV_READABLE | (reader_->HasMore() ? UV_WRITABLE : 0);
}

bool PacketSource::Deliver() {
  const Napi::HandleScope scope(env_);
  Napi::Uint8Array slab = slab_.Value();
  Napi::Uint32Array bounds = bounds_.Value();
  const uint32_t limit = static_cast<uint32_t>(bounds.ElementLength() / 2);
  PacketBatch batch(slab.Data(), slab.ByteLength(), bounds.Data(), limit, largest_);
  const int error = reader_->Read(fd_.get(), batch);
  if (batch.count() > 0) Call(on_batch_, Napi::Number::New(env_, batch.count()));
  if (!fd_.valid() || error == EAGAIN) return false;
  if (error != 0) Fail(error);
  return error == 0 && !is_paused_;
}

void PacketSource::Fail(int error) {
  const Napi::FunctionReference on_error = std::move(on_error_);
  // A deleted TAP's EBADFD has no name in libuv.
  const Napi::Error failure = ErrnoError(env_, error == EBADFD ? EBADF : error, "read");
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
