// Small sums for the metrics of a repetition.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace grfd {

/// Extremes in which the unknown stays unknown.
inline void raise(double& best, double x) noexcept {
  if (!(x <= best) && !std::isnan(best)) best = x;
}
inline void lower(double& best, double x) noexcept {
  if (!(x >= best) && !std::isnan(best)) best = x;
}

/// Least-squares line through equally spaced points, one point at a time. x = ticks since the first point.
struct LineSums {
  std::int64_t first = 0;
  double n = 0, sum_y = 0, sum_xy = 0;

  void start(std::int64_t tick) noexcept { *this = {tick}; }
  void add(double y) noexcept {
    sum_y += y;
    sum_xy += n * y;
    n += 1;
  }
  double slope() const noexcept {
    return (sum_xy - 0.5 * (n - 1) * sum_y) / (n * (n * n - 1) / 12);
  }  ///< per tick; 1 point: NaN
  /// Tick (with fraction) where the line has the value y.
  double crossing(double y) const noexcept {
    const double b = slope();
    return static_cast<double>(first) + 0.5 * (n - 1) + (y - sum_y / n) / b;
  }
};

/// Least-squares slope of y over x.
struct PairSums {
  double n = 0, x0 = 0, y0 = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  void add(double x, double y) noexcept {
    if (n == 0) x0 = x, y0 = y;
    x -= x0, y -= y0;
    n += 1;
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y;
  }
  double slope() const noexcept { return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x); }
};

/// Median: the mean of the two middle values where their number is even; NaN if any value is. Reorders x.
inline double median(double* x, std::int64_t n) noexcept {
  if (n <= 0 || std::any_of(x, x + n, [](double y) { return std::isnan(y); }))
    return std::numeric_limits<double>::quiet_NaN();
  double* const middle = x + n / 2;
  std::nth_element(x, middle, x + n);
  return n % 2 != 0 ? *middle : 0.5 * (*std::max_element(x, middle) + *middle);
}

}  // namespace grfd
