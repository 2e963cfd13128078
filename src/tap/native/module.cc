#include <napi.h>

#include "frame_finisher.h"
#include "icmp_socket.h"
#include "link_watch.h"
#include "packet_socket.h"
#include "tap_device.h"

/** What src/tap/native.ts sees. One instance for each JS environment, no state beyond it. */
class Ringlet : public Napi::Addon<Ringlet> {
 public:
  Ringlet(Napi::Env env, Napi::Object exports) {
    DefineAddon(exports, {InstanceValue("TapDevice", TapDevice::Class(env), napi_enumerable),
                          InstanceValue("PacketSocket", PacketSocket::Class(env), napi_enumerable),
                          InstanceValue("LinkWatch", LinkWatch::Class(env), napi_enumerable),
                          InstanceValue("IcmpSocket", IcmpSocket::Class(env), napi_enumerable),
                          InstanceValue("FrameFinisher", FrameFinisher::Class(env), napi_enumerable)});
  }
};

NODE_API_NAMED_ADDON(ringlet, Ringlet)
