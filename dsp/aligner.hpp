// From a source's own sample times to the common grid: cubic where the samples are regular, linear beside a hole,
// nothing where nobody knows.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "schemas/sample.hpp"

namespace grfd {

enum class Quality : std::uint8_t { ok, bridged, missing };

struct Aligned {
  Quality quality = Quality::missing;
  std::uint16_t flags = 0;  ///< of the samples at both ends of the interval, and of unknown ones in it
};

/// The last `Capacity` samples of one source: columns that are known or unknown together (a NaN in one column makes the
/// sample a lost one). The capacity must outlast the longest wait for another source.
template <std::size_t Columns, std::size_t Capacity = 256>
class Resampler {
  static_assert(Columns >= 1 && Columns <= 16 && Capacity >= 8 && (Capacity & (Capacity - 1)) == 0);

 public:
  using Values = std::array<double, Columns>;
  static constexpr std::size_t kCapacity = Capacity;

  /// @return false, and nothing is stored, when the time does not rise.
  bool push(TimeNs t, const Values& values, std::uint16_t flags = 0) noexcept {
    State& s = state_;
    if (s.seen && t <= s.newest) return false;
    s.seen = true;
    s.newest = t;
    double known = 0;
    for (double v : values) known += v * 0.0;
    if (!(known == 0)) {
      s.unknown_flags |= flags;
      return true;
    }
    const std::size_t k = s.pushed++ & kMask;
    s.before[k] = std::exchange(s.unknown_flags, std::uint16_t{0});
    s.t[k] = t;
    s.values[k] = values;
    s.flags[k] = flags;
    return true;
  }
  /// Time of the last sample, known or not; 0 before the first.
  TimeNs newest() const noexcept { return state_.newest; }
  bool empty() const noexcept { return !state_.seen; }

  /// Nothing that may still come can change the answer at `g`: two known samples at or after it, or so much time
  /// without known ones that the hole cannot be bridged. `interval_s`: the device's measured interval.
  bool covers(TimeNs g, double interval_s) const noexcept {
    if (passed(g)) return true;
    return state_.seen && static_cast<double>(state_.newest - g) * 1e-9 > longest_bridge_s(interval_s) + interval_s;
  }
  /// It covers `g` whatever the interval: the quick answer, nearly always.
  bool passed(TimeNs g) const noexcept { return state_.pushed >= 2 && time(state_.pushed - 2) >= g; }
  /// It does not cover `g` whatever the interval: nothing known has passed it, and too little time for a hole.
  bool short_of(TimeNs g) const noexcept { return !passed(g) && state_.newest - g <= kShortestBridge; }

  /// Values at `g`; NaN when missing: before the first or after the last known sample, or in a hole longer than
  /// max(5 ms, 3 intervals). A sample exactly at `g` is returned as it is. `interval_s`: the device's measured
  /// interval.
  Aligned at(TimeNs g, double interval_s, Values& out) const noexcept {
    const State& s = state_;
    const std::size_t oldest = s.pushed > Capacity ? s.pushed - Capacity : 0;
    std::size_t after = s.pushed;  // first sample later than g; nearly always one of the newest
    for (int i = 0; i < kNear && after > oldest && time(after - 1) > g; ++i) --after;
    if (after > oldest && time(after - 1) > g) {
      std::size_t low = oldest;
      while (low < after) {
        const std::size_t middle = low + (after - low) / 2;
        if (time(middle) > g)
          after = middle;
        else
          low = middle + 1;
      }
    }
    const std::uint16_t within = after < s.pushed ? s.before[after & kMask] : g <= s.newest ? s.unknown_flags : 0;
    if (after == oldest) return missing(out, within);
    const std::size_t i = after - 1;
    if (time(i) == g) {
      out = s.values[i & kMask];
      return {Quality::ok, s.flags[i & kMask]};
    }
    if (after == s.pushed) return missing(out, within);
    const double gap = span_s(i, after);
    if (gap > longest_bridge_s(interval_s)) return missing(out, within);

    const double u = static_cast<double>(g - time(i)) * 1e-9 / gap;
    const Values &b = s.values[i & kMask], &c = s.values[after & kMask];
    const std::uint16_t flags = s.flags[i & kMask] | s.flags[after & kMask] | within;
    const auto regular = [&](double dt) { return dt > 0.5 * interval_s && dt < 1.5 * interval_s; };
    if (i > oldest && after + 1 < s.pushed && regular(gap) && regular(span_s(i - 1, i)) &&
        regular(span_s(after, after + 1))) {
      const Values &a = s.values[(i - 1) & kMask], &d = s.values[(after + 1) & kMask];
      const double wa = -u * (u - 1) * (u - 2) / 6, wb = (u + 1) * (u - 1) * (u - 2) / 2;
      const double wc = -(u + 1) * u * (u - 2) / 2, wd = (u + 1) * u * (u - 1) / 6;
      for (std::size_t k = 0; k < Columns; ++k) out[k] = wa * a[k] + wb * b[k] + wc * c[k] + wd * d[k];
      return {Quality::ok, flags};
    }
    for (std::size_t k = 0; k < Columns; ++k) out[k] = b[k] + u * (c[k] - b[k]);
    return {Quality::bridged, flags};
  }
  void reset() noexcept { state_.pushed = 0, state_.newest = 0, state_.unknown_flags = 0, state_.seen = false; }

  struct State {
    std::array<TimeNs, Capacity> t{};
    std::array<Values, Capacity> values{};
    std::array<std::uint16_t, Capacity> flags{}, before{};  // before: of the unknown samples since the one before
    std::size_t pushed = 0;                                 // known samples so far
    TimeNs newest = 0;
    std::uint16_t unknown_flags = 0;  // since the newest known sample
    bool seen = false;
    std::array<std::uint8_t, 5> reserved{};  // no padding at the end: equal states are equal bytes
  };
  State& state() noexcept { return state_; }

 private:
  static constexpr std::size_t kMask = Capacity - 1;
  static constexpr TimeNs kShortestBridge = 5'000'000;
  static constexpr int kNear = 8;  ///< samples that are looked at one by one
  static double longest_bridge_s(double interval_s) noexcept {
    return std::max(seconds(kShortestBridge), 3 * interval_s) + 0.5 * interval_s;
  }
  static Aligned missing(Values& out, std::uint16_t flags) noexcept {
    out.fill(std::numeric_limits<double>::quiet_NaN());
    return {Quality::missing, flags};
  }
  TimeNs time(std::size_t i) const noexcept { return state_.t[i & kMask]; }
  double span_s(std::size_t i, std::size_t j) const noexcept { return static_cast<double>(time(j) - time(i)) * 1e-9; }
  State state_;
};
static_assert(std::is_trivially_copyable_v<Resampler<16>::State>);

}  // namespace grfd
