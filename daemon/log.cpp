#include "daemon/log.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace grfd {

void log(Level level, const std::string& text) {
  static std::mutex mutex;
  static const auto start = std::chrono::steady_clock::now();
  static const bool systemd = std::getenv("JOURNAL_STREAM") != nullptr;
  constexpr int kPriority[] = {7, 6, 4, 3};
  constexpr const char* kName[] = {"debug", "info", "warning", "error"};
  const std::lock_guard lock(mutex);
  if (systemd) {
    std::fprintf(stderr, "<%d>%s\n", kPriority[static_cast<int>(level)], text.c_str());
  } else {
    const double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::fprintf(stderr, "%9.3f %-7s %s\n", t, kName[static_cast<int>(level)], text.c_str());
  }
}

}  // namespace grfd
