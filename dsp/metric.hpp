// The metrics of the grid, one file each; dsp/registry.cpp has the order.
#pragma once
#include <memory>
#include <vector>

#include "dsp/frame.hpp"
#include "dsp/row_writer.hpp"
#include "dsp/source_devices.hpp"
#include "dsp/stage.hpp"
#include "schemas/settings.hpp"

namespace grfd {

/// Everything a metric needs at construction. It adds its own streams to the table.
struct MetricSetup {
  const Settings& settings;
  StreamTable& streams;
  StreamId events;
  std::uint64_t& event_seq;  ///< shared numbering of the events stream
  double filter_delay_s;     ///< of every low-passed channel
  double filter_noise_gain;  ///< white noise after / before the filter
  struct PlateGeometryOnGrid {
    Vec3 center_m;
    double surface_z_m;
  };
  std::vector<PlateGeometryOnGrid> plates;  ///< as Settings::plates
  /// Noise covariance of plate i's unfiltered wrench about the lab origin; changes with each tare.
  std::vector<const std::array<std::array<double, 6>, 6>*> covariance;
};

using MetricMaker = std::unique_ptr<Metric> (*)(const MetricSetup&);
/// In the order in which they run.
std::span<const MetricMaker> metric_registry();

std::unique_ptr<Metric> make_plate_metric(const MetricSetup&);
std::unique_ptr<Metric> make_force_rate_metric(const MetricSetup&);
std::unique_ptr<Metric> make_cop_metric(const MetricSetup&);
std::unique_ptr<Metric> make_asymmetry_metric(const MetricSetup&);
std::unique_ptr<Metric> make_ankle_metric(const MetricSetup&);
std::unique_ptr<Metric> make_joint_angle_metric(const MetricSetup&);
std::unique_ptr<Metric> make_pelvis_metric(const MetricSetup&);
std::unique_ptr<Metric> make_thigh_metric(const MetricSetup&);
std::unique_ptr<Metric> make_squat_metric(const MetricSetup&);

inline constexpr const char* kLabFrame = "lab: x right (ML), y anterior (AP), z up";
inline constexpr const char* kSegmentFrame = "segment axes of the standing pose: x right, y anterior, z up";
/// Of rows that hold both.
inline constexpr const char* kMixedFrame =
    "forces, places and heights: lab, x right (ML), y anterior (AP), z up; angles: segment axes of the standing pose, "
    "x "
    "right, y anterior, z up";

/// Index in Settings::plates of the plate on that side, or -1.
inline int plate_on(const Settings& settings, Side side) {
  for (std::size_t i = 0; i < settings.plates.size(); ++i)
    if (settings.plates[i].side == side) return static_cast<int>(i);
  return -1;
}
/// Index in Settings::imus, or -1. The pelvis has no side.
inline int imu_on(const Settings& settings, Segment segment, Side side) {
  for (std::size_t i = 0; i < settings.imus.size(); ++i)
    if (settings.imus[i].segment == segment && (segment == Segment::pelvis || settings.imus[i].side == side))
      return static_cast<int>(i);
  return -1;
}

/// Are there sensors on shank and foot of that side?
inline bool ankle_on(const Settings& settings, Side side) {
  return imu_on(settings, Segment::shank, side) >= 0 && imu_on(settings, Segment::foot, side) >= 0;
}
/// Else nobody is weighed, and repetitions are found by the ankles.
inline bool plates_under_both_feet(const Settings& settings) {
  return plate_on(settings, Side::left) >= 0 && plate_on(settings, Side::right) >= 0;
}

}  // namespace grfd
