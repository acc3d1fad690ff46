// Angles and rates of the ankle and of single segments. All rad and rad/s.
// Inputs in SEGMENT axes (x right, y anterior, z up in neutral stance): u = up direction (unit), w = angular rate
// without bias. Angles are zero in the standing pose in which the segment frames were defined. Positive: dorsiflexion,
// forward lean, heel up, eversion, internal rotation of the tibia.
#pragma once
#include <cstdint>
#include <type_traits>

#include "dsp/quaternion.hpp"
#include "dsp/unknown.hpp"
#include "schemas/settings.hpp"

namespace grfd {

constexpr double side_sign(Side side) { return side == Side::right ? 1.0 : -1.0; }

/// u = frame (q* z q).
/// @param sensor_to_earth orientation of the sensor, @param frame rows of segment <- sensor.
inline Vec3 segment_up(const Quat& sensor_to_earth, const Mat3& frame) noexcept {
  return rot::matvec(frame, rot::matrix(sensor_to_earth)[2]);
}

/// -pi..pi, + = top forward (shank) or heel up (foot).
double sagittal_inclination(const Vec3& u) noexcept;
/// + = top leans to the subject's left.
double frontal_inclination(const Vec3& u) noexcept;
/// Total tilt from vertical, 0..pi.
double total_tilt(const Vec3& u) noexcept;
/// The up direction that has these two inclinations: what sagittal_inclination and frontal_inclination came from.
inline Vec3 up_direction(double sagittal_rad, double frontal_rad) noexcept {
  return {std::sin(frontal_rad), -std::cos(frontal_rad) * std::sin(sagittal_rad),
          std::cos(frontal_rad) * std::cos(sagittal_rad)};
}

/// Turning of the medio-lateral axis in the horizontal plane, + = to the left. NaN when that axis is vertical.
inline double heading_rate(const Vec3& w, const Vec3& u) noexcept {
  const double across = u[1] * u[1] + u[2] * u[2];
  return across < 1e-6 ? kNaN : (w[1] * u[1] + w[2] * u[2]) / across;
}
/// Exact derivative of sagittal_inclination, with the heading_rate of the same w and u.
inline double inclination_rate(const Vec3& w, const Vec3& u, double heading_rate_rad_s) noexcept {
  return -w[0] + u[0] * heading_rate_rad_s;
}
/// Exact derivative of frontal_inclination. NaN when the medio-lateral axis is vertical.
inline double frontal_rate(const Vec3& w, const Vec3& u) noexcept {
  const double across = u[1] * u[1] + u[2] * u[2];
  return across < 1e-6 ? kNaN : (w[2] * u[1] - w[1] * u[2]) / std::sqrt(across);
}
/// The angular rate in segment axes that turns the two inclinations and the heading at these rates.
inline Vec3 angular_rate(double sagittal_rad, double frontal_rad, double sagittal_rad_s, double frontal_rad_s,
                         double heading_rad_s) noexcept {
  const Vec3 u = up_direction(sagittal_rad, frontal_rad);
  return {heading_rad_s * u[0] - sagittal_rad_s, heading_rad_s * u[1] - frontal_rad_s * std::cos(sagittal_rad),
          heading_rad_s * u[2] - frontal_rad_s * std::sin(sagittal_rad)};
}
/// inclination_rate: its first term alone, for as long as u is not known.
inline double inclination_rate_scalar(const Vec3& w) noexcept { return -w[0]; }

/// Joint coordinate system (Grood & Suntay; e1 = shank x, floating, e3 = foot z). Needs a common heading.
struct JcsAngles {
  double dorsiflexion = 0, eversion = 0, tibial_internal_rotation = 0;
};
/// @param shank, foot segment -> earth.
JcsAngles jcs_angles(const Mat3& shank, const Mat3& foot, Side side) noexcept;
/// Exact derivative of JcsAngles::dorsiflexion.
double jcs_dorsiflexion_rate(const Mat3& shank, const Mat3& foot, const Vec3& w_shank, const Vec3& w_foot) noexcept;

/// Rate of internal rotation of the tibia on the foot, from the turns about the two long axes.
double tibial_rotation_rate(double w_shank_z, double w_foot_z, Side side) noexcept;

}  // namespace grfd
