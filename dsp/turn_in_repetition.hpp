// How far something has turned within a repetition: the integral of a gyroscope's rate, which drifts and therefore
// means nothing across repetitions.
#pragma once
#include <array>

#include "dsp/frame.hpp"

namespace grfd {

/// From 0 in quiet standing, or at the turn where a repetition begins without one (touch-and-go). A rate that is
/// unknown makes it NaN until the next quiet standing; where nobody looks for repetitions it is never known.
class TurnInRepetition {
 public:
  struct State {
    double turned_deg = kNaN, rate_deg_s = kNaN;
    double zero_deg = 0;  ///< of turned_deg, where the repetition began
    std::uint64_t ticks = 0;
    std::array<double, 1024> past_deg{};  ///< turned_deg of the last frames: a turn is noticed that late
  };
  /// Every millisecond. @return the turn, deg
  double step(double rate_deg_s, const SquatFeedback& squat) noexcept;
  /// Since the last quiet standing: it does not jump at a turn.
  double since_standing_deg() const noexcept { return state_.turned_deg; }
  State& state() noexcept { return state_; }

 private:
  State state_;
};

}  // namespace grfd
