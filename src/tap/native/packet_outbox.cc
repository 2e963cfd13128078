#include "packet_outbox.h"

#include <cerrno>

int PacketOutbox::Add(const FramesIn::Frame& frame, const VnetHeader& header) {
  if (joiner_.Add(header, frame.bytes, frame.size)) return 0;
  const int error = Release();
  if (error == 0) joiner_.Add(header, frame.bytes, frame.size);
  return error;
}

int PacketOutbox::Flush() {
  const int error = Release();
  return error != 0 ? error : SendWaiting();
}

int PacketOutbox::Release() {
  const size_t frames = joiner_.count();
  if (frames == 0) return 0;
  VnetHeader header;
  std::array<iovec, 1 + FrameJoiner::kPieces> pieces;
  const int count = joiner_.Take(&header, pieces.data() + 1);
  if (frames == 1) return Wait(pieces[1], header);
  const int error = SendWaiting();
  return error != 0 ? error : SendJoined(header, pieces.data(), static_cast<size_t>(count) + 1, frames);
}

int PacketOutbox::Wait(const iovec& frame, const VnetHeader& header) {
  headers_[count_] = header;
  iovec* const pieces = &pieces_[2 * count_];
  pieces[0] = {&headers_[count_], VnetHeader::kSocketSize};
  pieces[1] = frame;
  messages_[count_] = {};
  messages_[count_].msg_hdr.msg_iov = pieces;
  messages_[count_].msg_hdr.msg_iovlen = 2;
  ++count_;
  return count_ == kBatch ? SendWaiting() : 0;
}

int PacketOutbox::SendWaiting() {
  unsigned next = 0;
  int error = 0;
  while (next < count_ && error == 0) {
    const int sent = sendmmsg(fd_, messages_.data() + next, count_ - next, 0);
    if (sent > 0) {
      for (int index = 0; index < sent; ++index) Count(1, pieces_[2 * next++ + 1].iov_len);
    } else if (errno != EINTR) {
      if (SendTally::Ends(errno)) error = errno;
      ++next;
    }
  }
  count_ = 0;
  return error;
}

int PacketOutbox::SendJoined(const VnetHeader& header, iovec* pieces, size_t piece_count, size_t frames) {
  VnetHeader copy = header;
  pieces[0] = {&copy, VnetHeader::kSocketSize};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = piece_count;
  while (sendmsg(fd_, &message, 0) < 0) {
    if (errno != EINTR) return SendTally::Ends(errno) ? errno : 0;
  }
  Count(frames, joiner_.bytes());
  return 0;
}

void PacketOutbox::Count(size_t frames, size_t bytes) {
  taken_ += static_cast<uint32_t>(frames);
  tally_.Add(frames, bytes);
}
