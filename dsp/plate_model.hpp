// One force plate: amplifier volts <-> wrench at the sensor <-> ground reaction in the lab.
#pragma once
#include <string>

#include "dsp/recalibration.hpp"
#include "dsp/wrench.hpp"

namespace grfd {

/// Amplifier outputs, in the order of the calibration's channels; those beyond its last are not looked at.
using PlateVolts = std::array<double, kMaxPlateChannels>;

/// Immutable after construction.
class PlateModel {
 public:
  /// `corners_m` are the corners of the surface that the feet touch (on the pad, if there is one).
  /// @throws std::invalid_argument naming the plate: less than 6 or more than kMaxPlateChannels channels, channels that
  /// do not tell six components apart, bad gain, excitation or sensor distances, corners that fit no plate, a surface
  /// that is not horizontal to 60 deg, an origin that lies below its surface's sensor, or a recalibration that is none.
  explicit PlateModel(const PlateSettings& plate);

  /// Wrench at the sensor origin, plate axes, the plate's own sense.
  ///   strain  C u with u_i = V_i / (gain_i excitation 1e-6) and C = S^-1; more than six channels: (S^T S)^-1 S^T
  ///   matrix  the maker's 6 x n times V
  ///   piezo   K f, f_i = V_i times its scale; the origin is the middle of the four sensors
  Wrench6 sensor(const PlateVolts& volts) const noexcept {
    Wrench6 w{};
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t i = 0; i < 6; ++i) w[i] += load_per_v_[c][i] * volts[c];
    return w;
  }
  /// Outputs under a wrench: sensor(volts(w)) = w. Strain: as the bridges are. Matrix: the smallest that give it.
  /// Piezo: a stiff top on four equal sensors.
  PlateVolts volts(const Wrench6& sensor_wrench) const noexcept {
    PlateVolts v{};
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t i = 0; i < 6; ++i) v[c] += volts_per_load_[c][i] * sensor_wrench[i];
    return v;
  }
  /// Ground reaction on the subject, lab axes, about the lab origin; with the recalibration, if there is one.
  Wrench6 lab(const Wrench6& sensor_wrench) const noexcept {
    return correction_.varies() ? lab_by_place(sensor_wrench) : product(sensor_to_lab_, sensor_wrench);
  }
  /// Inverse of lab().
  Wrench6 sensor_from_lab(const Wrench6& lab_wrench) const noexcept {
    return as_measured(from_lab(lab_wrench, pose_.rotation, pose_.center, origin_, sense_));
  }
  /// What the channels of a plate with this recalibration make of a true wrench at the sensor.
  Wrench6 as_measured(const Wrench6& sensor_wrench) const noexcept {
    if (!correction_.changes()) return sensor_wrench;
    return shift(correction_.undo(shift(sensor_wrench, own_origin_)), from_surface());
  }
  /// A ground reaction in lab axes about the centre of the surface (with pad) as this plate's own: plate axes, its own
  /// sense, about the centre of its own top surface.
  Wrench6 own(const Wrench6& about_surface) const noexcept {
    return shift(from_lab(about_surface, pose_.rotation, {}, {}, sense_), down_from_pad());
  }
  const PlateCorrection& correction() const noexcept { return correction_; }
  Mat6 lab_covariance(const Mat6& sensor_covariance) const noexcept {
    return propagate(sensor_to_lab_, sensor_covariance);
  }
  /// Factory noise as a covariance at the sensor.
  Mat6 factory_covariance() const noexcept;
  Wrench6 factory_noise() const noexcept { return noise_; }

  std::size_t channels() const noexcept { return channels_; }
  /// Column of the 6 x n matrix of sensor(): N (N.m) per V.
  const Wrench6& load_per_v(std::size_t channel) const noexcept { return load_per_v_[channel]; }
  const PlatePose& pose() const noexcept { return pose_; }
  const Vec3& origin() const noexcept { return origin_; }  ///< sensor origin -> surface centre with pad, plate axes (m)
  double surface_z() const noexcept { return pose_.center[2]; }
  bool z_up() const noexcept { return pose_.rotation[2][2] > 0; }
  Sense sense() const noexcept { return sense_; }

 private:
  void set_channels(const PlateCalibration& calibration);
  Vec3 pad() const noexcept { return {0, 0, origin_[2] - own_origin_[2]}; }  ///< own surface -> surface
  Vec3 down_from_pad() const noexcept { return {0, 0, own_origin_[2] - origin_[2]}; }
  Vec3 from_surface() const noexcept { return {-own_origin_[0], -own_origin_[1], -own_origin_[2]}; }
  Wrench6 lab_by_place(const Wrench6& sensor_wrench) const noexcept;
  std::size_t channels_ = 0;
  PlatePose pose_{};
  Vec3 origin_{}, own_origin_{};  // own: without pad
  PlateCorrection correction_;
  Sense sense_;
  Wrench6 noise_{};
  std::array<Wrench6, kMaxPlateChannels> load_per_v_{}, volts_per_load_{};  // by channel
  Mat6 sensor_to_lab_{};
};

/// "wrench-strain-6x6", "wrench-matrix-6x8", "wrench-piezo-8": how this plate's channels become a wrench.
std::string wrench_formula(const PlateCalibration& calibration);
/// What is to be known beside it, for the stream.
std::string wrench_parameters(const PlateCalibration& calibration);

}  // namespace grfd
