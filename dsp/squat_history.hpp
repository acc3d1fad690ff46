// The last half minute of the squat channels, for the metrics of a closed repetition.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dsp/squat_line.hpp"

namespace grfd {

/// Ring of 1 ms ticks, addressed by their number. A hole is bridged in place by a straight line as soon as it ends and
/// if it was short enough, so readers see either numbers or a NaN that stays.
struct SquatHistory {
  static constexpr std::int64_t size = 32768;
  /// Pairs: left, then right. cop_ap alone is of both feet.
  enum Channel : std::uint8_t {
    fz = 0,
    df = 2,
    rate = 4,
    shank = 6,
    pitch = 8,
    eversion = 10,
    cop_ap = 12,
    fz_unfiltered = 13,
    force_rate = 15,
    fx = 17,
    fy = 19,
    foot_cop_ml = 21,
    foot_cop_ap = 23,
    tz = 25,
    channels = 27
  };

  /// A line of the cache longer than the ring: rows a power of two apart would all want the same place in the cache.
  double ring[channels][size + 8]{};
  std::int64_t hole[channels]{};  ///< ticks since the channel was last known
  std::int64_t first = 0, last = -1;

  double at(int channel, std::int64_t tick) const noexcept { return ring[channel][index(tick)]; }
  /// Of a pair: left and right together.
  double both(int channel, std::int64_t tick) const noexcept { return at(channel, tick) + at(channel + 1, tick); }
  std::int64_t oldest() const noexcept { return std::max(first, last - size + 1); }

  void push(const double (&row)[channels], std::int64_t bridge) noexcept {
    ++last;
    for (int c = 0; c < channels; ++c) {
      const double x = row[c];
      ring[c][index(last)] = x;
      if (std::isnan(x)) {
        ++hole[c];
      } else if (hole[c] != 0) {
        close(c, x, bridge);
      }
    }
  }
  /// True while some hole may still be bridged: what lies in it is not settled yet.
  bool unsettled(std::int64_t bridge) const noexcept {
    return std::any_of(hole, hole + channels,
                       [&](std::int64_t n) { return n > 0 && n <= bridge && last - n >= first; });
  }
  /// Median over the `n` ticks up to `tick`, at most 1000; NaN if any is unknown.
  double median_before(int channel, std::int64_t tick, std::int64_t n) const noexcept {
    constexpr std::int64_t capacity = 1001;
    double x[capacity];
    const std::int64_t from = std::max({oldest(), tick - n, tick - capacity + 1});
    std::int64_t count = 0;
    for (std::int64_t k = from; k <= tick; ++k) x[count++] = at(channel, k);
    return median(x, count);
  }
  /// What follows does not continue what came before.
  void forget() noexcept {
    first = last + 1;
    std::fill(hole, hole + channels, 0);
  }

 private:
  static std::size_t index(std::int64_t tick) noexcept { return static_cast<std::size_t>(tick & (size - 1)); }
  void close(int c, double x, std::int64_t bridge) noexcept {
    const std::int64_t n = hole[c], before = last - n - 1;
    hole[c] = 0;
    if (n > bridge || before < first) return;
    const double x0 = at(c, before), slope = (x - x0) / static_cast<double>(n + 1);
    for (std::int64_t j = 1; j <= n; ++j) ring[c][index(before + j)] = slope * static_cast<double>(j) + x0;
  }
};

}  // namespace grfd
