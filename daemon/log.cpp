#include "daemon/log.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace grfd {
namespace {
std::mutex log_mutex;
std::chrono::steady_clock::time_point log_start = std::chrono::steady_clock::now();
}  // namespace

void log_times_from(std::int64_t lab_ns) {
  const std::lock_guard lock(log_mutex);
  log_start = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(lab_ns));
}

void log(Level level, const std::string& text) {
  static const bool systemd = std::getenv("JOURNAL_STREAM") != nullptr;
  constexpr int kPriority[] = {7, 6, 4, 3};
  constexpr const char* kName[] = {"debug", "info", "warning", "error"};
  const std::lock_guard lock(log_mutex);
  if (systemd) {
    std::fprintf(stderr, "<%d>%s\n", kPriority[static_cast<int>(level)], text.c_str());
  } else {
    const double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - log_start).count();
    std::fprintf(stderr, "%9.3f %-7s %s\n", t, kName[static_cast<int>(level)], text.c_str());
  }
}

}  // namespace grfd
