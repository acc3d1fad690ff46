#include "dsp/squat_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace grfd {
namespace {

using squat::dt;
using Channel = SquatHistory::Channel;

}  // namespace

SquatMetrics::SquatMetrics(const SquatParams& params, State& state) noexcept : p_(&params), s_(&state) {
  // Butterworth, 2nd order, bilinear with pre-warping.
  const double c = std::tan(std::numbers::pi * params.eversion_hz * dt), q = 1 / std::numbers::sqrt2,
               d = 1 + c / q + c * c;
  b0_ = b2_ = c * c / d;
  b1_ = 2 * c * c / d;
  a1_ = 2 * (c * c - 1) / d;
  a2_ = (1 - c / q + c * c) / d;
}

double SquatMetrics::time_s(double tick) const noexcept {
  return s_->t_start_s + (tick - static_cast<double>(s_->span.start)) * dt;
}

Repetition SquatMetrics::rejected(const SquatSpan& span, std::int32_t index, std::int64_t last,
                                  double t_last_s) noexcept {
  Repetition r;
  const auto at = [&](std::int64_t tick) { return t_last_s - static_cast<double>(last - tick) * dt; };
  r.index = index;
  r.reason = span.reason;
  r.start_kind = span.start_kind;
  r.end_kind = span.end_kind;
  r.incomplete = span.incomplete;
  r.t_start_s = at(span.start);
  r.t_bottom_s = at(span.bottom);
  r.t_end_s = at(span.end);
  r.drop_m = span.drop_raw_m;
  r.bodyweight_n = span.bodyweight_n;
  for (std::size_t i = 0; i < 2; ++i) {
    RepetitionSide& side = r.side[i];
    side.reason = SideReason::rejected;
    side.baseline_deg = span.df_standing_deg[i];
    side.peak_deg = span.df_peak_deg[i];
    side.range_deg = side.peak_deg - side.baseline_deg;
  }
  return r;
}

void SquatMetrics::start(const SquatHistory& h, const SquatSpan& span, std::int32_t index, double t_last_s) noexcept {
  State& s = *s_;
  s.span = span;
  s.last = h.last;
  s.out = rejected(span, index, h.last, t_last_s);
  s.t_start_s = s.out.t_start_s;
  for (RepetitionSide& side : s.out.side) side = RepetitionSide{};
  s.moved = p_->plates;
  if (!p_->plates) {
    s.from = span.start;
    s.to = span.end;
    return enter(Step::turning_point, 0);
  }
  // Integrate a little beyond both ends, but never into the neighbour; at a turn the velocity is zero by definition.
  const auto margin = [](double most_s, std::int64_t gap) {
    return static_cast<std::int64_t>(std::min(most_s / dt, 0.5 * static_cast<double>(gap)));
  };
  constexpr std::int64_t far = SquatHistory::size;
  std::int64_t before = margin(p_->margin_before_s, span.previous_end < 0 ? far : span.start - span.previous_end);
  std::int64_t after = margin(p_->margin_after_s, span.next_start < 0 ? far : span.next_start - span.end);
  if (span.start_kind == RepetitionEdge::turn) before = 0;
  if (span.end_kind == RepetitionEdge::turn) after = 0;
  const std::int64_t from = std::max(h.oldest(), span.start - before), to = std::min(h.last, span.end + after);
  const auto known = [&](std::int64_t k) { return !std::isnan(h.at(Channel::fz, k) + h.at(Channel::fz + 1, k)); };
  s.from = span.start;
  while (s.from > from && known(s.from - 1)) --s.from;
  s.to = span.end;
  while (s.to < to && known(s.to + 1)) ++s.to;
  s.integral = s.accel = 0;
  enter(Step::velocity, s.from);
}

bool SquatMetrics::advance(const SquatHistory& h, std::int64_t budget) noexcept {
  while (!idle() && budget > 0) {
    if (!run(h, budget)) return false;
  }
  return idle();
}

