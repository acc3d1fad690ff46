#include "dsp/metric.hpp"

namespace grfd {

std::span<const MetricMaker> metric_registry() {
  static constexpr MetricMaker kMetrics[] = {make_plate_metric,     make_force_rate_metric, make_cop_metric,
                                             make_asymmetry_metric, make_ankle_metric,      make_joint_angle_metric,
                                             make_pelvis_metric,    make_thigh_metric,      make_squat_metric};
  return kMetrics;
}

}  // namespace grfd
