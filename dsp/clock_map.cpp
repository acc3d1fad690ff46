#include "dsp/clock_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "dsp/clock_hull.hpp"

namespace grfd {

ClockMap::ClockMap(const ClockParams& params) : params_(params) {
  ClockParams& p = params_;
  for (double v : {p.interval_s, p.block_s, p.window_s, p.window_max_s, p.frame_s, p.slew_s, p.step_s, p.max_drift_ppm})
    if (!(v > 0) || !std::isfinite(v)) throw std::invalid_argument("the parameters of a clock must be above 0");
  if (p.step_blocks < 1) throw std::invalid_argument("a clock needs at least one late block before it steps");
  if (p.window_max_s / p.block_s + 2 > double(kMaxPoints))
    throw std::invalid_argument("the longest window of a clock may hold 1022 blocks");
  slew_gain_ = 1 - std::exp(-p.block_s / p.slew_s);
  max_drift_ = 1e-6 * p.max_drift_ppm;
  state_.window_s = p.window_s;
  state_.frame_s = p.frame_s;
  state_.residual_s = std::numeric_limits<double>::quiet_NaN();
}

void ClockMap::open_at(std::int64_t n, double arrival_s) noexcept {
  State& s = state_;
  s.open = true;
  s.count = 0;
  s.ref_n = s.block_n = s.open_n = s.last_n = s.best_n = n;
  s.ref_t = s.best_arrival_s = arrival_s;
  s.drift = s.best_distance_s = 0;
  s.has_best = true;
  s.late_blocks = 0;
  s.settling = true;
  s.full = s.held = s.after_drop = false;
  s.residual_s = std::numeric_limits<double>::quiet_NaN();
}

void ClockMap::restart() noexcept {
  if (!state_.open) return;
  ++state_.resets;
  state_.open = state_.published = false;
  state_.settling = true;
  state_.full = state_.held = false;
}

void ClockMap::push(std::int64_t n, double arrival_s) noexcept {
  if (!std::isfinite(arrival_s)) return;
  State& s = state_;
  if (s.open && n <= s.last_n) restart();
  if (!s.open) return open_at(n, arrival_s);
  s.last_n = n;
  const double distance = arrival_s - predict(n);
  if (!s.has_best || distance < s.best_distance_s) {
    s.has_best = true;
    s.best_n = n;
    s.best_arrival_s = arrival_s;
    s.best_distance_s = distance;
  }
  if (s.count == 0 && distance < 0) {  // before the first fit the earliest packet is the line
    s.ref_n = n;
    s.ref_t = arrival_s;
  }
  if (span_s(s.block_n, n) >= params_.block_s) close_block(n);
}

void ClockMap::close_block(std::int64_t n) noexcept {
  State& s = state_;
  s.has_best = false;
  s.block_n = n;
  if (span_s(s.open_n, n) < params_.skip_s) return;
  if (s.count > 3 && s.best_distance_s > params_.step_s) {
    if (++s.late_blocks >= params_.step_blocks) {
      const double new_line_s = s.best_arrival_s + span_s(s.best_n, n);
      s.jump_s = new_line_s - predict(n);
      s.in_time_until_s = predict(s.points[s.count - 1].n);
      ++s.resets;
      ++s.steps;
      open_at(n, new_line_s);  // what was published stays: times go on rising
    }
    return;
  }
  s.late_blocks = 0;
  if (s.count > 20 && !s.settling && s.best_distance_s < -drop_s()) {  // the delay fell: the older ones lie above
    s.count = 0;
    s.settling = s.after_drop = true;
    s.full = false;
    s.ref_n = s.best_n;
    s.ref_t = s.best_arrival_s;
  }
  std::size_t old = 0;
  while (old < s.count && span_s(s.points[old].n, s.best_n) > params_.window_max_s) ++old;
  if (s.count - old == kMaxPoints) ++old;
  std::copy(s.points.begin() + static_cast<std::ptrdiff_t>(old),
            s.points.begin() + static_cast<std::ptrdiff_t>(s.count), s.points.begin());
  s.count -= old;
  s.points[s.count++] = {s.best_n, s.best_arrival_s};
  if (s.count >= 3) fit(n);
}

void ClockMap::fit(std::int64_t n) noexcept {
  State& s = state_;
  const ClockParams& p = params_;
  s.window_s = std::min(p.window_max_s, std::max(p.window_s, 1.2 * s.frame_s / std::max(std::abs(s.drift), 1e-9)));
  const std::int64_t newest = s.points[s.count - 1].n;
  std::size_t first = 0;
  while (span_s(s.points[first].n, newest) > s.window_s) ++first;
  const Point origin = s.points[first];
  const std::size_t size = s.count - first;
  std::array<HullPoint, kMaxPoints> xy;
  for (std::size_t i = 0; i < size; ++i) {
    const Point& q = s.points[first + i];
    xy[i].x = span_s(origin.n, q.n);
    xy[i].y = (q.arrival_s - origin.arrival_s) - xy[i].x;
  }
  const double span = span_s(origin.n, newest);
  const bool fresh = span < p.settle_s;
  HullLine line{0, s.drift};
  if (fresh && s.after_drop && s.drift != 0) {  // after a drop the known drift is better than a short hull
    line.level = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < size; ++i) line.level = std::min(line.level, xy[i].y - s.drift * xy[i].x);
  } else if (size >= 2) {
    std::array<HullPoint, kMaxPoints> hull;
    std::size_t corners = 0;
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      corners = add_to_hull(hull.data(), corners, xy[i]);
      sum += xy[i].x;
    }
    line = hull_line(hull.data(), corners, sum / static_cast<double>(size));
  }
  double squares = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double d = xy[i].y - line.level - line.slope * xy[i].x;
    squares += d * d;
  }
  s.residual_s = std::sqrt(squares / static_cast<double>(size));

  const double drift = std::clamp(line.slope, -max_drift_, max_drift_);
  const double target = origin.arrival_s + line.level + span_s(origin.n, n) * (1 + drift);
  const double now = predict(n), gain = fresh ? 1 : slew_gain_;
  s.ref_n = n;
  s.ref_t = now + gain * (target - now);
  s.drift += gain * (drift - s.drift);
  s.settling = fresh;
  s.held = drift != line.slope && (!fresh || std::abs(line.slope - drift) * span > 0.5 * p.step_s);
  s.full = span >= 0.95 * s.window_s;
}

double ClockMap::stamp(std::int64_t n) noexcept {
  State& s = state_;
  double t = predict(n);
  if (s.published && n > s.published_n) t = std::max(t, s.published_s + 0.1 * span_s(s.published_n, n));
  s.published = true;
  s.published_n = n;
  s.published_s = t;
  return t;
}

}  // namespace grfd
