// What the pipeline runs for each raw sample of one inertial sensor: orientation, gate, segment axes.
#pragma once
#include <cstdint>
#include <limits>
#include <type_traits>

#include "dsp/orientation.hpp"
#include "dsp/segments.hpp"

namespace grfd {

struct InertialInput {
  Vec3 gyro_rad_s{};       ///< sensor axes; NaN, >= 1000 rad/s or >= 10 km/s^2 in any of the six = sample lost
  Vec3 force_m_s2{};       ///< specific force, +9.81 upwards at rest
  double interval_s = 0;   ///< measured, of the device's clock in lab time; implausible (0, NaN): as before
  std::uint32_t lost = 0;  ///< samples lost between the one before and this one
  bool restarted = false;  ///< first sample of a new epoch of the device
};

/// NaN = unknown. Segment axes and signs as in dorsiflexion.hpp; angles are zero in the captured standing pose.
struct SegmentMotion {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  double theta_rad = kUnknown;                    ///< sagittal inclination; needs a frame and angle_valid
  double frontal_rad = kUnknown;                  ///< likewise
  double theta_rate_rad_s = kUnknown;             ///< exact with angle_valid, the scalar -w_x with a frame alone
  double heading_rate_rad_s = kUnknown;           ///< needs a frame and angle_valid
  double frontal_rate_rad_s = kUnknown;           ///< likewise, exact
  double gyro_z_rad_s = kUnknown;                 ///< without bias, about the long axis of the segment; needs a frame
  Vec3 up{kUnknown, kUnknown, kUnknown};          ///< unit, segment axes; needs a frame and angle_valid
  Vec3 gyro_rad_s{kUnknown, kUnknown, kUnknown};  ///< without bias, segment axes; needs a frame
  bool rest = false;                              ///< the sensor has been still for 1.5 s
  bool angle_valid = false;                       ///< since the first rest after a start, a restart or a gap > 50 ms
};

struct ImuChainParams {
  Vqf6Params vqf;
  MainAxisParams axis;
  double max_hold_s = 0.05;  ///< longest gap over which the last sample is held
};

class ImuChain {
 public:
  using Params = ImuChainParams;
  /// Trivially copyable and without padding; may be overwritten between two samples.
  struct State {
    Vqf6State vqf;
    SegmentCalibration segment;
    MainAxisEstimator::State axis;
    std::uint32_t lost = 0;        ///< NaN samples of which the filter does not know yet
    std::uint32_t estimating = 0;  ///< 1 while the axis is looked for
  };
  static_assert(std::is_trivially_copyable_v<State>);

  /// @param interval_s nominal sample interval > 0, else std::invalid_argument.
  explicit ImuChain(double interval_s, const Params& params = {});

  SegmentMotion step(const InertialInput& input) noexcept;

  /// Standing zero: takes the resting mean of the specific force. False unless the sensor is at rest.
  bool capture_pose() noexcept;
  /// A pose known from elsewhere: specific force, sensor axes. False if zero or not finite.
  bool set_pose(const Vec3& force_m_s2) noexcept { return state_.segment.set_pose(force_m_s2); }
  /// Functional axis to the subject's left, sensor axes. False if zero or not finite.
  bool set_axis(const Vec3& ml_left, AxisSource source = AxisSource::configured) noexcept {
    return state_.segment.set_axis(ml_left, source);
  }
  /// Find the axis from movement: start in quiet standing; the first movement is forward lean or heel rise.
  void start_axis_estimation() noexcept;
  /// The verdict so far. Without a captured pose it cannot be accepted.
  MainAxis axis_estimate() const noexcept;
  /// Ends the estimation; an accepted axis is taken.
  MainAxis finish_axis_estimation() noexcept;

  const SegmentCalibration& segment() const noexcept { return state_.segment; }
  const Vqf6State& filter() const noexcept { return state_.vqf; }
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }
  /// Everything but the parameters from the beginning, calibration included.
  void reset() noexcept;

 private:
  Vqf6 vqf_;
  AngleGate gate_;
  MainAxisEstimator axis_;
  State state_;
};

}  // namespace grfd
