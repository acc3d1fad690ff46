#include "dsp/plate_model.hpp"

#include <cmath>
#include <stdexcept>

#include "dsp/c3d_plate.hpp"
#include "dsp/parameter_text.hpp"

namespace grfd {
namespace {

[[noreturn]] void refuse(const PlateSettings& plate, const std::string& why) {
  throw std::invalid_argument("plate '" + plate.name + "': " + why);
}

/// What each of the eight signals shows of a load at the middle of four equal sensors under a stiff top: the forces
/// F/4 + w x r_k, where the turn w makes up the moment, added up in the pairs of the signals.
std::array<Wrench6, 8> piezo_signals(double a, double b) {
  const double at[4][2] = {{a, b}, {-a, b}, {-a, -b}, {a, -b}};
  std::array<Wrench6, 8> signals{};
  for (std::size_t j = 0; j < 6; ++j) {
    Wrench6 load{};
    load[j] = 1;
    const Vec3 w{load[3] / (4 * b * b), load[4] / (4 * a * a), load[5] / (4 * (a * a + b * b))};
    Vec3 f[4];
    for (std::size_t k = 0; k < 4; ++k)
      f[k] = {load[0] / 4 - w[2] * at[k][1], load[1] / 4 + w[2] * at[k][0],
              load[2] / 4 + w[0] * at[k][1] - w[1] * at[k][0]};
    signals[0][j] = f[0][0] + f[1][0];
    signals[1][j] = f[2][0] + f[3][0];
    signals[2][j] = f[0][1] + f[3][1];
    signals[3][j] = f[1][1] + f[2][1];
    for (std::size_t k = 0; k < 4; ++k) signals[4 + k][j] = f[k][2];
  }
  return signals;
}

bool positive(double v) { return std::isfinite(v) && v > 0; }

}  // namespace

PlateModel::PlateModel(const PlateSettings& plate) : sense_(plate.calibration.sense) {
  const PlateCalibration& cal = plate.calibration;
  try {
    pose_ = pose_from_corners(plate.corners_m);
  } catch (const std::invalid_argument& e) { refuse(plate, e.what()); }
  if (!pose_.acceptable())
    refuse(plate, "corners " + std::to_string(1e3 * pose_.off_plane_m) +
                      " mm off their plane, opposite edges differ by " + std::to_string(1e3 * pose_.edge_misfit_m) +
                      " mm; at most 2 and 3 mm are allowed");
  if (std::abs(pose_.rotation[2][2]) < 0.5) refuse(plate, "its surface is not horizontal");

  const double up = z_up() ? 1 : -1;
  if (up * cal.origin_m[2] < 0)
    refuse(plate, "origin_m z must be " + std::string(z_up() ? "positive: this plate's z axis points up"
                                                             : "negative: this plate's z axis points down"));
  origin_ = own_origin_ = cal.origin_m;
  origin_[2] += up * plate.pad_m;

  try {
    set_channels(cal);
    correction_ = PlateCorrection(cal.recalibration, half_size(plate.corners_m));
  } catch (const std::invalid_argument& e) { refuse(plate, e.what()); }
  for (std::size_t i = 0; i < 6; ++i) noise_[i] = i < 3 ? cal.noise_force_n : cal.noise_moment_nm;
  for (std::size_t j = 0; j < 6; ++j) {
    Wrench6 unit{};
    unit[j] = 1;
    const Wrench6 surface = correction_.changes()
                                ? shift(product(cal.recalibration.uniform, shift(unit, own_origin_)), pad())
                                : shift(unit, origin_);
    const Wrench6 column = to_lab(surface, pose_.rotation, pose_.center, sense_);
    for (std::size_t i = 0; i < 6; ++i) sensor_to_lab_[i][j] = column[i];
  }
}

Wrench6 PlateModel::lab_by_place(const Wrench6& sensor_wrench) const noexcept {
  return to_lab(shift(correction_.apply(shift(sensor_wrench, own_origin_)), pad()), pose_.rotation, pose_.center,
                sense_);
}

void PlateModel::set_channels(const PlateCalibration& cal) {
  channels_ = cal.channels();
  if (channels_ < 6 || channels_ > kMaxPlateChannels)
    throw std::invalid_argument("has " + std::to_string(channels_) + " channels, must be 6 to " +
                                std::to_string(kMaxPlateChannels));
  if (cal.kind == PlateKind::strain) {
    if (!positive(cal.excitation_v)) throw std::invalid_argument("excitation_v must be above 0");
    if (cal.gain.size() != channels_) throw std::invalid_argument("gain must have a number for each channel");
    std::vector<Wrench6> c;
    try {
      c = left_inverse(cal.sensitivity);
    } catch (const std::invalid_argument& e) { throw std::invalid_argument(std::string("sensitivity: ") + e.what()); }
    for (std::size_t i = 0; i < channels_; ++i) {
      if (!positive(std::abs(cal.gain[i]))) throw std::invalid_argument("gain must not be 0");
      const double volts_per_uv_v = cal.gain[i] * cal.excitation_v * 1e-6;
      for (std::size_t j = 0; j < 6; ++j) {
        volts_per_load_[i][j] = cal.sensitivity[i][j] * volts_per_uv_v;
        load_per_v_[i][j] = c[i][j] / volts_per_uv_v;
      }
    }
  } else if (cal.kind == PlateKind::matrix) {
    std::vector<Wrench6> v;
    try {
      v = left_inverse(cal.load_per_v);  // of the transpose: the right inverse of the 6 x n matrix, by channel
    } catch (const std::invalid_argument& e) { throw std::invalid_argument(std::string("matrix: ") + e.what()); }
    for (std::size_t i = 0; i < channels_; ++i) load_per_v_[i] = cal.load_per_v[i], volts_per_load_[i] = v[i];
  } else {
    if (!positive(cal.sensor_a_m) || !positive(cal.sensor_b_m))
      throw std::invalid_argument("sensor_a_m and sensor_b_m must be above 0");
    const Mat6x8 k = kistler_matrix(cal.sensor_a_m, cal.sensor_b_m);
    const auto shown = piezo_signals(cal.sensor_a_m, cal.sensor_b_m);
    unsigned seen = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t signal = cal.signals[i];
      if (signal < 8) seen |= 1u << signal;
      if (signal >= 8 || !positive(std::abs(cal.newton_per_v[i])))
        throw std::invalid_argument("a piezo channel has no signal or no scale");
      for (std::size_t j = 0; j < 6; ++j) {
        load_per_v_[i][j] = k[j][signal] * cal.newton_per_v[i];
        volts_per_load_[i][j] = shown[signal][j] / cal.newton_per_v[i];
      }
    }
    if (seen != 0xff) throw std::invalid_argument("two piezo channels carry the same signal");
  }
}

Mat6 PlateModel::factory_covariance() const noexcept {
  Mat6 c{};
  for (std::size_t i = 0; i < 6; ++i) c[i][i] = noise_[i] * noise_[i];
  return c;
}

std::string wrench_formula(const PlateCalibration& c) {
  const std::string channels = c.kind == PlateKind::piezo
                                   ? std::string("wrench-piezo-8")
                                   : std::string("wrench-") + to_string(c.kind) + "-6x" + std::to_string(c.channels());
  return c.recalibration.changes() ? channels + ", wrench-recalibrated" : channels;
}

std::string wrench_parameters(const PlateCalibration& c) {
  std::string out;
  if (c.kind == PlateKind::piezo)
    out = "sensors at +-" + quantity(c.sensor_a_m, "m") + ", +-" + quantity(c.sensor_b_m, "m") + "; ";
  out += "tare subtracted";
  if (c.drift_rezero) out += "; the zero follows its drift while nobody is on the plate (tau 2 s)";
  if (c.recalibration.changes()) out += "; " + recalibration_text(c.recalibration);
  return out;
}

}  // namespace grfd
