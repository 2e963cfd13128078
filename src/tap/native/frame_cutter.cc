#include "frame_cutter.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"
#include "packet_fields.h"

namespace {

/** Extension headers that may stand before a transport header and have their length in the usual place. */
bool IsExtension(uint8_t next) { return next == 0 || next == 43 || next == 60; }

iovec Piece(const uint8_t* bytes, size_t size) { return {const_cast<uint8_t*>(bytes), size}; }

}  // namespace

bool FrameCutter::Load(const VnetHeader& header, const uint8_t* frame, size_t size) {
  state_ = State::kEmpty;
  if (size < kEthernet) return false;
  frame_ = frame;
  size_ = size;
  if (header.gso_type != VnetHeader::kNoGso) return LoadSegments(header);
  largest_ = size;
  if ((header.flags & VnetHeader::kNeedsChecksum) != 0) return LoadChecksum(header);
  state_ = State::kWhole;
  return true;
}

bool FrameCutter::LoadChecksum(const VnetHeader& header) {
  const size_t start = header.csum_start;
  field_ = start + header.csum_offset;
  if (start < kEthernet || field_ + sizeof checksum_ > size_) return false;
  start_ = start;
  state_ = State::kChecksum;
  return true;
}

bool FrameCutter::LoadSegments(const VnetHeader& header) {
  const uint8_t type = header.gso_type & static_cast<uint8_t>(~VnetHeader::kEcn);
  is_tcp_ = type == VnetHeader::kTcp4 || type == VnetHeader::kTcp6;
  if (!is_tcp_ && header.gso_type != VnetHeader::kUdp) return false;

  uint16_t ether_type;
  if (!SkipTags(frame_, size_, &ether_type, &network_)) return false;
  is_ip4_ = ether_type == kTypeIp4;
  if (!is_ip4_ && ether_type != kTypeIp6) return false;
  if (is_tcp_ && is_ip4_ != (type == VnetHeader::kTcp4)) return false;
  const uint8_t protocol = is_tcp_ ? kTcp : kUdp;
  if (!(is_ip4_ ? FindTransport4(protocol) : FindTransport6(protocol))) return false;

  const size_t transport_size = is_tcp_ ? kTcpHeader : kUdpHeader;
  if (transport_ + transport_size > size_) return false;
  const size_t wanted = is_tcp_ ? (frame_[transport_ + kTcpDataOffset] >> 4) * size_t{4} : kUdpHeader;
  head_size_ = transport_ + wanted;
  if (wanted < transport_size || head_size_ > std::min(size_, kMaxHead)) return false;
  if (!is_tcp_ && Load16(frame_ + transport_ + kUdpLength) != size_ - transport_) return false;

  if ((header.flags & VnetHeader::kNeedsChecksum) == 0 || header.csum_start != transport_) return false;
  if (header.csum_offset != (is_tcp_ ? kTcpChecksum : kUdpChecksum)) return false;
  segment_ = header.gso_size;
  const size_t payload = size_ - head_size_;
  if (segment_ == 0 || payload > segment_ * (is_tcp_ ? kMaxTcpSegments : kMaxUdpSegments)) return false;

  std::memcpy(head_.data(), frame_, head_size_);
  StoreRaw16(head_.data() + transport_ + header.csum_offset, 0);
  // The field rather than the addresses: with a routing header, the checksum is over others than those in sight.
  const uint16_t length = htons(static_cast<uint16_t>(size_ - transport_));
  pseudo_ = ChecksumSum(frame_ + transport_ + header.csum_offset, 2) + static_cast<uint16_t>(~length);
  if (is_ip4_) next_id_ = Load16(frame_ + network_ + kIp4Id);
  largest_ = head_size_ + std::min(segment_, payload);
  offset_ = 0;
  state_ = State::kSegments;
  return true;
}

bool FrameCutter::FindTransport4(uint8_t protocol) {
  if (network_ + kIp4 > size_) return false;
  const uint8_t* ip = frame_ + network_;
  const size_t length = (ip[0] & 0x0f) * size_t{4};
  if (ip[0] >> 4 != 4 || length < kIp4 || ip[kIp4Protocol] != protocol) return false;
  if ((Load16(ip + kIp4Fragment) & kIp4IsFragment) != 0 || Load16(ip + kIp4Length) != size_ - network_) return false;
  transport_ = network_ + length;
  return true;
}

