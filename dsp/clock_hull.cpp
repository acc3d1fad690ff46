#include "dsp/clock_hull.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace grfd {

ClockHull::ClockHull(double interval_s) : interval_s_(interval_s) {
  if (!(interval_s > 0) || !std::isfinite(interval_s))
    throw std::invalid_argument("the interval of a clock must be above 0");
}

bool ClockHull::add(std::int64_t n, double arrival_s) {
  if (!std::isfinite(arrival_s) || (count_ > 0 && n <= last_)) return false;
  if (count_ == 0) {
    first_ = n;
    first_arrival_s_ = arrival_s;
  }
  last_ = n;
  const double x = static_cast<double>(n - first_) * interval_s_;
  hull_.push_back({});  // room for the point; what it hides goes
  hull_.resize(add_to_hull(hull_.data(), hull_.size() - 1, {x, (arrival_s - first_arrival_s_) - x}));
  sum_x_ += x;
  ++count_;
  return true;
}

ClockHull::Line ClockHull::line() const noexcept {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (count_ < 2) return {nan, nan, nan};
  const HullLine l = hull_line(hull_.data(), hull_.size(), sum_x_ / static_cast<double>(count_));
  return {first_arrival_s_ + l.level, interval_s_ * (1 + l.slope), 1e6 * (1 / (1 + l.slope) - 1)};
}

}  // namespace grfd
