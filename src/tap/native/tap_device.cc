#include "tap_device.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "cut_reader.h"
#include "errno_error.h"
#include "frame_cutter.h"
#include "netns.h"

namespace {

/** Of Linux 6.2; older headers and kernels do not know them. */
constexpr unsigned kUso4 = 0x20;
constexpr unsigned kUso6 = 0x40;

/** Lets the kernel leave checksums and segmentation to us. */
void SetOffload(Napi::Env env, int fd) {
  const unsigned tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  if (ioctl(fd, TUNSETOFFLOAD, tcp | kUso4 | kUso6) == 0 || ioctl(fd, TUNSETOFFLOAD, tcp) == 0) return;
  throw ErrnoError(env, errno, "TUNSETOFFLOAD");
}

/** Creates the interface, or attaches to a persistent one. */
Fd OpenTap(Napi::Env env, const std::string& name, bool has_header) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) throw ErrnoError(env, EINVAL, "TUNSETIFF");
  name.copy(request.ifr_name, name.size());
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (has_header ? IFF_VNET_HDR : 0));

  Fd fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) throw ErrnoError(env, errno, "open /dev/net/tun");
  if (ioctl(fd.get(), TUNSETIFF, &request) != 0) throw ErrnoError(env, errno, "TUNSETIFF");
  if (!has_header) return fd;
  int header_size = VnetHeader::kSize;
  if (ioctl(fd.get(), TUNSETVNETHDRSZ, &header_size) != 0) throw ErrnoError(env, errno, "TUNSETVNETHDRSZ");
  SetOffload(env, fd.get());
  return fd;
}

ssize_t ReadFrame(int fd, uint8_t* room, size_t size) { return read(fd, room, size); }

/** Reads headed frames one by one, and gives them finished. */
class TapCutReader : public CutReader {
 public:
  explicit TapCutReader(size_t largest) : frame_(largest) {}

 protected:
  int Receive(int fd) override {
    const ssize_t length = read(fd, frame_.data(), frame_.size());
    if (length < 0) return errno == EINTR ? 0 : errno;
    const size_t size = static_cast<size_t>(length);
    const bool is_whole = size >= VnetHeader::kSize;
    const uint8_t* frame = frame_.data() + VnetHeader::kSize;
    if (!is_whole || !cutter_.Load(VnetHeader::Load(frame_.data()), frame, size - VnetHeader::kSize)) ++dropped_;
    return 0;
  }

 private:
  std::vector<uint8_t> frame_;
};

std::unique_ptr<PacketReader> ReaderFor(const std::string& offload, size_t largest) {
  if (offload == "cut") return std::make_unique<TapCutReader>(largest);
  return std::make_unique<PlainReader>(ReadFrame, offload == "headed" ? VnetHeader::kSize : 0);
}

size_t SizeOf(const iovec* pieces, int count) {
  size_t size = 0;
  for (int index = 0; index < count; ++index) size += pieces[index].iov_len;
  return size;
}

}  // namespace

Napi::Function TapDevice::Class(Napi::Env env) {
  return DefineClass(env, "TapDevice",
                     {InstanceMethod<&TapDevice::Send>("send"), InstanceMethod<&TapDevice::Dropped>("dropped"),
                      InstanceMethod<&TapDevice::Close>("close")});
}

TapDevice::TapDevice(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::string name = options.Get("name").As<Napi::String>();
  const std::string netns = options.Get("netns").As<Napi::String>();
  const std::string offload = options.Get("offload").As<Napi::String>();
  has_header_ = offload != "kernel";
  longest_ = options.Get("longest").As<Napi::Number>().Uint32Value();
  Fd fd;
  {
    const NetnsScope scope(info.Env(), netns);
    fd = OpenTap(info.Env(), name, has_header_);
  }
  const size_t largest = options.Get("largest").As<Napi::Number>().Uint32Value();
  source_ = PacketSource::Open(options, std::move(fd), ReaderFor(offload, largest));
}

TapDevice::~TapDevice() {
  if (source_) source_->Close();
}

Napi::Value TapDevice::Send(const Napi::CallbackInfo& info) {
  const FramesIn frames(info[0], info[1].As<Napi::Boolean>());
  SendTally tally(info[2]);
  const uint32_t count = frames.count();
  uint32_t taken = 0;
  for (uint32_t index = 0; index < count; ++index) {
    const Napi::HandleScope scope(info.Env());
    const FramesIn::Frame frame = frames.At(index);
    const int error = Write(frame, frames.HeaderOf(frame), &tally);
    if (error == 0) {
      ++taken;
    } else if (SendTally::Ends(error)) {
      break;
    }
  }
  return Napi::Number::New(info.Env(), taken);
}

int TapDevice::Write(const FramesIn::Frame& frame, const VnetHeader& header, SendTally* tally) {
  FrameCutter cutter;
  if (!cutter.Load(header, frame.bytes, frame.size)) return EINVAL;
  if (cutter.largest() > longest_) return EMSGSIZE;
  const auto write = [fd = source_->fd()](const iovec* pieces, int count) {
    while (writev(fd, pieces, count) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  };
  iovec pieces[FrameCutter::kPieces];
  if (has_header_) {
    uint8_t bytes[VnetHeader::kSize];
    header.Store(bytes);
    pieces[0] = {bytes, sizeof bytes};
    pieces[1] = {const_cast<uint8_t*>(frame.bytes), frame.size};
    const int error = write(pieces, 2);
    if (error == 0) tally->Add(frame.size);
    return error;
  }
  for (int piece_count = cutter.Next(pieces); piece_count > 0; piece_count = cutter.Next(pieces)) {
    const int error = write(pieces, piece_count);
    if (error != 0) return error;
    tally->Add(SizeOf(pieces, piece_count));
  }
  return 0;
}

Napi::Value TapDevice::Dropped(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), source_->reader().dropped());
}

void TapDevice::Close(const Napi::CallbackInfo&) { source_->Close(); }
