#include "dsp/plate_model.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

namespace grfd {
namespace {

[[noreturn]] void refuse(const PlateSettings& plate, const std::string& why) {
  throw std::invalid_argument("plate '" + plate.name + "': " + why);
}

}  // namespace

PlateModel::PlateModel(const PlateSettings& plate) : sense_(plate.calibration.sense) {
  const PlateCalibration& cal = plate.calibration;
  try {
    pose_ = pose_from_corners(plate.corners_m);
  } catch (const std::invalid_argument& e) {
    refuse(plate, e.what());
  }
  if (!pose_.acceptable())
    refuse(plate, "corners " + std::to_string(1e3 * pose_.off_plane_m) + " mm off their plane, opposite edges differ by " +
                      std::to_string(1e3 * pose_.edge_misfit_m) + " mm; at most 2 and 3 mm are allowed");
  if (std::abs(pose_.rotation[2][2]) < 0.5) refuse(plate, "its surface is not horizontal");

  const double up = z_up() ? 1 : -1;
  if (up * cal.origin_m[2] < 0)
    refuse(plate, "origin_m z must be " + std::string(z_up() ? "positive: this plate's z axis points up"
                                                             : "negative: this plate's z axis points down"));
  origin_ = cal.origin_m;
  origin_[2] += up * plate.pad_m;

  if (!(cal.excitation_v > 0) || !std::isfinite(cal.excitation_v)) refuse(plate, "excitation_v must be above 0");
  Mat6 c;
  try {
    c = inverse(cal.sensitivity);
  } catch (const std::invalid_argument& e) {
    refuse(plate, std::string("sensitivity: ") + e.what());
  }
  for (std::size_t i = 0; i < 6; ++i) {
    if (!(std::abs(cal.gain[i]) > 0) || !std::isfinite(cal.gain[i])) refuse(plate, "gain must not be 0");
    const double volts_per_uv_v = cal.gain[i] * cal.excitation_v * 1e-6;
    for (std::size_t j = 0; j < 6; ++j) {
      sensor_to_volts_[i][j] = cal.sensitivity[i][j] * volts_per_uv_v;
      volts_to_sensor_[j][i] = c[j][i] / volts_per_uv_v;
    }
    noise_[i] = i < 3 ? cal.noise_force_n : cal.noise_moment_nm;
  }
  for (std::size_t j = 0; j < 6; ++j) {
    Wrench6 unit{};
    unit[j] = 1;
    const Wrench6 column = to_lab(shift(unit, origin_), pose_.rotation, pose_.center, sense_);
    for (std::size_t i = 0; i < 6; ++i) sensor_to_lab_[i][j] = column[i];
  }
}

Mat6 PlateModel::factory_covariance() const noexcept {
  Mat6 c{};
  for (std::size_t i = 0; i < 6; ++i) c[i][i] = noise_[i] * noise_[i];
  return c;
}

}  // namespace grfd
