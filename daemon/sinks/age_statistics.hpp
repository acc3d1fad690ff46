// How old data are when they are published: median, 99 %, worst, of the last 10 to 20 seconds.
#pragma once
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>

#include "schemas/sample.hpp"

namespace grfd {

/// One thread adds, any thread reads. No lock, no heap. Resolution 9 %.
class AgeStatistics {
 public:
  struct Summary {
    std::uint64_t count = 0;
    double p50_ms = 0, p99_ms = 0, worst_ms = 0;  ///< upper ends of their classes
  };

  void add(TimeNs now, TimeNs age) noexcept {
    if (now - began_ > kWindow) {  // forget the window before the last one
      began_ = now;
      const int next = 1 - current_.load(std::memory_order_relaxed);
      for (auto& n : counts_[static_cast<std::size_t>(next)]) n.store(0, std::memory_order_relaxed);
      current_.store(next, std::memory_order_relaxed);
    }
    const double us = static_cast<double>(age) * 1e-3;
    const int c = us <= 1 ? 0 : std::min(static_cast<int>(std::log2(us) * kPerOctave) + 1, kClasses - 1);
    auto& n = counts_[static_cast<std::size_t>(current_.load(std::memory_order_relaxed))][static_cast<std::size_t>(c)];
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  Summary summary() const noexcept {
    std::array<std::uint64_t, kClasses> all{};
    Summary s;
    for (const auto& window : counts_)
      for (std::size_t c = 0; c < all.size(); ++c) all[c] += window[c].load(std::memory_order_relaxed);
    for (const auto n : all) s.count += n;
    std::uint64_t below = 0;
    const auto upper = [](std::size_t c) { return std::exp2(static_cast<double>(c) / kPerOctave) * 1e-3; };
    for (std::size_t c = 0; c < all.size(); ++c) {
      if (all[c] == 0) continue;
      const std::uint64_t until = below + all[c];
      if (2 * below < s.count && 2 * until >= s.count) s.p50_ms = upper(c);
      if (100 * below < 99 * s.count && 100 * until >= 99 * s.count) s.p99_ms = upper(c);
      s.worst_ms = upper(c);
      below = until;
    }
    return s;
  }

 private:
  static constexpr TimeNs kWindow = 10'000'000'000;
  static constexpr int kPerOctave = 8, kClasses = 8 * 24;  // 1 us to 16 s
  std::array<std::array<std::atomic<std::uint64_t>, kClasses>, 2> counts_{};
  std::atomic<int> current_{0};
  TimeNs began_ = 0;
};

}  // namespace grfd
