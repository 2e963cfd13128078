#pragma once

#include <sys/utsname.h>

#include <cstdio>

/** Whether the kernel takes super-frames of UDP from TAP and packet sockets: since Linux 6.2. */
inline bool KernelTakesUdpSegments() {
  static const bool does = [] {
    utsname kernel{};
    int major = 0;
    int minor = 0;
    if (uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) return false;
    return major > 6 || (major == 6 && minor >= 2);
  }();
  return does;
}
