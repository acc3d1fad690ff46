// One IMU: raw counts of the device -> motion of its segment, ready to be read on the grid.
#pragma once
#include "dsp/aligner.hpp"
#include "dsp/frame.hpp"
#include "dsp/imu_chain.hpp"
#include "dsp/inertial_columns.hpp"
#include "dsp/row_writer.hpp"
#include "dsp/stage.hpp"
#include "schemas/settings.hpp"

namespace grfd {

class InertialSensor {
 public:
  /// @param stream says where accel_x..z (g or m/s^2) and gyro_x..z (deg/s or rad/s) are, in any order. All devices
  /// give
  ///   specific force: an axis that points up reads + at rest. Where a device's z points down, as MicroStrain's does, a
  ///   level unit reads -1 g there: that is its axis, not another sign, and axes do not matter here (the standing pose
  ///   tells which way is up, ml_axis_left which way is left).
  /// @throws std::invalid_argument when the interval is not above 0, or a column or unit is missing
  InertialSensor(const ImuSettings& settings, const StreamInfo& stream, double nominal_interval_s);

  /// One sample of that stream. `lost`: samples missing before it.
  void take(const Sample& s, double interval_s, std::uint64_t lost, bool restarted) noexcept;
  bool covers(TimeNs t, double interval_s) const noexcept {
    return angles_.covers(t, interval_s) && rates_.covers(t, interval_s);
  }
  bool passed(TimeNs t) const noexcept { return angles_.passed(t) && rates_.passed(t); }        ///< as Resampler says
  bool short_of(TimeNs t) const noexcept { return angles_.short_of(t) || rates_.short_of(t); }  ///< likewise
  void at(TimeNs t, double interval_s, ImuFrame& frame) const noexcept;

  /// Norm of the specific force (m/s2) at grid time `t`; NaN where unknown.
  double force_at(TimeNs t, double interval_s) const noexcept {
    std::array<double, 1> norm;
    force_.at(t, interval_s, norm);
    return norm[0];
  }
  const std::string& name() const noexcept { return name_; }
  /// Inclination rate of the segment at the last sample; NaN = unknown.
  double newest_rate_rad_s() const noexcept { return newest_rate_rad_s_; }

  const SegmentCalibration& segment() const noexcept { return chain_.segment(); }
  bool at_rest() const noexcept { return chain_.filter().rest; }
  /// The standing pose; also begins the search for the axis, where the settings ask for it.
  void capture_pose() noexcept;
  /// What a functional calibration found: the axis to the left, sensor axes; it takes the place of the configured one.
  /// False if zero or not finite.
  bool set_axis(const Vec3& ml_left) noexcept { return chain_.set_axis(ml_left, AxisSource::calibrated); }
  /// The standing pose of that calibration: specific force, sensor axes.
  bool set_pose(const Vec3& force_m_s2) noexcept { return chain_.set_pose(force_m_s2); }
  /// Takes an estimated axis as soon as it is acceptable, and says so.
  void estimate_axis(const RowTime& now, const TextWriter& events, std::uint64_t& seq, SampleBatch& out) noexcept;
  void states(StatePieces& pieces);

 private:
  std::string name_;
  InertialColumns columns_;
  bool estimate_;
  double newest_rate_rad_s_ = SegmentMotion::kUnknown;
  /// The grid in between mixes samples of two zeros.
  struct Zero {
    Mat3 frame{};  ///< of the last known sample
    TimeNs t = 0;  ///< of that; 0: none so far
    TimeNs from = 0, until = 0;
  } zero_;
  void watch_zero(TimeNs t, double interval_s) noexcept;
  ImuChain chain_;
  Resampler<4> angles_;  // and the turn about the vertical and to the side, which need them
  Resampler<2> rates_;   // apart: rates are known while an angle is not
  Resampler<1> force_;
};

}  // namespace grfd
