#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

/** Where things are in Ethernet (IEEE 802.3, 802.1Q), IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768). */

constexpr size_t kEthernet = 14;
constexpr size_t kTag = 4;
/** As many as the kernel looks behind (VLAN_MAX_DEPTH). */
constexpr int kMaxTags = 8;
constexpr uint16_t kTypeVlan = 0x8100;
constexpr uint16_t kTypeServiceVlan = 0x88a8;
constexpr uint16_t kTypeIp4 = 0x0800;
constexpr uint16_t kTypeIp6 = 0x86dd;

constexpr size_t kIp4 = 20;
constexpr size_t kIp4Length = 2;
constexpr size_t kIp4Id = 4;
constexpr size_t kIp4Fragment = 6;
constexpr size_t kIp4Protocol = 9;
constexpr size_t kIp4Checksum = 10;
constexpr size_t kIp4Addresses = 12;
/** All of the field but "don't fragment" and the reserved bit. */
constexpr uint16_t kIp4IsFragment = 0x3fff;

constexpr size_t kIp6 = 40;
constexpr size_t kIp6Length = 4;
constexpr size_t kIp6NextHeader = 6;
constexpr size_t kIp6Addresses = 8;

constexpr uint8_t kTcp = 6;
constexpr size_t kTcpHeader = 20;
constexpr size_t kTcpSequence = 4;
constexpr size_t kTcpDataOffset = 12;
constexpr size_t kTcpFlags = 13;
constexpr size_t kTcpChecksum = 16;
constexpr uint8_t kFin = 0x01;
constexpr uint8_t kPsh = 0x08;
constexpr uint8_t kAck = 0x10;
constexpr uint8_t kCwr = 0x80;

constexpr uint8_t kUdp = 17;
constexpr size_t kUdpHeader = 8;
constexpr size_t kUdpLength = 4;
constexpr size_t kUdpChecksum = 6;

inline uint16_t Load16(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return ntohs(value);
}

inline uint32_t Load32(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return ntohl(value);
}

/** For checksums, which are in the order of the packet already. */
inline void StoreRaw16(uint8_t* at, uint16_t value) { std::memcpy(at, &value, sizeof value); }

inline void Store16(uint8_t* at, size_t value) { StoreRaw16(at, htons(static_cast<uint16_t>(value))); }

inline void Store32(uint8_t* at, uint32_t value) {
  value = htonl(value);
  std::memcpy(at, &value, sizeof value);
}

/**
 * Reads the EtherType behind the VLAN tags of a frame of at least kEthernet bytes, and where the packet begins; false:
 * the frame ends before that.
 */
inline bool SkipTags(const uint8_t* frame, size_t size, uint16_t* ether_type, size_t* network) {
  *network = kEthernet;
  *ether_type = Load16(frame + *network - 2);
  for (int tag = 0; tag < kMaxTags && (*ether_type == kTypeVlan || *ether_type == kTypeServiceVlan); ++tag) {
    *network += kTag;
    if (*network > size) return false;
    *ether_type = Load16(frame + *network - 2);
  }
  return true;
}
