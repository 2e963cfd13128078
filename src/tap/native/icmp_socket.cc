#include "icmp_socket.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "errno_error.h"
#include "netns.h"

namespace {

Fd OpenSocket4(Napi::Env env) {
  Fd fd(socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP));
  if (!fd.valid()) throw ErrnoError(env, errno, "socket");
  const icmp_filter filter{~(1U << ICMP_ECHOREPLY)};
  if (setsockopt(fd.get(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter) != 0) {
    throw ErrnoError(env, errno, "ICMP_FILTER");
  }
  return fd;
}

Fd OpenSocket6(Napi::Env env) {
  Fd fd(socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  if (!fd.valid()) throw ErrnoError(env, errno, "socket");
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  if (setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) != 0) {
    throw ErrnoError(env, errno, "ICMP6_FILTER");
  }
  return fd;
}

ssize_t ReadMessage4(int fd, uint8_t* room, size_t size) { return recv(fd, room, size, 0); }

ssize_t ReadMessage6(int fd, uint8_t* room, size_t size) {
  sockaddr_in6 from{};
  socklen_t from_size = sizeof from;
  const size_t head = sizeof from.sin6_addr;
  const ssize_t length =
      recvfrom(fd, room + head, size - head, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
  if (length < 0) return length;
  std::memcpy(room, &from.sin6_addr, head);
  return length + static_cast<ssize_t>(head);
}

/** An address as sendto(2) takes it. */
struct Destination {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

bool Parse4(const std::string& text, Destination* to) {
  auto* address = reinterpret_cast<sockaddr_in*>(&to->storage);
  address->sin_family = AF_INET;
  to->size = sizeof *address;
  return inet_pton(AF_INET, text.c_str(), &address->sin_addr) == 1;
}

bool Parse6(int fd, const std::string& text, Destination* to) {
  auto* address = reinterpret_cast<sockaddr_in6*>(&to->storage);
  address->sin6_family = AF_INET6;
  to->size = sizeof *address;
  const size_t percent = text.find('%');
  if (percent != std::string::npos) {
    // Asked of the socket, because its namespace, not the thread's, is where the interface lives.
    ifreq request{};
    text.copy(request.ifr_name, sizeof request.ifr_name - 1, percent + 1);
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0) return false;
    address->sin6_scope_id = static_cast<uint32_t>(request.ifr_ifindex);
  }
  return inet_pton(AF_INET6, text.substr(0, percent).c_str(), &address->sin6_addr) == 1;
}

}  // namespace

Napi::Function IcmpSocket::Class(Napi::Env env) {
  return DefineClass(env, "IcmpSocket",
                     {InstanceMethod<&IcmpSocket::Send>("send"), InstanceMethod<&IcmpSocket::Close>("close")});
}

IcmpSocket::IcmpSocket(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  family_ = options.Get("family").As<Napi::Number>();
  const std::string netns = options.Get("netns").As<Napi::String>();
  Fd fd;
  {
    const NetnsScope scope(info.Env(), netns);
    fd = family_ == 4 ? OpenSocket4(info.Env()) : OpenSocket6(info.Env());
  }
  source_ = PacketSource::Open(options, std::move(fd),
                               std::make_unique<PlainReader>(family_ == 4 ? ReadMessage4 : ReadMessage6));
}

IcmpSocket::~IcmpSocket() {
  if (source_) source_->Close();
}

void IcmpSocket::Send(const Napi::CallbackInfo& info) {
  const std::string text = info[0].As<Napi::String>();
  const Napi::Uint8Array message = info[1].As<Napi::Uint8Array>();
  const int fd = source_->fd();
  Destination to;
  if (!(family_ == 4 ? Parse4(text, &to) : Parse6(fd, text, &to))) throw ErrnoError(info.Env(), EINVAL, "address");
  if (sendto(fd, message.Data(), message.ByteLength(), 0, reinterpret_cast<sockaddr*>(&to.storage), to.size) < 0) {
    throw ErrnoError(info.Env(), errno, "sendto");
  }
}

void IcmpSocket::Close(const Napi::CallbackInfo&) { source_->Close(); }
