// A wire between front ends over which one of them paces the scans of the others.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace grfd {

/// Rising edges in runs: edge k of a run comes at first_ns + k * period_ns of true lab time since the session's start.
/// The units live on different threads and at slightly different times, so what is kept is not the level but the whole
/// history: a unit that looks later still sees every edge. Any thread.
class PacerWire {
 public:
  static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();
  struct Run {
    double first_ns = 0, period_ns = 0;
    std::uint64_t edges = kOpen;  ///< kOpen: more will come
    double at(std::uint64_t k) const { return first_ns + static_cast<double>(k) * period_ns; }
  };
  void begin(double first_ns, double period_ns) {
    const std::lock_guard lock(mutex_);
    runs_.push_back({first_ns, period_ns, kOpen});
  }
  /// The last run ends after this many edges.
  void end(std::uint64_t edges) {
    const std::lock_guard lock(mutex_);
    if (!runs_.empty() && runs_.back().edges == kOpen) runs_.back().edges = edges;
  }
  std::size_t runs() const {
    const std::lock_guard lock(mutex_);
    return runs_.size();
  }
  Run run(std::size_t i) const {  ///< i < runs()
    const std::lock_guard lock(mutex_);
    return runs_[i];
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Run> runs_;
};

}  // namespace grfd
