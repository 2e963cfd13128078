#include "netns.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "errno_error.h"

NetnsScope::NetnsScope(Napi::Env env, const std::string& path) {
  if (path.empty()) return;
  Fd target(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid()) throw ErrnoError(env, errno, "open netns");
  // A namespace belongs to a thread: /proc/self would be the main one's.
  Fd home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) throw ErrnoError(env, errno, "open netns");
  if (setns(target.get(), CLONE_NEWNET) != 0) throw ErrnoError(env, errno, "setns");
  home_ = std::move(home);
}

NetnsScope::~NetnsScope() {
  // A thread left in a foreign namespace would open everything else there, too: better no process than that.
  if (home_.valid() && setns(home_.get(), CLONE_NEWNET) != 0) {
    Napi::Error::Fatal("NetnsScope", "cannot return to the own network namespace");
  }
}