/// One step, as far as the budget reaches; enters the next one when done. @return false when the budget ended first.
bool SquatMetrics::run(const SquatHistory& h, std::int64_t& budget) noexcept {
  switch (s_->step) {
    case Step::idle:
      return true;
    case Step::velocity:
      return velocity(h, budget);
    case Step::height:
      return height(budget);
    case Step::height_corrected:
      return height_corrected(budget);
    case Step::turning_point:
      budget -= s_->to - s_->from;
      turning_point();
      s_->side = 0;
      begin_side(h);
      return true;
    case Step::extremes:
      return extremes(h, budget);
    case Step::levels:
      return levels(h, budget);
    case Step::plateau:
      return plateau(h, budget);
    case Step::plateau_level:
      return plateau_level(h, budget);
    case Step::plateau_median:
      budget = 0;  // the only work that cannot be divided: a tick of its own
      plateau_median();
      return true;
    case Step::posture:
      return posture(h, budget);
    case Step::eversion_forward:
      return eversion_forward(h, budget);
    case Step::eversion_backward:
      return eversion_backward(budget);
    case Step::eversion_peak:
      return eversion_peak(h, budget);
    case Step::eversion_onset:
      if (!eversion_onset(budget)) return false;
      end_side();
      if (s_->side == 0) {
        s_->side = 1;
        begin_side(h);
      } else {
        first_out();
        s_->descent_sum = s_->ascent_sum = s_->impulse[0] = s_->impulse[1] = 0;
        enter(Step::loads, s_->span.start);
      }
      return true;
    case Step::loads:
      return loads(h, budget);
    case Step::fall_back:
      return fall_back(h, budget);
  }
  return true;
}

bool SquatMetrics::velocity(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  const double bw = s.span.bodyweight_n;
  if (!pass(s.to, budget, [&](std::int64_t k) {
        const double a = (h.at(Channel::fz, k) + h.at(Channel::fz + 1, k) - bw) / (bw / kStandardGravity_m_s2);
        if (k > s.from) s.integral += 0.5 * (a + s.accel);
        s.accel = a;
        s.v[k - s.from] = s.integral * dt;
      })) {
    return false;
  }
  s.v_end = s.v[s.to - s.from];
  if (std::isnan(s.v_end)) {  // the force has a hole: only the state machine knows where the bottom was
    s.moved = false;
    s.bottom_first = s.bottom_last = s.bottom_mid = std::clamp(s.span.bottom, s.span.start, s.span.end);
    enter(Step::turning_point, 0);
  } else {
    s.integral = 0;
    enter(Step::height, s.from);
  }
  return true;
}

bool SquatMetrics::height(std::int64_t& budget) noexcept {
  State& s = *s_;
  const double n = static_cast<double>(std::max<std::int64_t>(s.to - s.from, 1));
  if (s.k == s.from) s.out.v_descent_peak_m_s = s.out.v_ascent_peak_m_s = 0;  // both ends are zero after the correction
  if (!pass(s.to, budget, [&](std::int64_t k) {
        const std::int64_t i = k - s.from;
        s.v[i] -= s.v_end * (static_cast<double>(i) / n);
        if (i > 0) s.integral += 0.5 * (s.v[i] + s.v[i - 1]);
        s.z[i] = s.integral * dt;
        s.out.v_descent_peak_m_s = std::min(s.out.v_descent_peak_m_s, s.v[i]);
        s.out.v_ascent_peak_m_s = std::max(s.out.v_ascent_peak_m_s, s.v[i]);
      })) {
    return false;
  }
  s.z_end = s.z[s.to - s.from];
  s.lowest = 0;
  s.z_max = 0;
  enter(Step::height_corrected, s.from);
  return true;
}

bool SquatMetrics::height_corrected(std::int64_t& budget) noexcept {
  State& s = *s_;
  const double n = static_cast<double>(std::max<std::int64_t>(s.to - s.from, 1));
  if (!pass(s.to, budget, [&](std::int64_t k) {
        const std::int64_t i = k - s.from;
        s.height[i] = s.z[i] -= s.z_end * (static_cast<double>(i) / n);
        if (s.z[i] < s.z[s.lowest]) s.lowest = i;
        s.z_max = std::max(s.z_max, s.z[i]);
      })) {
    return false;
  }
  enter(Step::turning_point, 0);
  return true;
}

