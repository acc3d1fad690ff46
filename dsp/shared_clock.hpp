// One clock that paces the scans of several devices: equal scans get the very same time, whoever delivers them first.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "dsp/clock_map.hpp"

namespace grfd {

/// Scan numbers are those of the clock: equal for what the devices converted at the same instant. The arrival of
/// whichever device is first feeds the map (a later arrival of the same scan tells nothing more), and its stamp is kept
/// for the others.
class SharedClock {
 public:
  static constexpr std::int64_t kKept = 4096;  ///< a device that is further behind gets the line's present answer
  explicit SharedClock(ClockMap& map) noexcept : map_(map) {}

  /// A device's first scan, or its first after a restart. Devices of one clock are restarted together: the first one to
  /// come starts the clock anew, the others join when their scan fits the new line.
  void begin(std::uint32_t& generation, std::int64_t n, double arrival_s) noexcept {
    State& s = state_;
    const bool joins = map_.open() && generation != s.generation && std::abs(arrival_s - map_.predict(n)) < 0.5;
    if (!joins) {
      map_.restart();
      ++s.generation;
      s.first = n;
      s.front = n - 1;
    }
    generation = s.generation;
  }
  /// @return lab time of scan n, in seconds since the session's start, the same for every device
  double accept(std::int64_t n, double arrival_s) noexcept {
    State& s = state_;
    if (n > s.front) {
      map_.push(n, arrival_s);
      for (std::int64_t k = std::max(s.front + 1, n - kKept + 1); k <= n; ++k) stamp(k) = map_.stamp(k);
      s.front = n;
    }
    return n >= s.first && n > s.front - kKept ? stamp(n) : map_.predict(n);
  }
  std::int64_t front() const noexcept { return state_.front; }
  std::uint32_t generation() const noexcept { return state_.generation; }

  struct State {
    std::array<double, kKept> stamps{};
    std::int64_t first = 0, front = -1;
    std::uint32_t generation = 0, reserved = 0;
  };
  State& state() noexcept { return state_; }

 private:
  double& stamp(std::int64_t n) noexcept { return state_.stamps[static_cast<std::size_t>(n & (kKept - 1))]; }
  ClockMap& map_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<SharedClock::State>);

/// Finds out that a device has counted fewer scans than its clock gave, where nothing in its bytes tells: it is then
/// behind the others by the same number of scans in two windows in a row, by more than packets and links explain. Where
/// losses are so frequent that no two windows agree, it is never less behind than that for three windows, and by no
/// fewer scans from one to the next. A link that stalls and catches up within two windows does neither.
class ScanDeficit {
 public:
  /// @param tolerance_scans what a healthy device may be behind on average
  /// @param window looks that make a window  @param steady_scans how far two means may differ and still be the same
  explicit ScanDeficit(double tolerance_scans, int window = 200, double steady_scans = 0.25) noexcept
      : tolerance_(tolerance_scans), steady_(steady_scans), window_(window) {}
  /// A packet of 64 bytes of 16-bit codes may be under way, and one link may be slower by 2.5 ms. A scan has 1, 2, 4 or
  /// 8 codes, whatever of it becomes columns.
  static double tolerance_scans(std::size_t columns, double interval_s) noexcept {
    return std::max(0.75 * 32 / static_cast<double>(std::bit_ceil(columns)), 2.5e-3 / interval_s);
  }
  /// At even intervals. @return scans that are missing, 0 when all is well or not sure yet
  std::int64_t look(std::int64_t behind) noexcept {
    State& s = state_;
    s.sum += static_cast<double>(behind);
    s.least = std::min(s.least, behind);
    if (++s.looks < window_) return 0;
    const State done = s;
    const double mean = done.sum / done.looks;
    const bool grows =
        static_cast<double>(done.least) >= tolerance_ &&
        (done.grown == 0 || static_cast<double>(done.least) >= static_cast<double>(done.least_before) - steady_);
    s = {};
    s.before = mean;
    s.least_before = done.least;
    s.grown = grows ? done.grown + 1 : 0;
    const bool steady = mean >= tolerance_ && std::abs(mean - done.before) <= steady_;
    if (!steady && s.grown < kGrowing) return 0;
    s = {};
    return steady ? std::llround(mean) : done.least;
  }
  void reset() noexcept { state_ = {}; }
  struct State {
    double sum = 0, before = 0;
    std::int64_t least = std::numeric_limits<std::int64_t>::max(), least_before = 0;
    std::int32_t looks = 0, grown = 0;  ///< grown: windows in a row
  };
  State& state() noexcept { return state_; }

 private:
  static constexpr int kGrowing = 3;
  double tolerance_, steady_;
  int window_;
  State state_;
};

}  // namespace grfd
