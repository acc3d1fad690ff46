#include "dsp/cop_polynomial.hpp"

#include <algorithm>

namespace grfd {

std::array<double, 2> cop_correction_mm(const CopPolynomial& polynomial, double x, double y) noexcept {
  const auto one = [](const std::array<double, 6>& c, double u, double v) {
    const double v2 = v * v, v4 = v2 * v2;
    return (c[0] * v4 + c[1] * v2 + c[2]) * u * u * u + (c[3] * v4 + c[4] * v2 + c[5]) * u;
  };
  return {one(polynomial.x, x, y), one(polynomial.y, y, x)};
}

std::optional<CopCorrection> CopCorrection::of(const PlateSettings& plate) {
  if (!plate.calibration.cop_polynomial.on()) return {};
  CopCorrection c;
  c.polynomial_ = plate.calibration.cop_polynomial;
  c.pose_ = pose_from_corners(plate.corners_m);
  c.half_mm_ = half_size(plate.corners_m);
  for (double& half : c.half_mm_) half *= 1e3;
  return c;
}

Wrench6 CopCorrection::apply(const Wrench6& lab) const noexcept {
  const Mat3& r = pose_.rotation;
  const Vec3& o = pose_.center;
  const PressurePoint p = center_of_pressure(lab, o[2]);
  const double ml = p.x - o[0], ap = p.y - o[1];
  const double x = std::clamp(1e3 * (r[0][0] * ml + r[1][0] * ap), -half_mm_[0], half_mm_[0]),
               y = std::clamp(1e3 * (r[0][1] * ml + r[1][1] * ap), -half_mm_[1], half_mm_[1]);
  const auto [dx, dy] = cop_correction_mm(polynomial_, x, y);
  const double to_ml = p.x - 1e-3 * (r[0][0] * dx + r[0][1] * dy), to_ap = p.y - 1e-3 * (r[1][0] * dx + r[1][1] * dy);
  Wrench6 out = lab;
  out[3] = to_ap * lab[2] - o[2] * lab[1];
  out[4] = o[2] * lab[0] - to_ml * lab[2];
  return out;
}

}  // namespace grfd