/// Less than what a turn takes anyway is none.
double SquatMetrics::pause_s(double raw_s, double own_s) const noexcept {
  return raw_s - own_s >= std::max(p_->pause_min_s, 0.5 * own_s) ? raw_s - own_s : 0;
}

/// Where the state machine saw the ankles stop and stretch again, and how long a minimum-jerk turn of that range is
/// slower than that.
void SquatMetrics::turning_point_of_ankles() noexcept {
  State& s = *s_;
  const SquatSpan& span = s.span;
  s.bottom_first = std::clamp(span.bottom, span.start, span.end);
  s.bottom_last = std::clamp(span.ascent, s.bottom_first, span.end);
  s.bottom_mid = (s.bottom_first + s.bottom_last) / 2;
  const double range = SquatSegmenter::mean_difference(span.df_peak_deg, span.df_standing_deg);
  // rate = 30 range / T u^2 (1 - u)^2; a phase lacks that slow part at both of its ends
  const auto turn_s = [&](std::int64_t phase) {
    const double seen = std::max(static_cast<double>(phase) * dt, 0.1);
    double whole = seen, slow = 0;
    for (int i = 0; i < 6; ++i) {
      const double x = std::sqrt(p_->quiet_rate_deg_s * whole / (30 * std::max(1.0, range)));
      slow = whole * 0.5 * (1 - std::sqrt(std::max(0.25, 1 - 4 * x)));
      whole = seen + 2 * slow;
    }
    return slow;
  };
  s.out.pause_raw_s = static_cast<double>(s.bottom_last - s.bottom_first) * dt;
  s.out.pause_s = pause_s(s.out.pause_raw_s, turn_s(s.bottom_first - span.start) + turn_s(span.end - s.bottom_last));
}

/// The span around the lowest point (a bare minimum jumps about in a pause), and the pause: time at rest minus what a
/// minimum-jerk turn of this size and duration spends there anyway.
void SquatMetrics::turning_point() noexcept {
  State& s = *s_;
  const SquatParams& p = *p_;
  Repetition& o = s.out;
  if (s.moved) {
    const std::int64_t n = s.to - s.from + 1;
    const double lowest = s.z[s.lowest],
                 limit = lowest + std::max(p.bottom_span_m, p.bottom_span_share * (s.z_max - lowest));
    std::int64_t a = s.lowest, b = s.lowest;
    while (a > 0 && s.z[a - 1] <= limit) --a;
    while (b < n - 1 && s.z[b + 1] <= limit) ++b;
    const std::int64_t middle = (2 * s.from + a + b) / 2 - s.from;
    const auto still = [&](std::int64_t i) {
      return std::abs(s.v[i]) < p.pause_v_m_s && s.z[i] < lowest + p.pause_z_m;
    };
    o.pause_s = o.pause_raw_s = 0;
    if (still(middle)) {
      std::int64_t c = middle, d = middle;
      while (c > 0 && still(c - 1)) --c;
      while (d < n - 1 && still(d + 1)) ++d;
      const double drop = std::max(1e-3, s.z_max - lowest);
      const auto turn_s = [&](std::int64_t phase) {
        const double t = std::max(static_cast<double>(phase) * dt, 0.1);
        return t * std::sqrt(p.pause_v_m_s * t / (30 * drop));
      };
      const double own = turn_s(a) + turn_s(n - 1 - b);
      o.pause_raw_s = static_cast<double>(d - c) * dt;
      o.pause_s = pause_s(o.pause_raw_s, own);
    }
    o.drop_m = -lowest;
    s.bottom_first = std::clamp(s.from + a, s.span.start, s.span.end);
    s.bottom_last = std::clamp(s.from + b, s.span.start, s.span.end);
    s.bottom_mid = (s.bottom_first + s.bottom_last) / 2;
  } else if (!p.plates) {
    turning_point_of_ankles();
  }
  o.t_bottom_s = time_s(0.5 * static_cast<double>(s.bottom_first + s.bottom_last));
  o.t_bottom_first_s = time_s(static_cast<double>(s.bottom_first));
}

}  // namespace grfd
