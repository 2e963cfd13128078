#include "packet_socket.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "errno_error.h"
#include "frame_cutter.h"
#include "netns.h"
#include "packet_outbox.h"
#include "packet_receiver.h"

namespace {

/** Added by Linux 4.20; not in all headers. */
constexpr int kIgnoreOutgoing = 23;

/** Bytes that may wait in a queue of the socket; a super-frame takes some 100,000 of them. */
constexpr int kQueueBytes = 8 << 20;

/** An Ethernet header with one VLAN tag. */
constexpr size_t kTaggedHeader = ETH_HLEN + 4;

EthernetInterface Find(Napi::Env env, int fd, const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw ErrnoError(env, ENODEV, "SIOCGIFINDEX");
  name.copy(request.ifr_name, name.size());
  EthernetInterface found;
  if (ioctl(fd, SIOCGIFINDEX, &request) != 0) throw ErrnoError(env, errno, "SIOCGIFINDEX");
  found.index = request.ifr_ifindex;
  if (ioctl(fd, SIOCGIFMTU, &request) != 0) throw ErrnoError(env, errno, "SIOCGIFINDEX");
  found.mtu = static_cast<uint32_t>(request.ifr_mtu);
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) throw ErrnoError(env, errno, "SIOCGIFINDEX");
  const int running = IFF_UP | IFF_RUNNING;
  found.is_up = (request.ifr_flags & running) == running;
  if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) throw ErrnoError(env, errno, "SIOCGIFINDEX");
  if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER) throw ErrnoError(env, EINVAL, "SIOCGIFHWADDR");
  std::memcpy(found.mac, request.ifr_hwaddr.sa_data, sizeof found.mac);
  return found;
}

void SetOption(Napi::Env env, int fd, int option, int value, const char* what) {
  if (setsockopt(fd, SOL_PACKET, option, &value, sizeof value) != 0) throw ErrnoError(env, errno, what);
}

/** Beyond the system's limit if we may. */
void SetQueue(int fd, int forced, int plain) {
  if (setsockopt(fd, SOL_SOCKET, forced, &kQueueBytes, sizeof kQueueBytes) == 0) return;
  setsockopt(fd, SOL_SOCKET, plain, &kQueueBytes, sizeof kQueueBytes);
}

/** Protocol 0: nothing comes in before all options are set and the socket is bound. */
Fd OpenSocket(Napi::Env env) {
  Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) throw ErrnoError(env, errno, "packet socket");
  SetOption(env, fd.get(), PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
  SetOption(env, fd.get(), PACKET_AUXDATA, 1, "PACKET_AUXDATA");
  SetOption(env, fd.get(), kIgnoreOutgoing, 1, "PACKET_IGNORE_OUTGOING");
  SetQueue(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF);
  SetQueue(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF);
  return fd;
}

void Bind(Napi::Env env, int fd, int index) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw ErrnoError(env, errno, "bind");
  // Ends with the socket, unlike the interface's flag of that name.
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = index;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0) {
    throw ErrnoError(env, errno, "PACKET_ADD_MEMBERSHIP");
  }
}

std::unique_ptr<PacketReader> ReaderFor(const std::string& offload) {
  if (offload == "headed") return std::make_unique<SlotReader>();
  return std::make_unique<SlotCutReader>();
}

}  // namespace

Napi::Function PacketSocket::Class(Napi::Env env) {
  return DefineClass(env, "PacketSocket",
                     {InstanceMethod<&PacketSocket::Describe>("describe"), InstanceMethod<&PacketSocket::Send>("send"),
                      InstanceMethod<&PacketSocket::Dropped>("dropped"), InstanceMethod<&PacketSocket::Close>("close"),
                      StaticValue("SLAB_SIZE", Napi::Number::New(env, SlotReceiver::kSlots * SlotReceiver::kSlotSize)),
                      StaticValue("SLOTS", Napi::Number::New(env, SlotReceiver::kSlots))});
}

PacketSocket::PacketSocket(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::string name = options.Get("name").As<Napi::String>();
  const std::string netns = options.Get("netns").As<Napi::String>();
  Fd fd;
  {
    const NetnsScope scope(env, netns);
    fd = OpenSocket(env);
  }
  interface_ = Find(env, fd.get(), name);
  Bind(env, fd.get(), interface_.index);
  source_ = PacketSource::Open(options, std::move(fd), ReaderFor(options.Get("offload").As<Napi::String>()));
}

PacketSocket::~PacketSocket() {
  if (source_) source_->Close();
}

Napi::Value PacketSocket::Describe(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  Napi::Uint8Array mac = Napi::Uint8Array::New(info.Env(), sizeof interface_.mac);
  std::memcpy(mac.Data(), interface_.mac, sizeof interface_.mac);
  result.Set("mtu", Napi::Number::New(info.Env(), interface_.mtu));
  result.Set("isUp", Napi::Boolean::New(info.Env(), interface_.is_up));
  result.Set("mac", mac);
  return result;
}

Napi::Value PacketSocket::Send(const Napi::CallbackInfo& info) {
  const FramesIn frames(info[0], info[1].As<Napi::Boolean>());
  const size_t longest = info[2].As<Napi::Number>().Uint32Value() + kTaggedHeader;
  PacketOutbox outbox(source_->fd(), SendTally(info[3]));
  const uint32_t count = frames.count();
  int error = 0;
  FrameCutter check;
  for (uint32_t index = 0; index < count && error == 0; ++index) {
    const Napi::HandleScope scope(info.Env());
    const FramesIn::Frame frame = frames.At(index);
    const VnetHeader header = frames.HeaderOf(frame);
    if (check.Load(header, frame.bytes, frame.size) && check.largest() <= longest) error = outbox.Add(frame, header);
  }
  if (error == 0) outbox.Flush();
  return Napi::Number::New(info.Env(), outbox.taken());
}

Napi::Value PacketSocket::Dropped(const Napi::CallbackInfo& info) {
  // Reading the kernel's counters sets them back.
  tpacket_stats stats{};
  socklen_t size = sizeof stats;
  if (getsockopt(source_->fd(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) kernel_drops_ += stats.tp_drops;
  return Napi::Number::New(info.Env(), kernel_drops_ + source_->reader().dropped());
}

void PacketSocket::Close(const Napi::CallbackInfo&) { source_->Close(); }
