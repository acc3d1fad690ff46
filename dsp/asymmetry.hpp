// Asymmetry indices. d = dominant (or right), n = the other side; positive when d is larger. Percent unless said. NaN,
// never infinite, when a denominator is not above its floor (unit of the inputs) or an input is unknown.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "schemas/settings.hpp"

namespace grfd::asymmetry {

/// Below these a ratio means nothing. [assumption: noise of the measured quantity]
struct Floors {
  double force_n = 20, impulse_n_s = 5, rate_deg_s = 3, angle_deg = 3;
};
inline constexpr double kNoFloor = 1e-9;

inline double ratio_percent(double a, double b, double floor) noexcept {
  return std::abs(b) > floor ? 100 * a / b : std::numeric_limits<double>::quiet_NaN();
}
/// Bilateral asymmetry index, the default for a task both limbs share. -100..100 for d, n >= 0.
inline double bai1(double d, double n, double floor = kNoFloor) noexcept { return ratio_percent(d - n, d + n, floor); }
/// Robinson's symmetry index, twice bai1.
inline double bai2(double d, double n, double floor = kNoFloor) noexcept { return 2 * bai1(d, n, floor); }
/// Part of the total that d carries: 50 + bai1 / 2.
inline double share(double d, double n, double floor = kNoFloor) noexcept { return ratio_percent(d, d + n, floor); }
/// Limb symmetry index n / d; not antisymmetric.
inline double lsi(double d, double n, double floor = kNoFloor) noexcept { return ratio_percent(n, d, floor); }
/// The default for tests of one limb at a time.
inline double percent_of_max(double d, double n, double floor = kNoFloor) noexcept {
  return ratio_percent(d - n, std::max(std::abs(d), std::abs(n)), floor);
}
/// Stronger minus weaker over the stronger; direction lost.
inline double bsa(double d, double n, double floor = kNoFloor) noexcept {
  return ratio_percent(std::abs(d - n), std::max(d, n), floor);
}
/// Stronger minus weaker over the sum; direction lost.
inline double bsi(double d, double n, double floor = kNoFloor) noexcept {
  return ratio_percent(std::abs(d - n), d + n, floor);
}
/// Symmetry angle on the full plane, -100..100; handles signs, undefined only for (0, 0).
inline double symmetry_angle(double d, double n) noexcept {
  if (!(std::abs(d) + std::abs(n) > 0)) return std::numeric_limits<double>::quiet_NaN();
  double a = 45 - std::atan2(n, d) * 180 / std::numbers::pi;
  if (a > 90) a -= 180;
  if (a < -90) a += 180;
  return a / 90 * 100;
}
/// The default for angles, rates, times and CoP, in their own unit.
inline double difference(double d, double n) noexcept { return d - n; }
/// First-order standard error of bai1 for independent errors of d and n.
inline double bai1_sigma(double d, double n, double sigma_d, double sigma_n, double floor = kNoFloor) noexcept {
  const double s = d + n;
  return std::abs(s) > floor ? 200 / (s * s) * std::hypot(n * sigma_d, d * sigma_n)
                             : std::numeric_limits<double>::quiet_NaN();
}

/// The index of that name. A value at or below the floor says nothing about its side: NaN, but for the difference.
inline double index(AsymmetryIndex which, double d, double n, double floor = kNoFloor) noexcept {
  if (which == AsymmetryIndex::difference) return difference(d, n);
  if (!(std::abs(d) > floor && std::abs(n) > floor)) return std::numeric_limits<double>::quiet_NaN();
  switch (which) {
    case AsymmetryIndex::bai1:
      return bai1(d, n);
    case AsymmetryIndex::bai2:
      return bai2(d, n);
    case AsymmetryIndex::share:
      return share(d, n);
    case AsymmetryIndex::lsi:
      return lsi(d, n);
    case AsymmetryIndex::percent_of_max:
      return percent_of_max(d, n);
    case AsymmetryIndex::bsa:
      return bsa(d, n);
    case AsymmetryIndex::bsi:
      return bsi(d, n);
    case AsymmetryIndex::symmetry_angle:
      return symmetry_angle(d, n);
    case AsymmetryIndex::difference:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Its standard error to first order, for independent errors of d and n. In the unit of the index.
inline double index_sigma(AsymmetryIndex which, double d, double n, double sigma_d, double sigma_n,
                          double floor = kNoFloor) noexcept {
  if (std::isnan(index(which, d, n, floor))) return std::numeric_limits<double>::quiet_NaN();
  const auto ratio = [](double a, double b, double sigma_a, double sigma_b) {  // of 100 a / b
    return 100 * std::hypot(sigma_a / b, a * sigma_b / (b * b));
  };
  switch (which) {
    case AsymmetryIndex::bai1:
    case AsymmetryIndex::bsi:
      return bai1_sigma(d, n, sigma_d, sigma_n);
    case AsymmetryIndex::bai2:
      return 2 * bai1_sigma(d, n, sigma_d, sigma_n);
    case AsymmetryIndex::share:
      return 0.5 * bai1_sigma(d, n, sigma_d, sigma_n);
    case AsymmetryIndex::lsi:
      return ratio(n, d, sigma_n, sigma_d);
    case AsymmetryIndex::percent_of_max:
      return std::abs(d) >= std::abs(n) ? ratio(n, d, sigma_n, sigma_d) : ratio(d, n, sigma_d, sigma_n);
    case AsymmetryIndex::bsa:
      return d >= n ? ratio(n, d, sigma_n, sigma_d) : ratio(d, n, sigma_d, sigma_n);
    case AsymmetryIndex::symmetry_angle:
      return 200 / std::numbers::pi * std::hypot(n * sigma_d, d * sigma_n) / (d * d + n * n);
    case AsymmetryIndex::difference:
      break;
  }
  return std::hypot(sigma_d, sigma_n);
}

}  // namespace grfd::asymmetry
