// One force plate: amplifier volts <-> wrench at the sensor <-> ground reaction in the lab.
#pragma once
#include "dsp/wrench.hpp"

namespace grfd {

using Volts6 = std::array<double, 6>;  ///< amplifier outputs, in the order of the calibration's rows

/// Immutable after construction.
class PlateModel {
 public:
  /// `corners_m` are the corners of the surface that the feet touch (on the pad, if there is one).
  /// @throws std::invalid_argument naming the plate: singular sensitivity, bad gain or excitation, corners that fit no
  /// plate, a surface that is not horizontal to 60 deg, or an origin that lies below its surface's sensor.
  explicit PlateModel(const PlateSettings& plate);

  /// Full 6x6 matrix with crosstalk, gain and excitation; sensor origin, plate axes, the plate's own sense.
  Wrench6 sensor(const Volts6& volts) const noexcept { return product(volts_to_sensor_, volts); }
  /// Inverse of sensor().
  Volts6 volts(const Wrench6& sensor_wrench) const noexcept { return product(sensor_to_volts_, sensor_wrench); }
  /// Ground reaction on the subject, lab axes, about the lab origin.
  Wrench6 lab(const Wrench6& sensor_wrench) const noexcept { return product(sensor_to_lab_, sensor_wrench); }
  /// Inverse of lab().
  Wrench6 sensor_from_lab(const Wrench6& lab_wrench) const noexcept {
    return from_lab(lab_wrench, pose_.rotation, pose_.center, origin_, sense_);
  }
  Mat6 lab_covariance(const Mat6& sensor_covariance) const noexcept { return propagate(sensor_to_lab_, sensor_covariance); }
  /// Factory noise as a covariance at the sensor.
  Mat6 factory_covariance() const noexcept;
  Wrench6 factory_noise() const noexcept { return noise_; }

  const PlatePose& pose() const noexcept { return pose_; }
  const Vec3& origin() const noexcept { return origin_; }  ///< sensor origin -> surface centre with pad, plate axes (m)
  double surface_z() const noexcept { return pose_.center[2]; }
  bool z_up() const noexcept { return pose_.rotation[2][2] > 0; }
  Sense sense() const noexcept { return sense_; }

 private:
  PlatePose pose_{};
  Vec3 origin_{};
  Sense sense_;
  Wrench6 noise_{};
  Mat6 volts_to_sensor_{}, sensor_to_volts_{}, sensor_to_lab_{};
};

}  // namespace grfd
