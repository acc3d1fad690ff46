// The line below all arrivals of a clock: the lower convex hull's edge over the mean abscissa. Online it is fitted to
// the earliest packets of a window (clock_map.hpp), offline to every packet of a recording.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace grfd {

/// x: nominal time since the first sample; y: lateness against it (s).
struct HullPoint {
  double x, y;
};
/// y = level + slope x. Of all lines below all points the one with the smallest mean distance to them.
struct HullLine {
  double level, slope;
};

/// Adds the next point, x larger than all before, to the lower hull of the first m entries. @pre hull has room for m +
/// 1
/// @return how many points the hull has now
inline std::size_t add_to_hull(HullPoint* hull, std::size_t m, HullPoint p) noexcept {
  while (m > 1 && (hull[m - 1].y - hull[m - 2].y) * (p.x - hull[m - 2].x) >=
                      (p.y - hull[m - 2].y) * (hull[m - 1].x - hull[m - 2].x))
    --m;
  hull[m] = p;
  return m + 1;
}
/// @pre m >= 2. @param mean_x of all points, not of the hull's
inline HullLine hull_line(const HullPoint* hull, std::size_t m, double mean_x) noexcept {
  std::size_t i = 1;
  while (i + 1 < m && hull[i].x < mean_x) ++i;
  const double slope = (hull[i].y - hull[i - 1].y) / (hull[i].x - hull[i - 1].x);
  return {hull[i - 1].y - slope * hull[i - 1].x, slope};
}

/// Offline: the exact line of a whole recording, for a clock whose drift is constant. Holds the hull alone, so hours of
/// samples cost no memory. Times are seconds since any instant.
class ClockHull {
 public:
  /// @param interval_s nominal time of one count. @throws std::invalid_argument unless it is above 0
  explicit ClockHull(double interval_s);

  /// Sample n arrived. @return false, and nothing changes, unless n is larger than before and the arrival is finite
  bool add(std::int64_t n, double arrival_s);

  std::uint64_t count() const noexcept { return count_; }
  std::int64_t first() const noexcept { return first_; }
  /// t(n) = at_first_s + interval_s (n - first()). Needs two samples, else level and interval are NaN.
  struct Line {
    double at_first_s, interval_s, drift_ppm;  ///< drift: nominal over true interval, minus 1; + = a fast clock
  };
  Line line() const noexcept;

 private:
  double interval_s_, first_arrival_s_ = 0, sum_x_ = 0;
  std::int64_t first_ = 0, last_ = 0;
  std::uint64_t count_ = 0;
  std::vector<HullPoint> hull_;
};

}  // namespace grfd
