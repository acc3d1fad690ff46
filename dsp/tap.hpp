// Taps on a plate that sensors lying on it feel, too: the constant delay between the two, by cross-correlation.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "dsp/filters.hpp"

namespace grfd {

/// Defaults and source: science reference 3.5. One grid step is 1 ms.
struct TapParams {
  double slope_n_s = 3000;  ///< |dFz/dt| of a tap
  double cutoff_hz = 20;    ///< both signals are band-limited alike
  double r_min = 0.8;
  std::size_t taps_min = 3;
  double spread_max_s = 2e-3;                         ///< largest minus smallest delay of the accepted taps
  double change_max_s = 1e-3;                         ///< a repeated test that finds more: the drift was fitted badly
  static constexpr std::size_t kWindow = 150;         ///< half the window about a tap, ms
  static constexpr std::size_t kLongestLag = 100;     ///< searched on both sides, ms
  static constexpr std::size_t kApart = 2 * kWindow;  ///< a tap sooner after another one belongs to it
};

/// The last second of one signal on the 1 kHz grid, band-limited. NaN where it was unknown; the filter then starts
/// again.
class TapTrack {
 public:
  static constexpr std::size_t kLength = 1024;
  explicit TapTrack(const TapParams& params = {}) : filter_(butterworth(2, params.cutoff_hz, 1000)) {}
  void push(double v) noexcept {
    std::array<double, 1> x{v};
    filter_.step(x);
    state_.values[state_.count++ % kLength] = static_cast<float>(x[0]);
  }
  std::uint64_t count() const noexcept { return state_.count; }
  /// Values number `from` to from + to.size() - 1. @return false when one is unknown or not kept any more
  bool copy(std::uint64_t from, std::span<float> to) const noexcept;
  void reset() noexcept {
    state_ = {};
    filter_.reset();
  }

  struct State {
    std::array<float, kLength> values{};
    std::uint64_t count = 0;
  };
  State& state() noexcept { return state_; }
  ChannelFilter<1>& filter() noexcept { return filter_; }

 private:
  ChannelFilter<1> filter_;
  State state_;
};
static_assert(std::is_trivially_copyable_v<TapTrack::State>);

/// Finds taps in unfiltered vertical force: the step between the means of two neighbouring groups of four samples, so
/// that noise of 1 N makes a slope of 180 N/s and not of 1400.
class TapDetector {
 public:
  explicit TapDetector(const TapParams& params = {}) : slope_n_s_(params.slope_n_s) {}
  /// One sample per millisecond; NaN: unknown. @return true when a tap is seen; it began a few ms ago
  bool push(double fz_n) noexcept;
  void reset() noexcept { state_ = {}; }

  struct State {
    std::array<double, 8> last{};
    std::uint32_t known = 0, since_tap = TapParams::kApart;
  };
  State& state() noexcept { return state_; }

 private:
  double slope_n_s_;
  State state_;
};

struct TapMatch {
  double delay_s = 0;   ///< how much later than the plate the sensor shows the tap
  double r = 0;         ///< normalised cross-correlation at its peak; 0: none could be computed
  bool inside = false;  ///< the peak is not at the border of the searched lags
};
/// Peak of the normalised cross-correlation, by a parabola through the three highest values. `plate`: the window of
/// 2 kWindow + 1 values, `sensor`: kLongestLag more on both sides. About 60 000 multiplications.
TapMatch match_tap(std::span<const float> plate, std::span<const float> sensor) noexcept;

/// What the accepted taps of one sensor say together.
struct TapVerdict {
  enum class Reason : std::uint8_t { none, no_taps, gap, no_match, too_few, spread } reason = Reason::none;
  double delay_s = 0, spread_s = 0, r = 0;  ///< median, largest minus smallest, median
  std::size_t taps = 0;                     ///< accepted
  bool accepted() const noexcept { return reason == Reason::none; }
};

/// Collects the matches of one sensor.
class TapSeries {
 public:
  static constexpr std::size_t kMost = 16;
  void add(const TapMatch& match, const TapParams& params) noexcept;
  void add_gap() noexcept { ++state_.gaps; }
  TapVerdict verdict(const TapParams& params) const noexcept;
  void reset() noexcept { state_ = {}; }

  struct State {
    std::array<double, kMost> delay_s{}, r{};
    double best_r = 0;
    std::uint32_t accepted = 0, tried = 0, gaps = 0, reserved = 0;
  };
  State& state() noexcept { return state_; }

 private:
  State state_;
};

}  // namespace grfd
