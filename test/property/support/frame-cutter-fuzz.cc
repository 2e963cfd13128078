/**
 * Throws mutated headed frames at FrameCutter, and what comes out, mutated again, at FrameJoiner, with sanitizers compiled
 * in: any access out of bounds ends the program, and so does a joined frame that is not cut into what it was made of.
 *
 *   frame-cutter-fuzz SEED ROUNDS     prints: rounds, how many were taken, how many frames came out, how many were joined
 */
#include <arpa/inet.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "checksum.h"
#include "frame_cutter.h"
#include "frame_joiner.h"

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
  // The partial checksum: the sum of the pseudo header.
  const size_t addresses = is_ip4 ? 8 : 32;
  const size_t length = transport + payload;
  const uint8_t* const at = frame.data() + start - options - addresses;
  const uint64_t sum = ChecksumSum(at, addresses) + htons(protocol) + htons(static_cast<uint16_t>(length));
  const uint16_t partial = static_cast<uint16_t>(~ChecksumFold(sum));
  std::memcpy(&frame[start + sample.header.csum_offset], &partial, sizeof partial);
  if (is_tcp) {
    frame[start + 12] = static_cast<uint8_t>(transport / 4 << 4);
    if (Below(4) != 0) frame[start + 13] = 0x10;
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

/** On the heap, exactly as long as it is: so that the sanitizer sees the byte before and the byte behind. */
struct Exact {
  explicit Exact(size_t bytes) : size(bytes), bytes(new uint8_t[bytes]) {}
  size_t size;
  std::unique_ptr<uint8_t[]> bytes;
};

Exact Gather(const iovec* pieces, int count) {
  size_t size = 0;
  for (int piece = 0; piece < count; ++piece) size += pieces[piece].iov_len;
  Exact gathered(size);
  size_t used = 0;
  for (int piece = 0; piece < count; ++piece) {
    if (pieces[piece].iov_len > 0) std::memcpy(&gathered.bytes[used], pieces[piece].iov_base, pieces[piece].iov_len);
    used += pieces[piece].iov_len;
  }
  return gathered;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

std::vector<Exact> Cut(const VnetHeader& header, const Exact& frame, bool* is_good) {
  std::vector<Exact> frames;
  FrameCutter cutter;
  *is_good = cutter.Load(header, frame.bytes.get(), frame.size);
  if (!*is_good) return frames;
  iovec pieces[FrameCutter::kPieces];
  for (int count = cutter.Next(pieces); count > 0; count = cutter.Next(pieces)) {
    frames.push_back(Gather(pieces, count));
    Require(frames.back().size <= cutter.largest());
  }
  return frames;
}

/** A frame on its way into the joiner. */
struct Entry {
  VnetHeader header;
  Exact frame;
};

/** Takes a checksum back to what it is before the data is summed, of about half of the frames. */
Entry MaybePartial(const Sample& sample, const Exact& finished) {
  Entry entry{VnetHeader(), Exact(finished.size)};
  std::memcpy(entry.frame.bytes.get(), finished.bytes.get(), finished.size);
  const size_t start = sample.header.csum_start;
  const size_t field = start + sample.header.csum_offset;
  if (Below(2) == 0 || field + 2 > finished.size) return entry;
  entry.header.flags = VnetHeader::kNeedsChecksum;
  entry.header.csum_start = sample.header.csum_start;
  entry.header.csum_offset = sample.header.csum_offset;
  uint8_t* const bytes = entry.frame.bytes.get();
  uint16_t checksum;
  std::memcpy(&checksum, bytes + field, sizeof checksum);
  // The sum of the pseudo header is what is missing in the sum of all the rest, if the checksum is right.
  std::memset(bytes + field, 0, 2);
  const uint64_t rest = ChecksumSum(bytes + start, finished.size - start);
  const uint16_t partial = ChecksumFold(rest + checksum);
  std::memcpy(bytes + field, &partial, sizeof partial);
  return entry;
}

/** Returns how many frames were made of several. */
unsigned long Join(const std::vector<Entry>& frames) {
  FrameJoiner joiner(true);
  unsigned long joined = 0;
  size_t first = 0;
  const auto take = [&](size_t end) {
    Require(joiner.count() == end - first);
    VnetHeader header;
    iovec pieces[FrameJoiner::kPieces];
    const int count = joiner.Take(&header, pieces);
    if (end - first > 1) ++joined;
    bool is_good = false;
    const std::vector<Exact> again = Cut(header, Gather(pieces, count), &is_good);
    Require(is_good && again.size() == end - first);
    for (const Exact& frame : again) {
      const Entry& original = frames[first++];
      bool is_sound = false;
      const std::vector<Exact> finished = Cut(original.header, original.frame, &is_sound);
      Require(is_sound && finished.size() == 1 && frame.size == finished[0].size);
      Require(std::memcmp(frame.bytes.get(), finished[0].bytes.get(), frame.size) == 0);
    }
  };
  for (size_t index = 0; index < frames.size(); ++index) {
    const Entry& entry = frames[index];
    if (joiner.Add(entry.header, entry.frame.bytes.get(), entry.frame.size)) continue;
    take(index);
    Require(joiner.Add(entry.header, entry.frame.bytes.get(), entry.frame.size));
  }
  if (joiner.count() > 0) take(frames.size());
  return joined;
}

}  // namespace

int main(int, char** arguments) {
  generator.seed(static_cast<uint32_t>(std::strtoul(arguments[1], nullptr, 10)));
  const unsigned long rounds = std::strtoul(arguments[2], nullptr, 10);
  unsigned long taken = 0;
  unsigned long frames = 0;
  unsigned long joined = 0;
  for (unsigned long round = 0; round < rounds; ++round) {
    Sample sample = MakeGood();
    Mutate(&sample);
    Exact frame(sample.frame.size());
    std::memcpy(frame.bytes.get(), sample.frame.data(), frame.size);
    bool is_good = false;
    std::vector<Exact> finished = Cut(sample.header, frame, &is_good);
    if (!is_good) continue;
    ++taken;
    frames += finished.size();
    for (uint32_t count = Below(3); count > 0; --count) {
      const Exact& victim = finished[Below(static_cast<uint32_t>(finished.size()))];
      victim.bytes[Below(static_cast<uint32_t>(std::min<size_t>(victim.size, 120)))] = static_cast<uint8_t>(generator());
    }
    std::vector<Entry> entries;
    for (const Exact& each : finished) entries.push_back(MaybePartial(sample, each));
    joined += Join(entries);
  }
  std::printf("%lu %lu %lu %lu\n", rounds, taken, frames, joined);
  return 0;
}
