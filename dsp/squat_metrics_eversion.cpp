// Eversion of one foot: slow and small, so it is filtered forward and backward, and its onset is the line through 20-60
// % of the excursion back to the baseline.
#include <algorithm>
#include <cmath>

#include "dsp/squat_metrics.hpp"

namespace grfd {
namespace {
using squat::dt;
using squat::ticks;
constexpr std::int64_t settle = 1000;  // s after which nothing is left of the start of an 8 Hz filter (exp(-35))
constexpr std::int64_t flat = 40;      // half of the time that the foot is taken to be flat at a turn
constexpr std::int64_t most_pad = 9;   // samples of odd reflection at an end, the usual number for one biquad
using Channel = SquatHistory::Channel;
}  // namespace

double SquatMetrics::filter(double x) noexcept {
  State& s = *s_;
  const double y = b0_ * x + s.z0;
  s.z0 = b1_ * x - a1_ * y + s.z1;
  s.z1 = b2_ * x - a2_ * y;
  return y;
}

void SquatMetrics::begin_eversion(const SquatHistory& h) noexcept {
  State& s = *s_;
  s.search_from = std::max(h.oldest(), s.span.start - ticks(p_->eversion_before_s));
  s.base_from = std::max(h.oldest(), s.search_from - ticks(p_->baseline_s));
  // The longest stretch without a hole around what is looked at.
  const auto known = [&](std::int64_t k) { return std::isfinite(h.at(Channel::eversion + s.side, k)); };
  s.filter_from = s.base_from;
  while (s.filter_from > std::max(h.oldest(), s.base_from - settle) && known(s.filter_from - 1)) --s.filter_from;
  s.filter_to = eversion_end();
  while (s.filter_to < std::min(s.last, eversion_end() + settle) && known(s.filter_to + 1)) ++s.filter_to;
  s.finite = true;
  enter(Step::eversion_forward, s.filter_from);
}

bool SquatMetrics::eversion_forward(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  const auto x = [&](std::int64_t k) { return h.at(Channel::eversion + s.side, k); };
  const std::int64_t pad = std::min(most_pad, s.filter_to - s.filter_from);
  if (s.k == s.filter_from) {
    const double first = 2 * x(s.k) - x(s.k + pad);
    s.z0 = first * (1 - b0_);
    s.z1 = first * (b2_ - a2_);
    for (std::int64_t j = pad; j > 0; --j) filter(2 * x(s.k) - x(s.k + j));
  }
  if (!pass(s.filter_to, budget, [&](std::int64_t k) { s.z[k - s.filter_from] = filter(x(k)); })) return false;
  s.finite = std::isfinite(s.z0);  // a hole inside never leaves the filter again
  if (!s.finite) {
    enter(Step::eversion_onset, eversion_end() + 1);
    return true;
  }
  const std::int64_t n = s.filter_to - s.filter_from + 1;
  for (std::int64_t j = 1; j <= pad; ++j) s.z[n + j - 1] = filter(2 * x(s.filter_to) - x(s.filter_to - j));
  const double last = s.z[n + pad - 1];
  s.z0 = last * (1 - b0_);
  s.z1 = last * (b2_ - a2_);
  for (std::int64_t j = pad; j > 0; --j) filter(s.z[n + j - 1]);
  s.filter_end = s.filter_to;
  enter(Step::eversion_backward, s.base_from);
  return true;
}

/// Runs down from filter_to to base_from; `k` counts the visited ticks upward.
bool SquatMetrics::eversion_backward(std::int64_t& budget) noexcept {
  State& s = *s_;
  if (!pass(s.filter_to, budget, [&](std::int64_t) {
        double& y = s.z[s.filter_end-- - s.filter_from];
        y = filter(y);
      })) {
    return false;
  }
  std::int64_t from = s.base_from, to = s.search_from;
  // Without plates a short rest of the ankles is a start like any other, though the foot may still be coming back.
  const bool short_rest = !p_->plates && s.span.previous_end > s.base_from;
  if (s.span.start_kind == RepetitionEdge::turn || short_rest) {
    // Nobody stood still before: the foot was still coming back from the last repetition. It is flattest near the turn.
    const auto at = [&](std::int64_t k) { return &s.z[k - s.filter_from]; };
    const double* flattest = std::min_element(at(s.search_from), at(std::max(s.search_from, s.span.start)) + 1);
    s.search_from = s.filter_from + (flattest - s.z);
    from = std::max(s.base_from, s.search_from - flat);
    to = std::min(eversion_end(), s.search_from + flat);
  }
  double around[1001];
  std::int64_t n = 0;
  for (std::int64_t k = from; k <= to && n < 1001; ++k) around[n++] = s.z[k - s.filter_from];
  s.base = median(around, n);
  s.amplitude = -INFINITY;
  budget -= 1000;  // the search for the level at rest
  enter(Step::eversion_peak, s.search_from);
  return true;
}

bool SquatMetrics::eversion_peak(const SquatHistory& h, std::int64_t& budget) noexcept {
  State& s = *s_;
  if (s.k == s.search_from) s.coupling = {};
  if (!pass(eversion_end(), budget, [&](std::int64_t k) {
        const double e = s.z[k - s.filter_from] - s.base;
        s.amplitude = std::max(s.amplitude, e);
        if (k >= s.span.start) s.coupling.add(h.at(Channel::df + s.side, k), e);
      })) {
    return false;
  }
  side().eversion_amplitude_deg = s.amplitude;
  if (side().valid) side().eversion_slope = s.coupling.slope();
  s.k10 = s.k20 = -1;
  // Less than half a degree has no onset.
  enter(Step::eversion_onset, s.amplitude < p_->eversion_min_deg ? eversion_end() + 1 : s.search_from);
  return true;
}

bool SquatMetrics::eversion_onset(std::int64_t& budget) noexcept {
  State& s = *s_;
  return search(eversion_end(), budget, [&](std::int64_t k) {
    const double e = s.z[k - s.filter_from] - s.base;
    if (s.k10 < 0 && e >= .1 * s.amplitude) {
      s.k10 = k;
      side().eversion_lead_10_s = side().t10_s - time_s(static_cast<double>(k));
    }
    if (s.k20 < 0) {
      if (!(e >= .2 * s.amplitude)) return false;
      s.k20 = k;
      s.line.start(k);
    }
    s.line.add(e);
    if (!(e >= .6 * s.amplitude)) return false;
    side().eversion_onset_s = time_s(s.line.crossing(0));
    return true;
  });
}

}  // namespace grfd
