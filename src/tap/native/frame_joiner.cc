#include "frame_joiner.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"
#include "packet_fields.h"

namespace {

constexpr size_t kMaxPacket = 65'535;

/** Of a whole packet's part whose checksum is in place. */
bool IsRight(uint64_t sum) { return ChecksumFold(sum) == 0; }

bool AreEqual(const uint8_t* a, const uint8_t* b, size_t from, size_t to) {
  return std::memcmp(a + from, b + from, to - from) == 0;
}

/** The sum of the pseudo header. */
uint64_t PseudoSum(const uint8_t* ip, bool is_ip4, size_t length) {
  const size_t addresses = is_ip4 ? kIp4Addresses : kIp6Addresses;
  return ChecksumSum(ip + addresses, is_ip4 ? 8 : 32) + htons(kTcp) + htons(static_cast<uint16_t>(length));
}

}  // namespace

bool FrameJoiner::Parse(const uint8_t* frame, size_t size, Segment* segment) {
  uint16_t ether_type;
  if (size < kEthernet || !SkipTags(frame, size, &ether_type, &segment->network)) return false;
  const uint8_t* const ip = frame + segment->network;
  const size_t packet = size - segment->network;
  if (packet > kMaxPacket) return false;
  segment->frame = frame;
  segment->is_ip4 = ether_type == kTypeIp4;
  size_t header;
  if (segment->is_ip4) {
    if (packet < kIp4) return false;
    header = (ip[0] & 0x0f) * size_t{4};
    if (ip[0] >> 4 != 4 || header < kIp4 || header > packet || ip[kIp4Protocol] != kTcp) return false;
    if (Load16(ip + kIp4Length) != packet || (Load16(ip + kIp4Fragment) & kIp4IsFragment) != 0) return false;
    if (!IsRight(ChecksumSum(ip, header))) return false;
  } else {
    header = kIp6;
    if (ether_type != kTypeIp6 || packet < kIp6 || ip[0] >> 4 != 6 || ip[kIp6NextHeader] != kTcp) return false;
    if (Load16(ip + kIp6Length) != packet - kIp6) return false;
  }
  segment->transport = segment->network + header;
  if (size - segment->transport < kTcpHeader) return false;
  const uint8_t* const tcp = frame + segment->transport;
  const size_t tcp_header = (tcp[kTcpDataOffset] >> 4) * size_t{4};
  segment->head = segment->transport + tcp_header;
  if (tcp_header < kTcpHeader || segment->head >= size || segment->head > kMaxHead) return false;
  if ((tcp[kTcpFlags] | kPsh) != (kAck | kPsh)) return false;
  segment->payload = size - segment->head;
  // A wrong checksum must stay wrong, and a joined frame has a new one.
  const size_t length = size - segment->transport;
  return IsRight(PseudoSum(ip, segment->is_ip4, length) + ChecksumSum(tcp, length));
}

bool FrameJoiner::Follows(const Segment& next) const {
  if (next.is_ip4 != first_.is_ip4 || next.network != first_.network || next.head != first_.head) return false;
  if (next.transport != first_.transport || next.payload > first_.payload) return false;
  if (next.head - next.network + payload_ + next.payload > kMaxPacket) return false;
  const uint8_t* const a = first_.frame;
  const uint8_t* const b = next.frame;
  if (!AreEqual(a, b, 0, next.network)) return false;
  const uint8_t* const ip_a = a + next.network;
  const uint8_t* const ip_b = b + next.network;
  if (next.is_ip4) {
    const uint16_t id = Load16(last_.frame + last_.network + kIp4Id);
    if (static_cast<uint16_t>(id + 1) != Load16(ip_b + kIp4Id)) return false;
    if (!AreEqual(ip_a, ip_b, 0, kIp4Length) || !AreEqual(ip_a, ip_b, kIp4Fragment, kIp4Checksum)) return false;
    if (!AreEqual(ip_a, ip_b, kIp4Addresses, next.transport - next.network)) return false;
  } else if (!AreEqual(ip_a, ip_b, 0, kIp6Length) || !AreEqual(ip_a, ip_b, kIp6NextHeader, kIp6)) {
    return false;
  }
  const uint8_t* const tcp_a = a + next.transport;
  const uint8_t* const tcp_b = b + next.transport;
  const uint32_t wanted = Load32(tcp_a + kTcpSequence) + static_cast<uint32_t>(payload_);
  if (Load32(tcp_b + kTcpSequence) != wanted) return false;
  return AreEqual(tcp_a, tcp_b, 0, kTcpSequence) && AreEqual(tcp_a, tcp_b, kTcpSequence + 4, kTcpFlags) &&
         AreEqual(tcp_a, tcp_b, kTcpFlags + 1, kTcpChecksum) &&
         AreEqual(tcp_a, tcp_b, kTcpChecksum + 2, next.head - next.transport);
}

