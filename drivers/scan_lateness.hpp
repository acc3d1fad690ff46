// Finds out from the time that passed that scans are missing, where nothing in a device's bytes tells.
#pragma once
#include <algorithm>
#include <array>
#include <limits>

#include "schemas/sample.hpp"

namespace grfd {

/// Lateness: arrival of the newest scan less the time it should have at the nominal rate. A link only adds to it, so
/// its smallest value of each window is the device's own time; what stays in it is a loss, or a crystal that is off.
/// Two rules. Lateness above the earliest so far, which may fall behind by the allowed drift (crystal and computer
/// together), for three windows in a row: steady losses. Steps up that stay, added up: rare losses that no rate tells
/// from a crystal. A link that stalls for less than three seconds, or that delivers in batches, fulfils neither.
class ScanLateness {
 public:
  /// @param interval_ns nominal time of a scan  @param packet_ns nominal time of one full packet of scans
  /// @param drift_ppm by which scans may come too slowly and none is missing
  ScanLateness(double interval_ns, double packet_ns, double drift_ppm) noexcept
      : interval_ns_(interval_ns),
        drift_(1e-6 * drift_ppm),
        window_ns_(static_cast<TimeNs>(std::max(1e9, 16 * packet_ns))),
        limit_ns_(std::max(10e6, 1.5 * packet_ns)),
        step_ns_(std::max({2.5e6, 0.6 * packet_ns, 2 * drift_ * static_cast<double>(window_ns_)})),
        steps_limit_ns_(std::max(20e6, 3.5 * packet_ns)) {}

  void reset() noexcept { state_ = {}; }
  /// Something arrived that is not counted yet; what comes in pieces at one time counts as one.
  /// @return true: scans are missing before it
  bool look(TimeNs arrival) noexcept {
    State& s = state_;
    if (!s.started || arrival - s.since < window_ns_) return false;
    const double least = s.least_ns;
    s.best_ns = std::min(s.best_ns + drift_ * static_cast<double>(arrival - s.since), least);
    s.late = least - s.best_ns > limit_ns_ ? s.late + 1 : 0;
    add_step(least);
    s.since = arrival;
    s.least_ns = State{}.least_ns;
    return s.late >= 3 || s.steps_ns > steps_limit_ns_;
  }
  /// @param scans all that came since the reset
  void count(TimeNs arrival, double scans) noexcept {
    State& s = state_;
    if (!s.started) {
      s.started = true;
      s.origin = s.since = arrival;
    }
    s.least_ns = std::min(s.least_ns, static_cast<double>(arrival - s.origin) - scans * interval_ns_);
  }

 private:
  static constexpr std::size_t kSide = 4;
  /// Every one of four windows against every one of the four before them: a link that is late now and then is no step.
  void add_step(double least) noexcept {
    State& s = state_;
    auto& h = s.history;
    if (s.kept == h.size()) std::copy(h.begin() + 1, h.end(), h.begin()), --s.kept;
    h[s.kept++] = least;
    if (s.kept < h.size()) return;
    const auto middle = h.begin() + kSide;
    const auto [low_before, high_before] = std::minmax_element(h.begin(), middle);
    const auto [low, high] = std::minmax_element(middle, h.end());
    if (*low - *high_before <= step_ns_ && *low_before - *high <= step_ns_) return;
    s.steps_ns = std::max(0.0, s.steps_ns + *low - *low_before);
    std::copy(middle, h.end(), h.begin());
    s.kept = kSide;
  }

  struct State {
    bool started = false;
    TimeNs origin = 0, since = 0;
    double least_ns = std::numeric_limits<double>::infinity();  // of this window
    double best_ns = std::numeric_limits<double>::infinity();
    std::array<double, 2 * kSide> history{};  // least_ns of the last windows
    std::size_t kept = 0;
    double steps_ns = 0;
    int late = 0;
  };
  const double interval_ns_, drift_;
  const TimeNs window_ns_;
  const double limit_ns_, step_ns_, steps_limit_ns_;
  State state_;
};

}  // namespace grfd
