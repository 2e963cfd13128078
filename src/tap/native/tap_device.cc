#include "tap_device.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "errno_error.h"
#include "netns.h"

namespace {

/** sizeof(struct virtio_net_hdr_mrg_rxbuf), the header of virtio 1.x; its C header is not C++. */
constexpr int kVnetHeaderSize = 12;

/** Creates the interface, or attaches to a persistent one. */
Fd OpenTap(Napi::Env env, const std::string& name, bool vnet_header) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw ErrnoError(env, EINVAL, "TUNSETIFF");
  name.copy(request.ifr_name, name.size());
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (vnet_header ? IFF_VNET_HDR : 0));

  Fd fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) throw ErrnoError(env, errno, "open /dev/net/tun");
  if (ioctl(fd.get(), TUNSETIFF, &request) != 0) throw ErrnoError(env, errno, "TUNSETIFF");
  int header_size = kVnetHeaderSize;
  if (vnet_header && ioctl(fd.get(), TUNSETVNETHDRSZ, &header_size) != 0) {
    throw ErrnoError(env, errno, "TUNSETVNETHDRSZ");
  }
  return fd;
}

ssize_t ReadFrame(int fd, uint8_t* room, size_t size) { return read(fd, room, size); }

}  // namespace

Napi::Function TapDevice::Class(Napi::Env env) {
  return DefineClass(env, "TapDevice",
                     {InstanceMethod<&TapDevice::Send>("send"), InstanceMethod<&TapDevice::Close>("close")});
}

TapDevice::TapDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::string name = options.Get("name").As<Napi::String>();
  const std::string netns = options.Get("netns").As<Napi::String>();
  Fd fd;
  {
    const NetnsScope scope(info.Env(), netns);
    fd = OpenTap(info.Env(), name, options.Get("vnetHeader").As<Napi::Boolean>());
  }
  source_ = PacketSource::Open(options, std::move(fd), ReadFrame);
}

TapDevice::~TapDevice() {
  if (source_) source_->Close();
}

Napi::Value TapDevice::Send(const Napi::CallbackInfo& info) {
  const Napi::Array frames = info[0].As<Napi::Array>();
  const uint32_t count = frames.Length();
  uint32_t taken = 0;
  while (taken < count) {
    const Napi::HandleScope scope(info.Env());
    const Napi::Uint8Array frame = frames.Get(taken).As<Napi::Uint8Array>();
    if (write(source_->fd(), frame.Data(), frame.ByteLength()) >= 0) {
      ++taken;
    } else if (errno != EINTR) {
      break;
    }
  }
  return Napi::Number::New(info.Env(), taken);
}

void TapDevice::Close(const Napi::CallbackInfo&) { source_->Close(); }
