// What both sides give together: order of the plateaus, load asymmetry, centre of pressure.
#include <algorithm>
#include <cmath>

#include "dsp/squat_metrics.hpp"

namespace grfd {
namespace {
using squat::dt;
using squat::ticks;
using Channel = SquatHistory::Channel;
}  // namespace

/// Which ankle stopped first. A side without a plateau competes with its finish, so that a borderline plateau on the
/// other side cannot decide.
void SquatMetrics::first_out() noexcept {
  Repetition& o = s_->out;
  const bool plateau[2] = {!std::isnan(o.side[0].plateau_s), !std::isnan(o.side[1].plateau_s)};
  if (!plateau[0] && !plateau[1]) {
    o.first_out = s_->moved && o.side[0].valid && o.side[1].valid ? FirstOut::none : FirstOut::unknown;
    return;
  }
  const double lag = o.side[1].finish_s - o.side[0].finish_s;
  if (!std::isfinite(lag)) {
    o.first_out = FirstOut::unknown;
    return;
  }
  o.finish_lag_s = lag;
  const int first = lag > 0 ? 0 : 1;
  if (std::abs(lag) < p_->tie_s || !plateau[first]) {
    o.first_out = FirstOut::both;
  } else {
    o.first_out = first == 0 ? FirstOut::left : FirstOut::right;
  }
}

bool SquatMetrics::loads(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  Repetition& o = s.out;
  const auto asymmetry = [&](std::int64_t k) {
    const double l = h.at(Channel::fz, k), r = h.at(Channel::fz + 1, k);
    return 100 * (r - l) / std::max(l + r, 1.0);
  };
  if (!pass(s.span.end, budget, [&](std::int64_t k) {
        if (k <= s.bottom_first) s.descent_sum += asymmetry(k);
        if (k >= s.bottom_last) {
          s.ascent_sum += asymmetry(k);
          for (int i = 0; i < 2; ++i) s.impulse[i] += h.at(Channel::fz + i, k);
        }
      })) {
    return false;
  }
  o.load.descent = s.descent_sum / static_cast<double>(s.bottom_first - s.span.start + 1);
  o.load.ascent = s.ascent_sum / static_cast<double>(s.span.end - s.bottom_last + 1);
  o.load.ascent_impulse = 100 * (s.impulse[1] - s.impulse[0]) / (s.impulse[1] + s.impulse[0]);
  const auto mean = [&](std::int64_t from, std::int64_t to, auto f) {
    from = std::max(from, h.oldest());
    to = std::min(to, s.last);
    double sum = 0;
    for (std::int64_t k = from; k <= to; ++k) sum += f(k);
    return sum / static_cast<double>(to - from + 1);
  };
  const auto cop = [&](std::int64_t k) { return h.at(Channel::cop_ap, k); };
  const std::int64_t stand = s.span.start - ticks(p_->baseline_s), half = ticks(p_->bottom_half_s);
  o.load.standing = mean(stand, s.span.start, asymmetry);
  o.load.bottom = mean(s.bottom_mid - half, s.bottom_mid + half, asymmetry);
  o.cop_ap_standing_m = mean(stand, s.span.start, cop);
  o.cop_ap_bottom_m = mean(s.bottom_mid - half, s.bottom_mid + half, cop);
  budget -= 1000;                                                                // the four means
  const double plateau_s = std::fmin(o.side[0].plateau_s, o.side[1].plateau_s);  // NaN only if both are
  if (!std::isfinite(plateau_s)) {
    enter(Step::idle, 0);
    return true;
  }
  const double at = std::ceil((plateau_s - s.t_start_s) / dt - 0.5 - 1e-6);
  s.plateau_first = std::clamp(s.span.start + static_cast<std::int64_t>(std::clamp(at, -1e6, 1e6)), h.oldest(), s.last);
  o.cop_ap_plateau_m = s.rearmost = cop(s.plateau_first);
  enter(Step::fall_back, s.plateau_first);
  return true;
}

bool SquatMetrics::fall_back(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  if (!pass(s.bottom_last, budget, [&](std::int64_t k) {
        const double y = h.at(Channel::cop_ap, k);
        if (!(y >= s.rearmost)) s.rearmost = std::isnan(s.rearmost) ? s.rearmost : y;  // unknown stays unknown
      })) {
    return false;
  }
  s.out.fall_back_m = s.out.cop_ap_plateau_m - s.rearmost;
  enter(Step::idle, 0);
  return true;
}

}  // namespace grfd
