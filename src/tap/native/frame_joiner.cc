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
uint64_t PseudoSum(const uint8_t* ip, bool is_ip4, uint8_t protocol, size_t length) {
  const size_t addresses = is_ip4 ? kIp4Addresses : kIp6Addresses;
  return ChecksumSum(ip + addresses, is_ip4 ? 8 : 32) + htons(protocol) + htons(static_cast<uint16_t>(length));
}

/** What a checksum field holds that is still to be made: the pseudo header's sum, not complemented. */
uint16_t PartialChecksum(uint64_t pseudo_sum) { return static_cast<uint16_t>(~ChecksumFold(pseudo_sum)); }

}  // namespace

bool FrameJoiner::Parse(const VnetHeader& vnet, const uint8_t* frame, size_t size, Segment* segment) const {
  uint16_t ether_type;
  if (vnet.gso_type != VnetHeader::kNoGso) return false;
  if (size < kEthernet || !SkipTags(frame, size, &ether_type, &segment->network)) return false;
  const uint8_t* const ip = frame + segment->network;
  const size_t packet = size - segment->network;
  if (packet > kMaxPacket) return false;
  segment->frame = frame;
  segment->is_ip4 = ether_type == kTypeIp4;
  size_t header;
  uint8_t protocol;
  if (segment->is_ip4) {
    if (packet < kIp4) return false;
    header = (ip[0] & 0x0f) * size_t{4};
    if (ip[0] >> 4 != 4 || header < kIp4 || header > packet) return false;
    if (Load16(ip + kIp4Length) != packet || (Load16(ip + kIp4Fragment) & kIp4IsFragment) != 0) return false;
    if (!IsRight(ChecksumSum(ip, header))) return false;
    protocol = ip[kIp4Protocol];
  } else {
    header = kIp6;
    if (ether_type != kTypeIp6 || packet < kIp6 || ip[0] >> 4 != 6) return false;
    if (Load16(ip + kIp6Length) != packet - kIp6) return false;
    protocol = ip[kIp6NextHeader];
  }
  segment->transport = segment->network + header;
  segment->is_tcp = protocol == kTcp;
  const size_t length = size - segment->transport;
  const uint8_t* const transport = frame + segment->transport;
  size_t transport_header = kUdpHeader;
  if (segment->is_tcp) {
    if (length < kTcpHeader) return false;
    transport_header = (transport[kTcpDataOffset] >> 4) * size_t{4};
    if (transport_header < kTcpHeader || (transport[kTcpFlags] | kPsh) != (kAck | kPsh)) return false;
  } else if (protocol != kUdp || !joins_udp_ || length < kUdpHeader || Load16(transport + kUdpLength) != length) {
    return false;
  }
  segment->head = segment->transport + transport_header;
  if (segment->head >= size || segment->head > kMaxHead) return false;
  segment->payload = size - segment->head;
  // A wrong checksum must stay wrong, and a joined frame has a new one.
  const size_t field = segment->is_tcp ? kTcpChecksum : kUdpChecksum;
  uint16_t checksum;
  std::memcpy(&checksum, transport + field, sizeof checksum);
  const uint64_t pseudo = PseudoSum(ip, segment->is_ip4, protocol, length);
  if ((vnet.flags & VnetHeader::kNeedsChecksum) != 0) {
    return vnet.csum_start == segment->transport && vnet.csum_offset == field && checksum == PartialChecksum(pseudo);
  }
  // UDP: 0 means that there is none.
  return (segment->is_tcp || checksum != 0) && IsRight(pseudo + ChecksumSum(transport, length));
}

bool FrameJoiner::Follows(const Segment& next) const {
  if (next.is_ip4 != first_.is_ip4 || next.is_tcp != first_.is_tcp) return false;
  if (next.network != first_.network || next.head != first_.head) return false;
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
  if (!next.is_tcp) return AreEqual(a, b, next.transport, next.transport + kUdpLength);
  const uint8_t* const tcp_a = a + next.transport;
  const uint8_t* const tcp_b = b + next.transport;
  const uint32_t wanted = Load32(tcp_a + kTcpSequence) + static_cast<uint32_t>(payload_);
  if (Load32(tcp_b + kTcpSequence) != wanted) return false;
  return AreEqual(tcp_a, tcp_b, 0, kTcpSequence) && AreEqual(tcp_a, tcp_b, kTcpSequence + 4, kTcpFlags) &&
         AreEqual(tcp_a, tcp_b, kTcpFlags + 1, kTcpChecksum) &&
         AreEqual(tcp_a, tcp_b, kTcpChecksum + 2, next.head - next.transport);
}

bool FrameJoiner::Add(const VnetHeader& header, const uint8_t* frame, size_t size) {
  if (count_ == kMaxFrames || (count_ > 0 && !is_open_)) return false;
  Segment segment;
  const bool is_segment = Parse(header, frame, size, &segment);
  if (count_ == 0) {
    first_header_ = header;
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
             !(segment.is_tcp && (frame[segment.transport + kTcpFlags] & kPsh) != 0);
  return true;
}

int FrameJoiner::Take(VnetHeader* header, iovec* pieces) {
  const size_t count = count_;
  count_ = 0;
  *header = first_header_;
  if (count <= 1) {
    pieces[0] = held_[0];
    return static_cast<int>(count);
  }
  std::memcpy(head_.data(), first_.frame, first_.head);
  uint8_t* const ip = head_.data() + first_.network;
  uint8_t* const transport = head_.data() + first_.transport;
  const size_t length = first_.head - first_.transport + payload_;
  if (first_.is_ip4) {
    const size_t ip_header = first_.transport - first_.network;
    Store16(ip + kIp4Length, ip_header + length);
    StoreRaw16(ip + kIp4Checksum, 0);
    StoreRaw16(ip + kIp4Checksum, ChecksumFold(ChecksumSum(ip, ip_header)));
  } else {
    Store16(ip + kIp6Length, length);
  }
  if (first_.is_tcp) {
    transport[kTcpFlags] = last_.frame[last_.transport + kTcpFlags];
  } else {
    Store16(transport + kUdpLength, length);
  }
  const size_t field = first_.is_tcp ? kTcpChecksum : kUdpChecksum;
  const uint8_t protocol = first_.is_tcp ? kTcp : kUdp;
  StoreRaw16(transport + field, PartialChecksum(PseudoSum(ip, first_.is_ip4, protocol, length)));

  *header = VnetHeader();
  header->flags = VnetHeader::kNeedsChecksum;
  header->gso_type = !first_.is_tcp ? VnetHeader::kUdp : first_.is_ip4 ? VnetHeader::kTcp4 : VnetHeader::kTcp6;
  header->hdr_len = static_cast<uint16_t>(first_.head);
  header->gso_size = static_cast<uint16_t>(first_.payload);
  header->csum_start = static_cast<uint16_t>(first_.transport);
  header->csum_offset = static_cast<uint16_t>(field);

  pieces[0] = {head_.data(), first_.head};
  pieces[1] = {static_cast<uint8_t*>(held_[0].iov_base) + first_.head, first_.payload};
  std::copy(held_.begin() + 1, held_.begin() + static_cast<ptrdiff_t>(count), pieces + 2);
  return static_cast<int>(count) + 1;
}
