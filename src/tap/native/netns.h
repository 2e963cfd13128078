#pragma once

#include <napi.h>

#include <string>

#include "fd.h"

/**
 * Keeps this thread in another network namespace until the end of the scope. What is opened meanwhile (a socket,
 * /dev/net/tun) stays in that namespace; the thread never runs JS there.
 */
class NetnsScope {
 public:
  /** `path`: such as /run/netns/NAME or /proc/PID/ns/net; empty: the scope does nothing. Throws an ErrnoError. */
  NetnsScope(Napi::Env env, const std::string& path);
  ~NetnsScope();
  NetnsScope(const NetnsScope&) = delete;
  NetnsScope& operator=(const NetnsScope&) = delete;

 private:
  Fd home_;
};
