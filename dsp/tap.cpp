#include "dsp/tap.hpp"

#include <algorithm>
#include <cmath>

namespace grfd {

bool TapTrack::copy(std::uint64_t from, std::span<float> to) const noexcept {
  if (from + to.size() > state_.count || from + kLength < state_.count) return false;
  bool known = true;
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = state_.values[(from + i) % kLength];
    known &= std::isfinite(to[i]);
  }
  return known;
}

bool TapDetector::push(double fz_n) noexcept {
  State& s = state_;
  if (s.since_tap < TapParams::kApart) ++s.since_tap;
  std::copy(s.last.begin() + 1, s.last.end(), s.last.begin());
  s.last.back() = fz_n;
  s.known = std::isfinite(fz_n) ? std::min<std::uint32_t>(s.known + 1, 8) : 0;
  if (s.known < 8 || s.since_tap < TapParams::kApart) return false;
  double step = 0;
  for (std::size_t i = 0; i < 4; ++i) step += s.last[4 + i] - s.last[i];
  if (std::abs(step) / 4 / 0.004 <= slope_n_s_) return false;
  s.since_tap = 0;
  return true;
}

TapMatch match_tap(std::span<const float> plate, std::span<const float> sensor) noexcept {
  constexpr std::size_t n = 2 * TapParams::kWindow + 1, lags = 2 * TapParams::kLongestLag + 1;
  if (plate.size() != n || sensor.size() != n + lags - 1) return {};
  std::array<float, n> p;
  double mean = 0, p_square = 0;
  for (const float v : plate) mean += static_cast<double>(v) / n;
  for (std::size_t i = 0; i < n; ++i) {
    p[i] = static_cast<float>(static_cast<double>(plate[i]) - mean);
    p_square += static_cast<double>(p[i]) * static_cast<double>(p[i]);
  }
  std::array<double, lags> r;
  std::size_t best = 0;
  for (std::size_t lag = 0; lag < lags; ++lag) {
    const float* a = sensor.data() + lag;
    // Four sums side by side; the plate's mean is off, so that of the sensor drops out of the product.
    std::array<double, 4> product{}, sum{}, square{};
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4)
      for (std::size_t k = 0; k < 4; ++k) {
        const double v = static_cast<double>(a[i + k] - a[0]);
        product[k] += static_cast<double>(p[i + k]) * v;
        sum[k] += v;
        square[k] += v * v;
      }
    for (; i < n; ++i) {
      const double v = static_cast<double>(a[i] - a[0]);
      product[0] += static_cast<double>(p[i]) * v;
      sum[0] += v;
      square[0] += v * v;
    }
    const auto total = [](const std::array<double, 4>& x) { return (x[0] + x[1]) + (x[2] + x[3]); };
    const double energy = p_square * (total(square) - total(sum) * total(sum) / n);
    r[lag] = energy > 0 ? total(product) / std::sqrt(energy) : 0;
    if (r[lag] > r[best]) best = lag;
  }
  TapMatch m;
  m.r = r[best];
  m.inside = best > 0 && best + 1 < lags;
  double part = 0;
  if (m.inside) {
    const double curve = r[best - 1] - 2 * r[best] + r[best + 1];
    if (curve < 0) part = 0.5 * (r[best - 1] - r[best + 1]) / curve;
  }
  m.delay_s = (static_cast<double>(best) + part - static_cast<double>(TapParams::kLongestLag)) * 1e-3;
  return m;
}

void TapSeries::add(const TapMatch& match, const TapParams& params) noexcept {
  State& s = state_;
  ++s.tried;
  s.best_r = std::max(s.best_r, match.r);
  if (!(match.r > params.r_min) || !match.inside || s.accepted == kMost) return;
  s.delay_s[s.accepted] = match.delay_s;
  s.r[s.accepted] = match.r;
  ++s.accepted;
}

TapVerdict TapSeries::verdict(const TapParams& params) const noexcept {
  using Reason = TapVerdict::Reason;
  const State& s = state_;
  TapVerdict v;
  v.taps = s.accepted;
  v.r = s.best_r;
  if (s.accepted > 0) {
    const auto median = [n = s.accepted](std::array<double, kMost> x) {
      std::sort(x.begin(), x.begin() + n);
      return 0.5 * (x[(n - 1) / 2] + x[n / 2]);
    };
    const auto [low, high] = std::minmax_element(s.delay_s.begin(), s.delay_s.begin() + s.accepted);
    v.spread_s = *high - *low;
    v.delay_s = median(s.delay_s);
    v.r = median(s.r);
  }
  if (s.tried + s.gaps == 0)
    v.reason = Reason::no_taps;
  else if (s.accepted < params.taps_min)
    v.reason = s.gaps > 0 ? Reason::gap : s.accepted == 0 ? Reason::no_match : Reason::too_few;
  else if (v.spread_s > params.spread_max_s)
    v.reason = Reason::spread;
  return v;
}

}  // namespace grfd
