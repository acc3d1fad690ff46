// The drive out of the bottom: how fast the force grows.
#include <cmath>
#include <iterator>

#include "dsp/squat_loads.hpp"

namespace grfd {
namespace {

using squat::dt;
constexpr std::int64_t development_ticks[] = {50, 100, 150, 200, 250};
using Channel = SquatHistory::Channel;

}  // namespace

/// From the middle of the bottom to the largest upward velocity.
void SquatLoads::drive(const SquatHistory& h, const SquatMetrics::State& m, std::int64_t k) noexcept {
  State& s = *s_;
  if (s.drive_at < 0 && h.both(Channel::fz_unfiltered, k) > s.drive_limit) s.drive_at = k;
  const double l = h.at(Channel::force_rate, k + p_->force_rate_lag),
               r = h.at(Channel::force_rate + 1, k + p_->force_rate_lag);
  raise(s.rate_top[0], l);
  raise(s.rate_top[1], r);
  raise(s.rate_top[2], l + r);
  const std::int64_t before = k - squat::ticks(p_->development_s);
  if (before < m.bottom_mid) return;
  double gain[2];
  for (int i = 0; i < 2; ++i) gain[i] = h.at(Channel::fz_unfiltered + i, k) - h.at(Channel::fz_unfiltered + i, before);
  raise(s.gain_top[0], gain[0]);
  raise(s.gain_top[1], gain[1]);
  raise(s.gain_top[2], gain[0] + gain[1]);
}

void SquatLoads::end_drive(const SquatHistory& h, const SquatMetrics::State& m) noexcept {
  State& s = *s_;
  const auto known = [](double x) { return std::isfinite(x) ? x : unknown; };
  for (std::size_t i = 0; i < 2; ++i) s.out.foot[i].force_rate_peak_n_s = known(s.rate_top[i]);
  s.out.both.force_rate_peak_n_s = known(s.rate_top[2]);
  for (std::size_t i = 0; i < 2; ++i) s.out.foot[i].development_peak_n_s = known(s.gain_top[i] / p_->development_s);
  s.out.both.development_peak_n_s = known(s.gain_top[2] / p_->development_s);
  if (s.drive_at < 0) return;
  s.out.both.drive_onset_s = m.t_start_s + static_cast<double>(s.drive_at - m.span.start) * dt;
  for (std::size_t j = 0; j < std::size(development_ticks); ++j) {
    const std::int64_t n = development_ticks[j], to = s.drive_at + n;
    if (to > h.last) continue;
    double sum = 0;
    for (int i = 0; i < 2; ++i) {
      const double gained = h.at(Channel::fz_unfiltered + i, to) - h.at(Channel::fz_unfiltered + i, s.drive_at);
      s.out.foot[static_cast<std::size_t>(i)].development_n_s[j] = gained / (static_cast<double>(n) * dt);
      sum += gained;
    }
    s.out.both.development_n_s[j] = sum / (static_cast<double>(n) * dt);
  }
}

}  // namespace grfd
