#include "dsp/decimation.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "dsp/known_stretches.hpp"

namespace grfd {

std::vector<double> decimation_filter(std::size_t divisor) {
  if (divisor < 1 || divisor > Decimation::kMostDivisor)
    throw std::invalid_argument("a decimation keeps one of 1 to 1000 samples");
  if (divisor == 1) return {1.0};
  const std::size_t half = Decimation::kTapsPerPhase / 2 * divisor;
  std::vector<double> h(2 * half + 1);
  for (std::size_t i = 0; i < h.size(); ++i) {
    const double t = double(i) - double(half), u = t / double(half);
    const double x = std::numbers::pi * Decimation::kCutoff * t / double(divisor);
    h[i] = (i == half ? 1 : std::sin(x) / x) * std::cyl_bessel_i(0, Decimation::kBeta * std::sqrt(1 - u * u));
  }
  const double sum = std::accumulate(h.begin(), h.end(), 0.0);
  for (double& v : h) v /= sum;
  return h;
}

double decimation_delay_s(std::size_t divisor, double rate_hz) {
  return divisor == 1 ? 0 : double(Decimation::kTapsPerPhase / 2 * divisor) / rate_hz;
}

std::vector<double> decimate(std::span<const double> x, std::size_t divisor, std::size_t first) {
  const std::vector<double> h = decimation_filter(divisor);
  const std::size_t half = h.size() / 2, rows = first < x.size() ? (x.size() - first - 1) / divisor + 1 : 0;
  std::vector<double> out(rows, std::numeric_limits<double>::quiet_NaN());
  known_stretches(x, [&](std::size_t begin, std::size_t end) {
    const std::size_t earliest = begin + half;
    std::size_t row = earliest > first ? (earliest - first + divisor - 1) / divisor : 0;
    for (std::size_t at = first + row * divisor; at + half < end; ++row, at += divisor)
      out[row] = std::inner_product(h.begin(), h.end(), x.begin() + std::ptrdiff_t(at - half), 0.0);
  });
  return out;
}

}  // namespace grfd
