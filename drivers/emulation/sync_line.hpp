// A TTL line that is wired to every emulated device: pulses whose edges all of them should see at the same time.
#pragma once
#include <cmath>

namespace grfd {

/// Times are seconds of true lab time since the session's start. Low before the first pulse; period 0: always low.
struct SyncLine {
  double first_s = 1, period_s = 0, width_s = 0.01;

  bool level(double t_s) const {
    if (!(period_s > 0) || t_s < first_s) return false;
    return std::fmod(t_s - first_s, period_s) < width_s;
  }
  struct Edge {
    double t_s;
    bool rising;
  };
  /// The first edge after t_s; at infinity when there is none.
  Edge next(double t_s) const {
    if (!(period_s > 0)) return {HUGE_VAL, true};
    if (t_s < first_s) return {first_s, true};
    double pulse = std::floor((t_s - first_s) / period_s);
    for (;; ++pulse) {
      const double up = first_s + pulse * period_s;
      if (up > t_s) return {up, true};
      if (up + width_s > t_s) return {up + width_s, false};
    }
  }
};

}  // namespace grfd
