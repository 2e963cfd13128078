#include "link_watch.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "errno_error.h"
#include "netns.h"

namespace {

struct LinkState {
  uint8_t exists = 0;
  uint8_t runs = 0;
  uint16_t unused = 0;
  uint32_t mtu = 0;
};

LinkState Query(int fd, int index) {
  LinkState state;
  ifreq request{};
  request.ifr_ifindex = index;
  if (ioctl(fd, SIOCGIFNAME, &request) != 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0) return state;
  state.exists = 1;
  const int running = IFF_UP | IFF_RUNNING;
  state.runs = (request.ifr_flags & running) == running;
  if (ioctl(fd, SIOCGIFMTU, &request) == 0) state.mtu = static_cast<uint32_t>(request.ifr_mtu);
  return state;
}

/**
 * What the kernel says about links is a bell only, after which the interface is looked at: so a message lost in a full
 * queue (ENOBUFS) does no harm.
 */
class LinkReader : public PacketReader {
 public:
  explicit LinkReader(int index) : index_(index) {}

  int Read(int fd, PacketBatch& batch) override {
    uint8_t ignored[4096];
    while (recv(fd, ignored, sizeof ignored, 0) >= 0 || errno == EINTR || errno == ENOBUFS) {
    }
    const int error = errno;
    const LinkState state = Query(fd, index_);
    if (!has_told_ || std::memcmp(&state, &last_, sizeof state) != 0) {
      has_told_ = true;
      last_ = state;
      std::memcpy(batch.room(), &state, sizeof state);
      batch.Take(sizeof state);
    }
    return error;
  }

  bool HasMore() const override { return !has_told_; }

 private:
  int index_;
  bool has_told_ = false;
  LinkState last_;
};

Fd OpenSocket(Napi::Env env) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) throw ErrnoError(env, errno, "netlink");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw ErrnoError(env, errno, "netlink");
  }
  return fd;
}

int FindIndex(Napi::Env env, int fd, const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw ErrnoError(env, ENODEV, "SIOCGIFINDEX");
  name.copy(request.ifr_name, name.size());
  if (ioctl(fd, SIOCGIFINDEX, &request) != 0) throw ErrnoError(env, errno, "SIOCGIFINDEX");
  return request.ifr_ifindex;
}

}  // namespace

Napi::Function LinkWatch::Class(Napi::Env env) {
  return DefineClass(env, "LinkWatch", {InstanceMethod<&LinkWatch::Close>("close")});
}

LinkWatch::LinkWatch(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::string netns = options.Get("netns").As<Napi::String>();
  const std::string name = options.Get("name").As<Napi::String>();
  Fd fd;
  {
    const NetnsScope scope(info.Env(), netns);
    fd = OpenSocket(info.Env());
  }
  auto reader = std::make_unique<LinkReader>(FindIndex(info.Env(), fd.get(), name));
  source_ = PacketSource::Open(options, std::move(fd), std::move(reader));
}

LinkWatch::~LinkWatch() {
  if (source_) source_->Close();
}

void LinkWatch::Close(const Napi::CallbackInfo&) { source_->Close(); }
