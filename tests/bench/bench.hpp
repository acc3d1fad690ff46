// What the benchmarks share: clocks, medians, one row of the table that tests/bench/run prints.
#pragma once
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace grfd::bench {

inline std::int64_t clock_ns(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}
inline std::int64_t wall_ns() { return clock_ns(CLOCK_MONOTONIC); }
/// What this thread alone has used: being preempted by other work on the machine does not count.
inline std::int64_t cpu_ns() { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

/// @param q 0.5 for the median; nearest rank
inline double quantile(std::vector<double> v, double q) {
  if (v.empty()) return 0;
  const auto k = static_cast<std::size_t>(q * static_cast<double>(v.size() - 1) + 0.5);
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(k), v.end());
  return v[k];
}
inline double median(const std::vector<double>& v) { return quantile(v, 0.5); }

/// Repetition by repetition a / b: both sides of a ratio were taken directly after each other.
inline std::vector<double> ratios(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> r;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) r.push_back(a[i] / b[i]);
  return r;
}

/// | what | peer | median | smallest .. largest (n) | figures |
inline void row(const std::string& what, const std::string& peer, const std::vector<double>& ratio,
                const std::string& figures) {
  std::printf("| %s | %s | %.3g | %.3g .. %.3g (%zu) | %s |\n", what.c_str(), peer.c_str(), median(ratio),
              quantile(ratio, 0), quantile(ratio, 1), ratio.size(), figures.c_str());
  std::fflush(stdout);
}

template <class... Values>
std::string text(const char* format, Values... values) {
  char line[400];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

}  // namespace grfd::bench
