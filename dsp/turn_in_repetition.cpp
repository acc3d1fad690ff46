#include "dsp/turn_in_repetition.hpp"

#include <algorithm>
#include <cmath>

namespace grfd {

double TurnInRepetition::step(double rate_deg_s, const SquatFeedback& squat) noexcept {
  State& s = state_;
  const std::uint64_t size = s.past_deg.size();
  if (!std::isnan(squat.turn_before_s) && s.ticks > 0) {
    const auto ms = static_cast<std::uint64_t>(std::max(0.0, squat.turn_before_s * 1e3) + 0.5);
    s.zero_deg = s.past_deg[(s.ticks - 1 - std::min({ms, s.ticks - 1, size - 1})) % size];
  }
  if (squat.standing_quiet)
    s.turned_deg = s.zero_deg = std::isnan(rate_deg_s) ? kNaN : 0;
  else
    s.turned_deg += 0.5 * (s.rate_deg_s + rate_deg_s) * 1e-3;
  s.rate_deg_s = rate_deg_s;
  s.past_deg[s.ticks++ % size] = s.turned_deg;
  return s.turned_deg - s.zero_deg;
}

}  // namespace grfd
