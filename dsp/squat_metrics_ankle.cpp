// The course of one ankle in the descent: range, onset, rates, plateau.
#include <algorithm>
#include <cmath>

#include "dsp/squat_metrics.hpp"

namespace grfd {
namespace {
using squat::dt;
using squat::ticks;
constexpr double fs = 1000;
using Channel = SquatHistory::Channel;
}  // namespace

void SquatMetrics::begin_side(const SquatHistory& h) noexcept {
  State& s = *s_;
  const SquatSpan& span = s.span;
  RepetitionSide& o = side();
  s.i10 = s.i50 = s.i70 = s.i90 = s.plateau_at = -1;
  s.base = median_before(h, Channel::df + s.side, span.start);
  // After a turn there was no standing before: the angle of the last standing.
  const double standing = span.df_standing_deg[s.side];
  if (span.start_kind == RepetitionEdge::turn && !std::isnan(standing)) s.base = standing;
  s.peak = s.rate_peak = -INFINITY;
  s.peak_at = span.start;
  s.finite = !span.ankle_gap_too_long[s.side] && std::isfinite(s.base);
  o.baseline_deg = s.base;
  if (s.finite && std::abs(s.base - span.df_flat_deg[s.side]) > p_->baseline_off_deg) {
    o.reason = SideReason::not_standing;
    return end_course();
  }
  enter(Step::extremes, span.start);
}

void SquatMetrics::end_course() noexcept {
  RepetitionSide& o = side();
  // A turn may be a start with the ankle half bent: there the line begins before it.
  const bool early = s_->span.start_kind != RepetitionEdge::turn && o.onset_s < s_->out.t_start_s;
  if (o.valid && (early || !(o.onset_s <= s_->out.t_end_s) || !(o.finish_s <= s_->out.t_end_s))) {
    RepetitionSide none;
    none.reason = SideReason::outside;
    none.baseline_deg = o.baseline_deg;
    none.peak_deg = o.peak_deg;
    o = none;
  }
  s_->shank_max = s_->pitch_max = -INFINITY;
  enter(Step::posture, s_->span.start);
}

/// Beside science.md 5.4, which ends a course with the bottom: a body that sways may be lowest before its ankles stop.
/// The course of an ankle that still gains clearly there ends where it gains no more.
bool SquatMetrics::extremes(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  RepetitionSide& o = side();
  const std::int64_t bottom = s.bottom_last, hold = ticks(p_->course_hold_s),
                     last = bottom + std::min(ticks(p_->course_after_s), (s.span.end - bottom) / 2);
  const bool done = !s.finite || search(last, budget, [&](std::int64_t k) {
    const double d = h.at(Channel::df + s.side, k) - s.base, r = h.at(Channel::rate + s.side, k);
    const bool goes_on = s.peak_at > bottom;  // seen after the bottom
    if (k > bottom && k - std::max(s.peak_at, bottom) > hold) return true;
    if (!std::isfinite(d) || !std::isfinite(r)) {
      s.finite = k > bottom && !goes_on;
      return true;
    }
    if (k > bottom && !goes_on && !(d > s.peak + p_->course_gain_deg)) return false;
    if (d > s.peak) {
      s.peak = d;
      s.peak_at = k;
    }
    s.rate_peak = std::max(s.rate_peak, r);
    return false;
  });
  if (!done) return false;
  if (!s.finite) {
    o.reason = SideReason::gap;
    end_course();
    return true;
  }
  o.peak_deg = h.at(Channel::df + s.side, s.peak_at);
  o.range_deg = s.peak;
  if (s.peak < p_->range_min_deg) {
    o.reason = SideReason::no_ankle_motion;
    end_course();
    return true;
  }
  o.valid = true;
  o.rate_peak_deg_s = s.rate_peak;
  enter(Step::levels, s.span.start);
  return true;
}

/// First crossings of 10, 50, 70 and 90 % of the range, and the lines through 10-50 % and 10-70 %.
bool SquatMetrics::levels(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  RepetitionSide& o = side();
  if (!search(s.peak_at, budget, [&](std::int64_t k) {
        const double d = h.at(Channel::df + s.side, k) - s.base;
        if (s.i10 < 0) {
          if (!(d >= .1 * s.peak)) return false;
          s.i10 = k;
          s.line.start(k);
        }
        s.line.add(d);
        if (s.i50 < 0 && d >= .5 * s.peak) {
          s.i50 = k;
          s.onset_line = s.line;
        }
        if (s.i70 < 0 && d >= .7 * s.peak) {
          s.i70 = k;
          s.rate_line = s.line;
        }
        if (d >= .9 * s.peak) s.i90 = k;
        return s.i90 >= 0;
      })) {
    return false;
  }
  const auto at = [&](std::int64_t k) { return h.at(Channel::df + s.side, k) - s.base; };
  const auto tick_s = [&](std::int64_t k) { return time_s(static_cast<double>(k)); };
  o.t10_s = tick_s(s.i10);
  o.t50_s = tick_s(s.i50);
  o.t90_s = tick_s(s.i90);
  o.onset_s = time_s(s.onset_line.crossing(0));
  o.rate_fit_deg_s = s.rate_line.slope() * fs;
  o.rate_mean_deg_s = s.i90 > s.i10 ? (at(s.i90) - at(s.i10)) / (static_cast<double>(s.i90 - s.i10) * dt) : unknown;
  o.time_to_90_s = o.t90_s - o.onset_s;
  o.finish_s = time_s(s.rate_line.crossing(s.peak));
  s.slow = s.down = 0;
  s.plateau_end = s.bottom_first - ticks(p_->plateau_before_bottom_s);
  enter(Step::plateau, s.i50);
  return true;
}

/// The ankle is slow for the whole hold while the body still goes down in most of it.
bool SquatMetrics::plateau(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  const std::int64_t hold = ticks(p_->plateau_hold_s);
  const double slow = std::max(p_->plateau_rate_share * s.rate_peak, p_->plateau_rate_deg_s);
  const auto down = [&](std::int64_t k) { return s.v[k - s.from] < p_->plateau_v_m_s ? 1 : 0; };
  const std::int64_t to = s.moved ? s.plateau_end - 1 : s.i50 - 1;
  if (!search(to, budget, [&](std::int64_t k) {
        s.slow = h.at(Channel::rate + s.side, k) < slow ? s.slow + 1 : 0;
        s.down += down(k);
        if (k - hold >= s.i50) s.down -= down(k - hold);
        if (s.slow < hold || !(static_cast<double>(s.down) / static_cast<double>(hold) > p_->plateau_v_share))
          return false;
        s.plateau_at = k - hold + 1;
        return true;
      })) {
    return false;
  }
  if (s.plateau_at < 0) {
    end_course();
  } else {
    s.line.start(s.plateau_at);
    enter(Step::plateau_level, s.plateau_at);
  }
  return true;
}

bool SquatMetrics::plateau_level(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  if (!pass(s.plateau_end - 1, budget, [&](std::int64_t k) {
        const double d = h.at(Channel::df + s.side, k) - s.base;
        s.line.add(d);
        s.z[k - s.plateau_at] = d;
      })) {
    return false;
  }
  budget = 0;
  enter(Step::plateau_median, 0);
  return true;
}

void SquatMetrics::plateau_median() noexcept {
  State& s = *s_;
  RepetitionSide& o = side();
  const std::int64_t n = s.plateau_end - s.plateau_at;
  o.plateau_level_deg = median(s.z, n);
  o.plateau_detected_s = time_s(static_cast<double>(s.plateau_at));
  o.plateau_s = o.finish_s = time_s(s.rate_line.crossing(o.plateau_level_deg));
  o.creep_deg_s = n > 10 ? s.line.slope() * fs : 0;
  end_course();
}

/// Largest shank lean and foot pitch of the whole repetition; unknown stays unknown.
bool SquatMetrics::posture(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  if (!pass(s.span.end, budget, [&](std::int64_t k) {
        const double lean = h.at(Channel::shank + s.side, k), pitch = h.at(Channel::pitch + s.side, k);
        if (!(lean <= s.shank_max) && !std::isnan(s.shank_max)) s.shank_max = lean;
        if (!(pitch <= s.pitch_max) && !std::isnan(s.pitch_max)) s.pitch_max = pitch;
      })) {
    return false;
  }
  side().shank_max_deg = s.shank_max;
  side().heel_lift_deg = s.pitch_max - median_before(h, Channel::pitch + s.side, s.span.start);
  budget -= 1000;
  begin_eversion(h);
  return true;
}

void SquatMetrics::end_side() noexcept {
  RepetitionSide& o = side();
  o.eversion_lead_s = o.onset_s - o.eversion_onset_s;
}

}  // namespace grfd
