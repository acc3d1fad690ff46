// Samples of one inertial sensor, collected for a while and read on a 100 Hz grid. Not for the per-sample path.
#pragma once
#include <vector>

#include "dsp/quaternion.hpp"

namespace grfd {

/// One value per 10 ms, NaN where it is unknown. Tracks of one movement start at the same instant.
struct MotionTrack {
  static constexpr double kIntervalS = 0.01;
  std::vector<Vec3> gyro_rad_s, force_m_s2;  ///< sensor axes, equally many
  std::size_t size() const { return gyro_rad_s.size(); }
};

class MotionCollector {
 public:
  void clear() { samples_.clear(); }
  /// Times do not go back. A sample that is not finite is as good as lost.
  void add(double t_s, const Vec3& gyro_rad_s, const Vec3& force_m_s2);
  /// Linear between samples that are at most max(20 ms, 2.5 `interval_s`) apart.
  MotionTrack track(double from_s, double seconds, double interval_s) const;

 private:
  struct One {
    double t_s;
    Vec3 gyro, force;
  };
  std::vector<One> samples_;
};

}  // namespace grfd
