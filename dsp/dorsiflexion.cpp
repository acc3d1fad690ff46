#include "dsp/dorsiflexion.hpp"

#include <algorithm>

namespace grfd {
namespace {
using namespace rot;
/// std::clamp keeps NaN
double arcsine(double x) { return std::asin(std::clamp(x, -1.0, 1.0)); }
}  // namespace

double sagittal_inclination(const Vec3& u) noexcept { return std::atan2(-u[1], u[2]); }
double frontal_inclination(const Vec3& u) noexcept { return arcsine(u[0]); }
double total_tilt(const Vec3& u) noexcept { return std::atan2(std::hypot(u[0], u[1]), u[2]); }

JcsAngles jcs_angles(const Mat3& shank, const Mat3& foot, Side side) noexcept {
  const Mat3 r = mul(transpose(shank), foot);  // Rx(a) Ry(b) Rz(c)
  const double s = side_sign(side);
  return {std::atan2(-r[1][2], r[2][2]), -s * arcsine(r[0][2]), -s * std::atan2(-r[0][1], r[0][0])};
}
double jcs_dorsiflexion_rate(const Mat3& shank, const Mat3& foot, const Vec3& w_shank, const Vec3& w_foot) noexcept {
  const Mat3 r = mul(transpose(shank), foot);
  const Vec3 w = sub(matvec(r, w_foot), w_shank);  // of the foot in the shank, shank axes
  const Vec3 e1{1, 0, 0}, e3{r[0][2], r[1][2], r[2][2]};
  const Vec3 n = cross(cross(e3, e1), e3);  // across the floating axis and e3
  return dot(w, n) / dot(e1, n);
}

double tibial_rotation_rate(double w_shank_z, double w_foot_z, Side side) noexcept {
  return side_sign(side) * (w_shank_z - w_foot_z);
}

}  // namespace grfd
