#include "dsp/stance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace grfd {
namespace {

void check(std::span<const double> ml, std::span<const double> ap, double rate_hz) {
  if (ml.size() != ap.size())
    throw std::invalid_argument("stance: " + std::to_string(ml.size()) + " ML and " + std::to_string(ap.size()) +
                                " AP samples; there must be as many of both");
  if (ml.size() < 3) throw std::invalid_argument("stance: at least 3 samples are needed");
  if (!(rate_hz > 0) || !std::isfinite(rate_hz)) throw std::invalid_argument("stance: rate_hz must be above 0");
  for (std::size_t k = 0; k < ml.size(); ++k)
    if (!std::isfinite(ml[k]) || !std::isfinite(ap[k]))
      throw std::invalid_argument("stance: sample " + std::to_string(k) +
                                  " is unknown; cut the trial where the force is too small");
}

double mean(std::span<const double> v) {
  double sum = 0;
  for (double x : v) sum += x;
  return sum / static_cast<double>(v.size());
}

}  // namespace

double f_quantile_2(double p, double d) noexcept { return d / 2 * std::expm1(-2 / d * std::log1p(-p)); }

Stance stance(std::span<const double> ml, std::span<const double> ap, double rate_hz) {
  check(ml, ap, rate_hz);
  const double n = static_cast<double>(ml.size()), x0 = mean(ml), y0 = mean(ap);
  Stance s;
  s.duration_s = (n - 1) / rate_hz;
  double sxx = 0, syy = 0, sxy = 0, swept = 0;
  for (std::size_t k = 0; k < ml.size(); ++k) {
    const double x = ml[k] - x0, y = ap[k] - y0;
    sxx += x * x;
    syy += y * y;
    sxy += x * y;
    s.mean_distance += std::hypot(x, y) / n;
    if (k == 0) continue;
    const double px = ml[k - 1] - x0, py = ap[k - 1] - y0;
    s.path += std::hypot(x - px, y - py);
    s.path_ml += std::abs(x - px);
    s.path_ap += std::abs(y - py);
    swept += std::abs(y * px - py * x);
  }
  s.rms_ml = std::sqrt(sxx / n);
  s.rms_ap = std::sqrt(syy / n);
  s.rms_distance = std::hypot(s.rms_ml, s.rms_ap);
  const auto range = [](std::span<const double> v) {
    const auto [low, high] = std::minmax_element(v.begin(), v.end());
    return *high - *low;
  };
  s.range_ml = range(ml);
  s.range_ap = range(ap);
  s.mean_velocity = s.path / s.duration_s;
  s.mean_velocity_ml = s.path_ml / s.duration_s;
  s.mean_velocity_ap = s.path_ap / s.duration_s;
  s.mean_velocity_n = s.path * rate_hz / n;

  constexpr double pi = std::numbers::pi;
  const double sd_r = std::sqrt(std::max(0.0, s.rms_distance * s.rms_distance - s.mean_distance * s.mean_distance));
  s.area_circle = pi * (s.mean_distance + 1.645 * sd_r) * (s.mean_distance + 1.645 * sd_r);
  const double vx = sxx / (n - 1), vy = syy / (n - 1), vxy = sxy / (n - 1), f = f_quantile_2(0.95, n - 2);
  const double trace = vx + vy, spread = std::hypot(vy - vx, 2 * vxy);
  // of two eigenvalues the smaller from the product, where the difference would lose all digits
  const double det = std::max(0.0, vx * vy - vxy * vxy);
  s.semi_major = std::sqrt(f * (trace + spread));
  s.semi_minor = trace + spread > 0 ? std::sqrt(f * 4 * det / (trace + spread)) : 0;
  s.major_axis_rad = 0.5 * std::atan2(2 * vxy, vy - vx);
  s.area_confidence = 2 * pi * f * std::sqrt(det);
  s.area_prediction = s.area_confidence * (n - 1) * (n + 1) / (n * (n - 2));
  s.sway_area_rate = swept / (2 * s.duration_s);
  s.mean_frequency_hz = s.mean_distance > 0 ? s.path / (2 * pi * s.mean_distance * s.duration_s) : 0;
  return s;
}

}  // namespace grfd
