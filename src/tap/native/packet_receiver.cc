#include "packet_receiver.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>

#include <cerrno>
#include <cstring>

namespace {

constexpr size_t kAddresses = 12;
constexpr size_t kTag = 4;

/** What the kernel tells beside a frame, or a null pointer. */
const tpacket_auxdata* AuxDataOf(msghdr& message, tpacket_auxdata* room) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA) continue;
    if (control->cmsg_len < CMSG_LEN(sizeof *room)) continue;
    std::memcpy(room, CMSG_DATA(control), sizeof *room);
    return room;
  }
  return nullptr;
}

/** Puts a VLAN tag behind the addresses of a frame, which moves them and the header before them down. */
void InsertTag(uint8_t* frame, const tpacket_auxdata& aux) {
  VnetHeader header = VnetHeader::Load(frame - VnetHeader::kSize);
  header.csum_start = static_cast<uint16_t>(header.csum_start + kTag);
  header.hdr_len = static_cast<uint16_t>(header.hdr_len + kTag);
  header.Store(frame - VnetHeader::kSize - kTag);
  std::memmove(frame - kTag, frame, kAddresses);
  const bool is_typed = (aux.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
  const uint16_t tag[2] = {htons(is_typed ? aux.tp_vlan_tpid : 0x8100), htons(aux.tp_vlan_tci)};
  std::memcpy(frame - kTag + kAddresses, tag, sizeof tag);
}

}  // namespace

int SlotReceiver::Receive(int fd, uint8_t* slots) {
  count_ = 0;
  for (size_t index = 0; index < kSlots; ++index) {
    uint8_t* const slot = slots + index * kSlotSize;
    pieces_[2 * index] = {slot + kSpare, VnetHeader::kSocketSize};
    pieces_[2 * index + 1] = {slot + kFrame, kSlotSize - kFrame};
    msghdr& message = messages_[index].msg_hdr;
    message = {};
    message.msg_iov = &pieces_[2 * index];
    message.msg_iovlen = 2;
    message.msg_control = controls_[index].bytes;
    message.msg_controllen = sizeof controls_[index].bytes;
  }
  const int count = recvmmsg(fd, messages_.data(), kSlots, 0, nullptr);
  if (count < 0) return errno;
  count_ = static_cast<size_t>(count);
  return 0;
}

SlotReceiver::Frame SlotReceiver::At(uint8_t* slots, size_t index) const {
  mmsghdr message = messages_[index];
  uint8_t* const frame = slots + index * kSlotSize + kFrame;
  const size_t size = message.msg_len - VnetHeader::kSocketSize;
  if (message.msg_len < VnetHeader::kSocketSize + kAddresses + 2 || (message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    return {0, 0};
  }
  std::memset(frame - 2, 0, 2);
  const size_t start = static_cast<size_t>(frame - slots);
  tpacket_auxdata room;
  const tpacket_auxdata* aux = AuxDataOf(message.msg_hdr, &room);
  if (aux == nullptr || (aux->tp_status & TP_STATUS_VLAN_VALID) == 0) return {start, size};
  InsertTag(frame, *aux);
  return {start - kTag, size + kTag};
}

int SlotReader::Read(int fd, PacketBatch& batch) {
  const int error = receiver_.Receive(fd, batch.slab());
  if (error == EINTR) return 0;
  if (error == EINVAL) ++dropped_;
  if (error == EINVAL || error == ENETDOWN) return 0;
  if (error != 0) return error;
  for (size_t index = 0; index < receiver_.count(); ++index) {
    const SlotReceiver::Frame frame = receiver_.At(batch.slab(), index);
    if (frame.size > 0) {
      batch.Bound(frame.start, frame.size);
    } else {
      ++dropped_;
    }
  }
  return 0;
}

int SlotCutReader::Receive(int fd) {
  if (next_ == receiver_.count()) {
    next_ = 0;
    const int error = receiver_.Receive(fd, slots_.data());
    if (error == EINVAL) ++dropped_;
    if (error != 0) return error == EINTR || error == EINVAL || error == ENETDOWN ? 0 : error;
  }
  const SlotReceiver::Frame frame = receiver_.At(slots_.data(), next_++);
  const uint8_t* bytes = slots_.data() + frame.start;
  if (frame.size == 0 || !cutter_.Load(VnetHeader::Load(bytes - VnetHeader::kSize), bytes, frame.size)) ++dropped_;
  return 0;
}
