#pragma once

#include <napi.h>

#include <memory>

#include "packet_source.h"

/**
 * A raw ICMP (RFC 792) or ICMPv6 (RFC 4443) socket that receives echo replies only.
 *
 *   new IcmpSocket({family: 4 | 6, netns, ...PacketSource's})  throws an ErrnoError
 *   .send(address, message)   throws an ErrnoError; address is numeric, for IPv6 with an optional %interface
 *   .close()
 *
 * Its packets:  IPv4: | IP header | ICMP message |    IPv6: | source address (16) | ICMPv6 message |
 * The kernel computes and checks the checksum of ICMPv6, for IPv4 the sender computes it (RFC 3542 section 3.1).
 */
class IcmpSocket : public Napi::ObjectWrap<IcmpSocket> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit IcmpSocket(const Napi::CallbackInfo& info);
  ~IcmpSocket() override;

 private:
  void Send(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  int family_;
  std::shared_ptr<PacketSource> source_;
};
