#include "dsp/motion_track.hpp"

#include <algorithm>

#include "dsp/unknown.hpp"

namespace grfd {
namespace {
Vec3 between(const Vec3& a, const Vec3& b, double u) { return rot::add(rot::scale(a, 1 - u), rot::scale(b, u)); }
}  // namespace

void MotionCollector::add(double t_s, const Vec3& gyro, const Vec3& force) {
  if (rot::finite(gyro) && rot::finite(force)) samples_.push_back({t_s, gyro, force});
}

MotionTrack MotionCollector::track(double from_s, double seconds, double interval_s) const {
  const auto n = static_cast<std::size_t>(seconds / MotionTrack::kIntervalS);
  const double longest = std::max(0.02, 2.5 * interval_s) + 1e-9;
  MotionTrack out{std::vector<Vec3>(n, {kNaN, kNaN, kNaN}), std::vector<Vec3>(n, {kNaN, kNaN, kNaN})};
  auto after = samples_.begin();
  for (std::size_t k = 0; k < n; ++k) {
    const double t = from_s + static_cast<double>(k) * MotionTrack::kIntervalS;
    after = std::find_if(after, samples_.end(), [t](const One& s) { return s.t_s >= t; });
    if (after == samples_.end()) break;
    if (after == samples_.begin()) continue;
    const One &a = after[-1], &b = *after;
    if (b.t_s - a.t_s > longest) continue;
    const double u = (t - a.t_s) / (b.t_s - a.t_s);
    out.gyro_rad_s[k] = between(a.gyro, b.gyro, u);
    out.force_m_s2[k] = between(a.force, b.force, u);
  }
  return out;
}

}  // namespace grfd
