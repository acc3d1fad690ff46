// Preloaded (LD_PRELOAD) into the daemon: a disk that takes its time to make anything durable. GRFD_SLOW_SYNC_MS, 1500
// when not given, is what every fsync and fdatasync takes at least.
#include <dlfcn.h>
#include <time.h>

#include <cstdlib>

namespace {
int late(const char* name, int fd) {
  const char* text = std::getenv("GRFD_SLOW_SYNC_MS");
  const long ms = text ? std::strtol(text, nullptr, 10) : 1500;
  timespec rest{ms / 1000, ms % 1000 * 1'000'000};
  while (nanosleep(&rest, &rest) != 0) {}
  return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(fd);
}
}  // namespace

extern "C" int fsync(int fd) { return late("fsync", fd); }
extern "C" int fdatasync(int fd) { return late("fdatasync", fd); }
