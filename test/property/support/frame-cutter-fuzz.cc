/**
 * Throws mutated headed frames at FrameCutter, with sanitizers compiled in: any access out of bounds ends the program.
 *
 *   frame-cutter-fuzz SEED ROUNDS     prints: rounds, how many were taken, how many frames came out
 */
#include <sys/uio.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "frame_cutter.h"

namespace {

using Bytes = std::vector<uint8_t>;

std::mt19937 generator;

uint32_t Below(uint32_t limit) { return std::uniform_int_distribution<uint32_t>(0, limit - 1)(generator); }

void Append16(Bytes* bytes, size_t value) {
  bytes->push_back(static_cast<uint8_t>(value >> 8));
  bytes->push_back(static_cast<uint8_t>(value));
}

struct Sample {
  VnetHeader header;
  Bytes frame;
};

/** A super-frame that is right. */
Sample MakeGood() {
  const bool is_ip4 = Below(2) == 0;
  const bool is_tcp = Below(3) != 0;
  Sample sample;
  Bytes& frame = sample.frame;
  frame.assign(12, 2);
  for (uint32_t tags = Below(3); tags > 0; --tags) {
    Append16(&frame, Below(2) == 0 ? 0x8100 : 0x88a8);
    Append16(&frame, Below(4096));
  }
  Append16(&frame, is_ip4 ? 0x0800 : 0x86dd);
  const size_t options = is_ip4 ? 4 * Below(11) : 8 * Below(3);
  const size_t transport = (is_tcp ? 20 : 8) + (is_tcp ? 4 * Below(11) : 0);
  const size_t payload = Below(4000);
  const uint8_t protocol = is_tcp ? 6 : 17;
  if (is_ip4) {
    frame.push_back(static_cast<uint8_t>(0x45 + options / 4));
    frame.push_back(0);
    Append16(&frame, 20 + options + transport + payload);
    frame.insert(frame.end(), {1, 2, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2});
    frame.insert(frame.end(), options, 1);
  } else {
    frame.insert(frame.end(), {0x60, 0, 0, 0});
    Append16(&frame, options + transport + payload);
    frame.push_back(options > 0 ? 60 : protocol);
    frame.insert(frame.end(), 33, 64);
    for (size_t at = 0; at < options; at += 8) {
      const uint8_t next = at + 8 < options ? 60 : protocol;
      frame.insert(frame.end(), {next, 0, 1, 4, 0, 0, 0, 0});
    }
  }
  sample.header.flags = VnetHeader::kNeedsChecksum;
  sample.header.gso_type = is_tcp ? (is_ip4 ? VnetHeader::kTcp4 : VnetHeader::kTcp6) : VnetHeader::kUdp;
  sample.header.gso_size = static_cast<uint16_t>(40 + Below(1500));
  sample.header.csum_start = static_cast<uint16_t>(frame.size());
  sample.header.csum_offset = is_tcp ? 16 : 6;
  const size_t start = frame.size();
  for (size_t at = 0; at < transport + payload; ++at) frame.push_back(static_cast<uint8_t>(generator()));
  if (is_tcp) {
    frame[start + 12] = static_cast<uint8_t>(transport / 4 << 4);
  } else {
    frame[start + 4] = static_cast<uint8_t>((transport + payload) >> 8);
    frame[start + 5] = static_cast<uint8_t>(transport + payload);
  }
  return sample;
}

void Mutate(Sample* sample) {
  uint8_t header[VnetHeader::kSize];
  sample->header.Store(header);
  for (uint32_t count = Below(4); count > 0; --count) {
    switch (Below(4)) {
      case 0:
        header[Below(sizeof header)] = static_cast<uint8_t>(generator());
        break;
      case 1:
        if (!sample->frame.empty()) sample->frame.resize(Below(static_cast<uint32_t>(sample->frame.size())) + 1);
        break;
      default:
        if (!sample->frame.empty()) {
          const uint32_t reach = std::min<uint32_t>(static_cast<uint32_t>(sample->frame.size()), 120);
          sample->frame[Below(reach)] = static_cast<uint8_t>(generator());
        }
    }
  }
  sample->header = VnetHeader::Load(header);
}

}  // namespace

int main(int, char** arguments) {
  generator.seed(static_cast<uint32_t>(std::strtoul(arguments[1], nullptr, 10)));
  const unsigned long rounds = std::strtoul(arguments[2], nullptr, 10);
  unsigned long taken = 0;
  unsigned long frames = 0;
  FrameCutter cutter;
  for (unsigned long round = 0; round < rounds; ++round) {
    Sample sample = MakeGood();
    Mutate(&sample);
    // On the heap, exactly as long as it is: so that the sanitizer sees the byte before and the byte behind.
    const size_t size = sample.frame.size();
    const std::unique_ptr<uint8_t[]> frame(new uint8_t[size]);
    std::memcpy(frame.get(), sample.frame.data(), size);
    if (!cutter.Load(sample.header, frame.get(), size)) continue;
    ++taken;
    const size_t largest = cutter.largest();
    const std::unique_ptr<uint8_t[]> room(new uint8_t[largest]);
    iovec pieces[FrameCutter::kPieces];
    for (int count = cutter.Next(pieces); count > 0; count = cutter.Next(pieces)) {
      size_t used = 0;
      for (int piece = 0; piece < count; ++piece) {
        if (pieces[piece].iov_len > largest - used) std::abort();
        std::memcpy(room.get() + used, pieces[piece].iov_base, pieces[piece].iov_len);
        used += pieces[piece].iov_len;
      }
      ++frames;
    }
  }
  std::printf("%lu %lu %lu\n", rounds, taken, frames);
  return 0;
}
