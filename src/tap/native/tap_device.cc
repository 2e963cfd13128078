#include "tap_device.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "cut_reader.h"
#include "errno_error.h"
#include "frame_cutter.h"
#include "frame_joiner.h"
#include "netns.h"
#include "udp_segments.h"

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

/** The frames of one call of send, on their way to the kernel: cut or joined, as the interface has it. */
class Outlet {
 public:
  Outlet(int fd, bool has_header, size_t longest, SendTally tally)
      : fd_(fd), has_header_(has_header), longest_(longest), tally_(tally) {}

  uint32_t taken() const { return taken_; }

  /** 0, or the errno of what was refused: this frame, or those before it that were still held. */
  int Write(const FramesIn::Frame& frame, const VnetHeader& header) {
    FrameCutter cutter;
    if (!cutter.Load(header, frame.bytes, frame.size)) return EINVAL;
    if (cutter.largest() > longest_) return EMSGSIZE;
    if (!has_header_) return WriteCut(&cutter);
    if (joiner_.Add(header, frame.bytes, frame.size)) return 0;
    const int error = Flush();
    if (!SendTally::Ends(error)) joiner_.Add(header, frame.bytes, frame.size);
    return error;
  }

  /** Writes what is held to be joined. */
  int Flush() {
    const size_t count = joiner_.count();
    if (count == 0) return 0;
    VnetHeader header;
    iovec pieces[FrameJoiner::kPieces];
    const int piece_count = joiner_.Take(&header, pieces);
    const int error = WriteHeaded(header, pieces, piece_count);
    if (error == 0) Count(count, joiner_.bytes());
    return error;
  }

 private:
  int WriteCut(FrameCutter* cutter) {
    iovec pieces[FrameCutter::kPieces];
    for (int count = cutter->Next(pieces); count > 0; count = cutter->Next(pieces)) {
      const int error = WritePieces(pieces, count);
      if (error != 0) return error;
      tally_.Add(1, SizeOf(pieces, count));
    }
    ++taken_;
    return 0;
  }

  int WriteHeaded(const VnetHeader& header, const iovec* frame, int count) {
    uint8_t bytes[VnetHeader::kSize];
    header.Store(bytes);
    iovec pieces[1 + FrameJoiner::kPieces];
    pieces[0] = {bytes, sizeof bytes};
    std::copy(frame, frame + count, pieces + 1);
    return WritePieces(pieces, count + 1);
  }

  int WritePieces(const iovec* pieces, int count) {
    while (writev(fd_, pieces, count) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  void Count(size_t frames, size_t bytes) {
    taken_ += static_cast<uint32_t>(frames);
    tally_.Add(frames, bytes);
  }

  int fd_;
  bool has_header_;
  size_t longest_;
  SendTally tally_;
  FrameJoiner joiner_{KernelTakesUdpSegments()};
  uint32_t taken_ = 0;
};

}  // namespace

Napi::Function TapDevice::Class(Napi::Env env) {
  return DefineClass(env, "TapDevice",
                     {InstanceMethod<&TapDevice::Send>("send"), InstanceMethod<&TapDevice::Dropped>("dropped"),
                      InstanceMethod<&TapDevice::Locate>("locate"), InstanceMethod<&TapDevice::Pause>("pause"),
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
  Outlet outlet(source_->fd(), has_header_, longest_, SendTally(info[2]));
  const uint32_t count = frames.count();
  int error = 0;
  for (uint32_t index = 0; index < count && !SendTally::Ends(error); ++index) {
    const Napi::HandleScope scope(info.Env());
    const FramesIn::Frame frame = frames.At(index);
    error = outlet.Write(frame, frames.HeaderOf(frame));
  }
  if (!SendTally::Ends(error)) outlet.Flush();
  return Napi::Number::New(info.Env(), outlet.taken());
}

Napi::Value TapDevice::Dropped(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), source_->reader().dropped());
}

Napi::Value TapDevice::Locate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ifreq request{};
  if (ioctl(source_->fd(), TUNGETIFF, &request) != 0) throw ErrnoError(env, errno, "TUNGETIFF");
  const int netns = ioctl(source_->fd(), TUNGETDEVNETNS);
  if (netns < 0) throw ErrnoError(env, errno, "TUNGETDEVNETNS");
  Napi::Object place = Napi::Object::New(env);
  place.Set("name", Napi::String::New(env, request.ifr_name));
  place.Set("netns", Napi::Number::New(env, netns));
  return place;
}

void TapDevice::Pause(const Napi::CallbackInfo& info) { source_->Pause(info[0].As<Napi::Boolean>()); }

void TapDevice::Close(const Napi::CallbackInfo&) { source_->Close(); }