bool FrameJoiner::Add(const uint8_t* frame, size_t size) {
  if (count_ == kMaxFrames || (count_ > 0 && !is_open_)) return false;
  Segment segment;
  const bool is_segment = Parse(frame, size, &segment);
  if (count_ == 0) {
    first_ = segment;
    payload_ = 0;
    bytes_ = 0;
  } else if (!is_segment || !Follows(segment)) {
    return false;
  }
  last_ = segment;
  bytes_ += size;
  const size_t skipped = count_ == 0 ? 0 : segment.head;
  held_[count_++] = {const_cast<uint8_t*>(frame) + skipped, size - skipped};
  payload_ += segment.payload;
  // A shorter one is the last, and so is one with PSH, which the cutter puts on the last alone.
  is_open_ = is_segment && segment.payload == first_.payload &&
             (frame[segment.transport + kTcpFlags] & kPsh) == 0;
  return true;
}

int FrameJoiner::Take(VnetHeader* header, iovec* pieces) {
  const size_t count = count_;
  count_ = 0;
  *header = VnetHeader();
  if (count <= 1) {
    pieces[0] = held_[0];
    return static_cast<int>(count);
  }
  std::memcpy(head_.data(), first_.frame, first_.head);
  uint8_t* const ip = head_.data() + first_.network;
  uint8_t* const tcp = head_.data() + first_.transport;
  const size_t length = first_.head - first_.transport + payload_;
  if (first_.is_ip4) {
    const size_t ip_header = first_.transport - first_.network;
    Store16(ip + kIp4Length, ip_header + length);
    StoreRaw16(ip + kIp4Checksum, 0);
    StoreRaw16(ip + kIp4Checksum, ChecksumFold(ChecksumSum(ip, ip_header)));
  } else {
    Store16(ip + kIp6Length, length);
  }
  tcp[kTcpFlags] = last_.frame[last_.transport + kTcpFlags];
  // The partial checksum: the pseudo header's sum, not complemented.
  StoreRaw16(tcp + kTcpChecksum, static_cast<uint16_t>(~ChecksumFold(PseudoSum(ip, first_.is_ip4, length))));

  header->flags = VnetHeader::kNeedsChecksum;
  header->gso_type = first_.is_ip4 ? VnetHeader::kTcp4 : VnetHeader::kTcp6;
  header->hdr_len = static_cast<uint16_t>(first_.head);
  header->gso_size = static_cast<uint16_t>(first_.payload);
  header->csum_start = static_cast<uint16_t>(first_.transport);
  header->csum_offset = kTcpChecksum;

  pieces[0] = {head_.data(), first_.head};
  pieces[1] = {static_cast<uint8_t*>(held_[0].iov_base) + first_.head, first_.payload};
  std::copy(held_.begin() + 1, held_.begin() + static_cast<ptrdiff_t>(count), pieces + 2);
  return static_cast<int>(count) + 1;
}
