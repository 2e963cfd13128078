#pragma once

#include <napi.h>

#include <memory>

#include "frames_in.h"
#include "packet_source.h"
#include "send_tally.h"

/** What a packet socket is bound to. */
struct EthernetInterface {
  int index = 0;
  uint32_t mtu = 0;
  bool is_up = false;
  uint8_t mac[6] = {};
};

/**
 * An Ethernet interface that exists already, by a packet socket (packet(7)): all frames that come in, whoever they are
 * for, and none of those that go out.
 *
 *   new PacketSocket({name, netns, offload, ...PacketSource's})  throws an ErrnoError
 *   .describe()                  {mtu, isUp, mac}: the interface when it was opened
 *   .send(frames, areHeaded, mtu, tally)   how many were taken; see SendTally
 *   .dropped()                   frames that came in malformed, or found the queue full
 *   .close()
 *
 * `offload` says who computes checksums and cuts super-frames that come in, which the other end of a veth pair leaves
 * undone: 'cut', the addon, so that JS sees finished frames; or 'headed', JS (see FramesIn), which then gives a slab of
 * SlotReceiver's size. What goes out is joined where it can be (see FrameJoiner); cutting is left to the kernel.
 */
class PacketSocket : public Napi::ObjectWrap<PacketSocket> {
 public:
  static Napi::Function Class(Napi::Env env);
  explicit PacketSocket(const Napi::CallbackInfo& info);
  ~PacketSocket() override;

 private:
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Dropped(const Napi::CallbackInfo& info);
  Napi::Value Describe(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  EthernetInterface interface_;
  double kernel_drops_ = 0;
  std::shared_ptr<PacketSource> source_;
};