bool FrameCutter::FindTransport6(uint8_t protocol) {
  if (network_ + kIp6 > size_) return false;
  const uint8_t* ip = frame_ + network_;
  if (ip[0] >> 4 != 6 || Load16(ip + kIp6Length) != size_ - network_ - kIp6) return false;
  uint8_t next = ip[kIp6NextHeader];
  transport_ = network_ + kIp6;
  while (IsExtension(next)) {
    if (transport_ + 8 > size_) return false;
    next = frame_[transport_];
    transport_ += (frame_[transport_ + 1] + size_t{1}) * 8;
  }
  return next == protocol;
}

int FrameCutter::Next(iovec* pieces) {
  switch (state_) {
    case State::kEmpty:
      return 0;
    case State::kWhole:
      state_ = State::kEmpty;
      pieces[0] = Piece(frame_, size_);
      return 1;
    case State::kChecksum: {
      state_ = State::kEmpty;
      checksum_ = ChecksumFold(ChecksumSum(frame_ + start_, size_ - start_));
      // As the kernel does for all protocols: for UDP, zero would mean that there is no checksum.
      if (checksum_ == 0) checksum_ = 0xffff;
      const size_t behind = field_ + sizeof checksum_;
      pieces[0] = Piece(frame_, field_);
      pieces[1] = Piece(reinterpret_cast<const uint8_t*>(&checksum_), sizeof checksum_);
      pieces[2] = Piece(frame_ + behind, size_ - behind);
      return 3;
    }
    case State::kSegments: {
      const size_t left = size_ - head_size_ - offset_;
      const size_t payload = std::min(segment_, left);
      const bool is_last = payload == left;
      MakeHead(offset_, payload, is_last);
      pieces[0] = Piece(head_.data(), head_size_);
      pieces[1] = Piece(frame_ + head_size_ + offset_, payload);
      offset_ += payload;
      if (is_last) state_ = State::kEmpty;
      return 2;
    }
  }
  return 0;
}

void FrameCutter::MakeHead(size_t offset, size_t payload, bool is_last) {
  uint8_t* const ip = head_.data() + network_;
  const size_t transport_length = head_size_ - transport_ + payload;
  if (is_ip4_) {
    Store16(ip + kIp4Length, transport_ - network_ + transport_length);
    Store16(ip + kIp4Id, next_id_++);
    StoreRaw16(ip + kIp4Checksum, 0);
    StoreRaw16(ip + kIp4Checksum, ChecksumFold(ChecksumSum(ip, transport_ - network_)));
  } else {
    Store16(ip + kIp6Length, transport_ - network_ - kIp6 + transport_length);
  }

  uint8_t* const transport = head_.data() + transport_;
  const uint8_t* const original = frame_ + transport_;
  uint8_t* const checksum = transport + (is_tcp_ ? kTcpChecksum : kUdpChecksum);
  if (is_tcp_) {
    Store32(transport + kTcpSequence, Load32(original + kTcpSequence) + static_cast<uint32_t>(offset));
    uint8_t flags = original[kTcpFlags];
    if (offset != 0) flags &= static_cast<uint8_t>(~kCwr);
    if (!is_last) flags &= static_cast<uint8_t>(~(kFin | kPsh));
    transport[kTcpFlags] = flags;
  } else {
    Store16(transport + kUdpLength, transport_length);
  }
  StoreRaw16(checksum, 0);
  const uint64_t sum = pseudo_ + htons(static_cast<uint16_t>(transport_length)) +
                       ChecksumSum(transport, head_size_ - transport_) +
                       ChecksumSum(frame_ + head_size_ + offset, payload);
  const uint16_t folded = ChecksumFold(sum);
  // To TCP both zeros are the same; it gets the one that a frame which is not cut gets.
  StoreRaw16(checksum, folded == 0 ? 0xffff : folded);
}
